"""Looks whether what this floor promises holds: retention, requests, incidents, us."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import resolve, reverse

from compliance import clocks
from compliance.clocks import DUTIES, Deadline
from compliance.credentials.rows import inventory
from compliance.governance import controls as governance
from compliance.governance.reviews import controls as reviews
from compliance.incidents.services import is_armed
from compliance.models import Certificate, DeletionRequest, Incident, Purge
from compliance.retention.services import nothing_overdue
from compliance.tasks import Task
from plugseller.jobs.timetable import beats
from plugseller.shelves import Finding, Standing, Verdict, control

_DAY = timedelta(days=1)
_SLACK = 2 * _DAY  # a purge each day, and one that may have been missed


def credentials(now: datetime) -> Finding:
    """No credential is used longer than it may be."""
    items = inventory(now)
    overdue = [one for one in items if one.standing == Standing.OVERDUE]
    trouble = sum(one.standing == Standing.TROUBLE for one in items)
    soon = sum(one.standing == Standing.SOON for one in items)
    return Finding(
        Verdict.FAIL if overdue else Verdict.PASS,
        "A credential should have been replaced by now."
        if overdue
        else "No credential is older than it may be.",
        {
            "credentials": len(items),
            "overdue": len(overdue),
            "due soon": soon,
            "don't work": trouble,
        },
    )


def retention(now: datetime) -> Finding:
    """Nothing lies longer than its rule allows, and the purge runs."""
    left = nothing_overdue(now, slack=_SLACK)
    beat = beats()["retention.purge"]
    since = beat.ran_at or beat.known_at
    stopped = now - since > _SLACK
    figures: dict[str, int | float | bool | str] = {
        "overdue rows": sum(one.rows for one in left),
        "places with overdue rows": len(left),
        "last purge": beat.ran_at.isoformat() if beat.ran_at else "not yet",
        "removed in 30 days": _removed(now),
    }
    if left:
        sentence = "Something is kept longer than it is needed."
        return Finding(Verdict.FAIL, sentence, figures)
    if stopped:
        sentence = "What is kept long enough hasn't been looked for lately."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(
        Verdict.PASS, "Nothing is kept longer than its rule allows.", figures
    )


def _removed(now: datetime) -> int:
    rows = Purge.objects.filter(began_at__gte=now - 30 * _DAY)
    return sum(rows.values_list("rows", flat=True))


def requests(now: datetime) -> Finding:
    """No deletion is late, and none ended without its certificate."""
    still = DeletionRequest.objects.exclude(status__in=DeletionRequest.CLOSED)
    overdue = still.filter(due_at__lte=now).count()
    done = DeletionRequest.objects.filter(status=DeletionRequest.Status.COMPLETED)
    certified = Certificate.objects.filter(request=OuterRef("pk"))
    bare = done.filter(~Exists(certified), joined_to=None).count()
    oldest = still.aggregate(at=Min("received_at"))["at"]
    figures: dict[str, int | float | bool | str] = {
        "open": still.count(),
        "overdue": overdue,
        "days the oldest has been open": (now - oldest).days if oldest else 0,
        "completed": done.count(),
        "without certificate": bare,
    }
    if overdue:
        sentence = "A deletion wasn't done within 30 days of its request."
        return Finding(Verdict.FAIL, sentence, figures)
    if bare:
        sentence = "A deletion ended without its certificate."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(Verdict.PASS, "Every deletion is within its 30 days.", figures)


def incidents(now: datetime) -> Finding:
    """Every open incident was looked at within a day, and has somebody who leads."""
    still = Incident.objects.exclude(status__in=Incident.ENDED)
    old = still.filter(detected_at__lte=now - _DAY)
    untriaged = old.filter(triaged_at=None).count()
    leaderless = old.filter(lead_id=None).count()
    late = Task.objects.filter(
        source=Task.Source.INCIDENT, done_at=None, left_open_by=None, due_at__lte=now
    ).count()
    figures = {
        "open": still.filter(is_drill=False).count(),
        "drills under way": still.filter(is_drill=True).count(),
        "not looked at within 24 hours": untriaged,
        "without a lead after 24 hours": leaderless,
        "remediation overdue": late,
        "rehearsed in the last year": Incident.objects.filter(
            is_drill=True, detected_at__gte=now - 365 * _DAY
        ).count(),
    }
    if untriaged or leaderless or late:
        sentence = "An incident isn't being handled as the plan says."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(
        Verdict.PASS, "Every incident is handled by somebody, in time.", figures
    )


def notices(now: datetime) -> Finding:
    """Clocks of notices: none ran out before the notice left."""
    return _clocks(
        [name for name in DUTIES if "notice" in name],
        now,
        kept="Every notice that is due left in time.",
        missed="A notice to somebody affected is overdue.",
    )


def amazon(now: datetime) -> Finding:
    """The clock of 24 hours: it is there, acts by itself, and never ran out."""
    names = [name for name in DUTIES if "notice" in name and "amazon" in name]
    found = _clocks(
        names,
        now,
        kept="Amazon was told of every incident that concerns it within 24 hours.",
        missed="Amazon wasn't told of an incident within 24 hours.",
    )
    alone = all(DUTIES[name].act is not None for name in names)
    armed = is_armed()
    figures = {**found.evidence, "goes out by itself": alone, "armed by two": armed}
    if found.verdict == Verdict.PASS and not alone:
        sentence = "The notice to Amazon waits for somebody to send it."
        return Finding(Verdict.FAIL, sentence, figures)
    if found.verdict == Verdict.PASS and settings.PRODUCTION and not armed:
        sentence = (
            "The notice to Amazon doesn't go out by itself yet: a second officer has "
            "to arm that, at the desk under Incidents, Arming."
        )
        return Finding(Verdict.WARN, sentence, figures)
    return Finding(found.verdict, found.sentence, figures)


def _clocks(names: list[str], now: datetime, *, kept: str, missed: str) -> Finding:
    known = Deadline.objects.filter(duty__in=names)
    late = _late(known, now)
    running = clocks.running().filter(duty__in=names).count()
    figures = {"kinds of clocks": len(names), "running": running, "missed": late}
    if not names:
        sentence = "There is no clock for this notice."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(
        Verdict.FAIL if late else Verdict.PASS, missed if late else kept, figures
    )


def _late(known: QuerySet[Deadline], now: datetime) -> int:
    """Clocks that ran out and weren't met; one that was met late is history."""
    return known.filter(ended_at=None, due_at__lte=now).count()


