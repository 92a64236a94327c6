"""Reads the audit log from where it was left, and opens a draft for what is odd.

One draft for each cause and day: further hits go onto its timeline. Officers are told
at once; who may be the cause is barred from the case, where another officer is there.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance.incidents.detection.hits import Hit
from compliance.incidents.detection.models import Detection
from compliance.incidents.detection.reading import (
    News,
    add_reads,
    forget_others,
    leave_behind,
    left_behind,
    next_missed,
    next_news,
)
from compliance.incidents.detection.rules import RULES, Rule
from compliance.incidents.models import Incident
from compliance.incidents.services import note_fact, open_incident, renew_duties, tell
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.accounts.services.officers import tell_officers

logger = logging.getLogger(__name__)

_MOST = 25  # pieces in one run; the next goes on


def read_log(now: datetime) -> int:
    """Everything new, for the timetable; how many drafts were opened.

    A rule that fails doesn't stop the others: it is left behind, tries the same piece
    again at the next reading, and is raised at the end.
    """
    opened, failures = 0, []
    forget_others(_names())
    behind = left_behind(_names())
    for rule in [one for one in RULES if one.name in behind]:
        try:
            opened += _catch_up(rule, now)
        except Exception as error:
            failures.append(_failed(rule, error))
    for _ in range(_MOST):
        with transaction.atomic():
            news = next_news(now)
            if news is None:
                break
            add_reads(news.entries)
            behind = left_behind(_names())
            for rule in [one for one in RULES if one.name not in behind]:
                try:
                    opened += _apply(rule, news, now)
                except Exception as error:
                    failures.append(_failed(rule, error))
                    leave_behind(rule.name, news, now)
                    _tell_that_it_fails(rule, error, now)
    if failures:
        raise ExceptionGroup("Rules of detection failed", failures)
    return opened


def _names() -> list[str]:
    return [rule.name for rule in RULES]


def _catch_up(rule: Rule, now: datetime) -> int:
    """What the rule missed; a piece that fails again stays where it is."""
    opened = 0
    for _ in range(_MOST):
        with transaction.atomic():
            news = next_missed(rule.name, now)
            if news is None:
                break
            opened += _apply(rule, news, now)
    return opened


def _failed(rule: Rule, error: Exception) -> Exception:
    logger.critical("The rule %s failed: %s.", rule.name, type(error).__name__)
    return error


def _tell_that_it_fails(rule: Rule, error: Exception, now: datetime) -> None:
    """Once; from then on `/healthz`, the desk and the log say it."""
    tell_officers(
        subject=f"A rule of detection fails: {rule.name}",
        text=(
            f"The rule “{rule.title}” ended in {type(error).__name__} while it read "
            "the audit log. It tries the same entries again each minute and misses "
            "none, but until it is mended it sees nothing.\n\n"
            "Tell whoever runs the installation. Till then look at the audit log "
            "yourselves for what the rule is for."
        ),
        now=now,
    )


def trouble(now: datetime) -> str:
    """Rules that see nothing at present, for the desk and `/healthz`."""
    behind = left_behind(_names())
    told = [f"{rule} ({count} entries)" for rule, count in behind.items()]
    return f"Rules that fail and are behind: {', '.join(sorted(told))}." if told else ""


@transaction.atomic
def _apply(rule: Rule, news: News, now: datetime) -> int:
    by_cause: dict[str, list[Hit]] = {}
    for hit in rule.find(news, now):
        by_cause.setdefault(hit.cause, []).append(hit)
    return sum(_note(rule, hits, now) for hits in by_cause.values())


def _note(rule: Rule, hits: list[Hit], now: datetime) -> bool:
    """Put hits of one cause where they belong; whether that opened a draft."""
    day = hits[-1].at.date()
    found = (
        Detection.objects.filter(rule=rule.name, cause=hits[0].cause, day=day)
        .select_related("incident__merged_into")
        .first()
    )
    incident = _still_right(rule, found)
    if found and incident:
        found.hits, found.last_at = found.hits + len(hits), hits[-1].at
        found.save(update_fields=["hits", "last_at"])
        _tell_timeline(incident, rule, hits, now)
        return False
    incident = _open(rule, hits, now)
    Detection.objects.update_or_create(
        rule=rule.name,
        cause=hits[0].cause,
        day=day,
        defaults={
            "incident": incident,
            "first_at": hits[0].at,
            "last_at": hits[-1].at,
            "hits": len(hits) + (found.hits if found else 0),
        },
    )
    return True


def _still_right(rule: Rule, found: Detection | None) -> Incident | None:
    """The case to which a further hit belongs, unless it takes a new one."""
    if found is None:
        return None
    case = found.incident.merged_into or found.incident
    if case.is_open:
        return case
    dismissed = case.status == Incident.Status.DISMISSED
    return case if dismissed and rule.quiet_once_dismissed else None


def _open(rule: Rule, hits: list[Hit], now: datetime) -> Incident:
    marketplaces: set[str] = set().union(*(hit.marketplaces for hit in hits))
    amazon = Incident.Involved.YES if "amazon" in marketplaces else None
    incident = open_incident(
        actor=None,
        title=rule.title,
        detected_by=Incident.Detected.RULE,
        detected_at=min(*(hit.at for hit in hits), now),
        now=now,
        what=f"{rule.means}\n\nA false alarm? {rule.wrong_when}",
        kind=rule.kind,
        severity=rule.severity,
        rule=rule.name,
        data_kinds=rule.data_kinds,
        marketplaces=marketplaces,
        amazon=amazon or Incident.Involved.UNKNOWN,
    )
    _bar_accused(incident, (hit.person_id for hit in hits), now)
    _tell_timeline(incident, rule, hits, now)
    renew_duties(incident, now=now)
    tell(
        incident,
        subject=f"{incident.reference}: {rule.title}",
        text=(
            f"{rule.means}\n\n{rule.wrong_when}\n\n"
            "The clock runs since it was detected. Look at it at the desk, under "
            "Incidents, and decide whether it is an incident."
        ),
        now=now,
    )
    return incident


def _bar_accused(
    incident: Incident, people: Iterable[UUID | None], now: datetime
) -> None:
    """One of ours who may be the cause doesn't see the case, if anybody else can."""
    ids = {person for person in people if person}
    ours = User.objects.filter(pk__in=ids).exclude(staff_role="")
    barred = sorted(ours.values_list("pk", flat=True))
    if not barred or not officers().exclude(pk__in=barred).exists():
        return
    incident.barred = [str(person) for person in barred]
    incident.save(update_fields=["barred"])
    people_barred = {"people": incident.barred}
    note_fact(incident, "barred", actor=None, now=now, **people_barred)


def _tell_timeline(
    incident: Incident, rule: Rule, hits: list[Hit], now: datetime
) -> None:
    """One line for all hits of a reading, with links to the newest entries."""
    last = hits[-1]
    entries = [number for hit in hits for number in hit.entries][-20:]
    facts = {**last.facts, "cause": last.cause}
    note_fact(
        incident,
        "rule fired",
        actor=None,
        now=now,
        at=min(last.at, now),
        rule=rule.name,
        hits=len(hits),
        entries=entries,
        facts=facts,
    )
