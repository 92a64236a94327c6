"""Whether incidents are handled, and told of in time (INC-1, INC-2, INC-3).

A drill is no incident, so one that runs late breaks no promise and is a remark.
"""

from datetime import datetime, timedelta

from django.conf import settings

from compliance import clocks
from compliance.clocks import DUTIES, Deadline
from compliance.incidents.casework import Notice, NoticeDuty
from compliance.incidents.drafts import fingerprint
from compliance.incidents.models import Incident
from compliance.incidents.services.selfsending import is_armed
from compliance.tasks import Task
from plugseller.crypto.sealing import Unopenable
from plugseller.shelves import Finding, Verdict

_DAY = timedelta(days=1)
_AT_ONCE = 500  # notices
_DRILL_LATE = "A drill ran late; nothing of it is about anybody's data."


def handled(now: datetime) -> Finding:
    """Every open incident was looked at within a day, and has somebody who leads."""
    still = Incident.objects.exclude(status__in=Incident.ENDED)
    real, drills = still.filter(is_drill=False), still.filter(is_drill=True)
    old = real.filter(detected_at__lte=now - _DAY)
    untriaged = old.filter(triaged_at=None).count()
    leaderless = old.filter(lead_id=None).count()
    late = Task.objects.filter(
        source=Task.Source.INCIDENT, done_at=None, left_open_by=None, due_at__lte=now
    ).count()
    drills_late = drills.filter(detected_at__lte=now - _DAY, triaged_at=None).count()
    figures = {
        "open": real.count(),
        "drills under way": drills.count(),
        "not looked at within 24 hours": untriaged,
        "without a lead after 24 hours": leaderless,
        "remediation overdue": late,
        "drills not looked at within 24 hours": drills_late,
        "rehearsed in the last year": Incident.objects.filter(
            is_drill=True, detected_at__gte=now - 365 * _DAY
        ).count(),
    }
    if untriaged or leaderless or late:
        sentence = "An incident isn't being handled as the plan says."
        return Finding(Verdict.FAIL, sentence, figures)
    if drills_late:
        return Finding(Verdict.WARN, _DRILL_LATE, figures)
    return Finding(
        Verdict.PASS, "Every incident is handled by somebody, in time.", figures
    )


def notices(now: datetime) -> Finding:
    """Clocks of notices: none ran out before the notice left. And what left is kept
    as it was, by its hash."""
    found = _clocks(
        [name for name in DUTIES if "notice" in name],
        now,
        kept="Every notice that is due left in time.",
        missed="A notice to somebody affected is overdue.",
    )
    left = Notice.objects.exclude(sent_at=None).iterator(_AT_ONCE)
    sent = [_is_as_it_was_sent(one) for one in left]
    figures = {
        **found.evidence,
        "sent": len(sent),
        "not as they were sent": sent.count(False),
    }
    if found.verdict != Verdict.FAIL and not all(sent):
        sentence = "The text of a notice that was sent isn't the one that left."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(found.verdict, found.sentence, figures)


def _is_as_it_was_sent(notice: Notice) -> bool:
    try:
        content = notice.content.reveal()
    except Unopenable:
        return False
    return fingerprint(content["subject"], content["text"]) == notice.sha256


def amazon(now: datetime) -> Finding:
    """The clock of 24 hours: it is there, acts by itself, may do so, and never ran
    out."""
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
    if found.verdict == Verdict.FAIL:
        return Finding(found.verdict, found.sentence, figures)
    if not alone:
        sentence = "The notice to Amazon waits for somebody to send it."
        return Finding(Verdict.FAIL, sentence, figures)
    if settings.PRODUCTION and not armed:
        sentence = (
            "The notice to Amazon doesn't go out by itself yet: a second officer has "
            "to arm that (Incidents, Notices that send themselves)."
        )
        return Finding(Verdict.WARN, sentence, figures)
    return Finding(found.verdict, found.sentence, figures)


def _clocks(names: list[str], now: datetime, *, kept: str, missed: str) -> Finding:
    """Those that ran out and weren't met; one that was met late is history."""
    out = Deadline.objects.filter(duty__in=names, ended_at=None, due_at__lte=now)
    of_drills = NoticeDuty.objects.filter(incident__is_drill=True).values("pk")
    late = out.exclude(subject_id__in=of_drills).count()
    drills_late = out.filter(subject_id__in=of_drills).count()
    figures = {
        "kinds of clocks": len(names),
        "running": clocks.running().filter(duty__in=names).count(),
        "missed": late,
        "missed in drills": drills_late,
    }
    if not names:
        sentence = "There is no clock for this notice."
        return Finding(Verdict.FAIL, sentence, figures)
    if late:
        return Finding(Verdict.FAIL, missed, figures)
    if drills_late:
        return Finding(Verdict.WARN, _DRILL_LATE, figures)
    return Finding(Verdict.PASS, kept, figures)