_PAGES = ("data_protection", "what_we_fetch", "data_deletion", "security")
_SOON = 30 * _DAY
_LONGEST = 366 * _DAY  # RFC 9116 advises less than a year


def contact(now: datetime) -> Finding:
    """Our address on every page of the policy, and in a security.txt that is good."""
    missing = [name for name in _PAGES if settings.CONTACT_ADDRESS not in _page(name)]
    fields = dict(
        line.split(": ", 1) for line in _page("security_txt").splitlines() if line
    )
    named = settings.CONTACT_ADDRESS in fields.get("Contact", "")
    left = _expiry(fields.get("Expires", "")) - now
    good = named and _SOON < left < _LONGEST
    figures = {
        "pages": len(_PAGES),
        "pages without the address": len(missing),
        "in security.txt": named,
        "days until security.txt expires": left.days,
    }
    broken = missing or not good
    return Finding(
        Verdict.FAIL if broken else Verdict.PASS,
        "A page of this policy doesn't say how to reach us."
        if broken
        else "Every page of this policy says how to reach us.",
        figures,
    )


def _page(name: str) -> str:
    """What somebody who isn't signed in gets there."""
    request = HttpRequest()
    request.method, request.path = "GET", reverse(name)
    request.user = AnonymousUser()
    view, args, kwargs = resolve(request.path)
    text: str = view(request, *args, **kwargs).content.decode()
    return text


def _expiry(told: str) -> datetime:
    try:
        return datetime.fromisoformat(told)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


control(
    "acc-3.credentials",
    promise="ACC-3",
    label="Credentials are replaced in time",
    look=credentials,
)
control(
    "ret-1.retention",
    promise="RET-1",
    label="Nothing is kept longer than its rule allows",
    look=retention,
)
control(
    "ret-2.requests",
    promise="RET-2",
    label="Deletions are done within 30 days, and certified",
    look=requests,
)
control(
    "inc-1.incidents",
    promise="INC-1",
    label="Incidents are handled as the plan says",
    look=incidents,
    every=timedelta(hours=12),
)
control(
    "inc-1.plan",
    promise="INC-1",
    label="There is an incident plan, reviewed within six months",
    look=governance.planned,
)
control(
    "inc-2.notices",
    promise="INC-2",
    label="Notices leave in time",
    look=notices,
    every=timedelta(hours=12),
)
control(
    "inc-3.clock",
    promise="INC-3",
    label="Amazon is told within 24 hours",
    look=amazon,
    every=timedelta(hours=12),
)
control(
    "gov-1.reviews",
    promise="GOV-1",
    label="Access, logs and controls are reviewed in time, and reviews stay as signed",
    look=reviews.reviews_done,
)
control(
    "gov-2.acknowledged",
    promise="GOV-2",
    label="Our staff get in only after acknowledging the policies in force",
    look=governance.acknowledged,
)
control(
    "gov-2.trained",
    promise="GOV-2",
    label="Our staff take the yearly training",
    look=governance.trained,
)
control(
    "con-1.contact",
    promise="CON-1",
    label="Every page says how to reach us",
    look=contact,
)
