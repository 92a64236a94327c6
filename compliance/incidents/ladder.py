"""The clocks of notices: who is warned when, and what goes out by itself (INC-3)."""

from datetime import datetime, timedelta
from uuid import UUID

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.incidents.casework import NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.services import selfsending
from compliance.incidents.services.people import hold, tell
from compliance.incidents.services.sending import is_real
from compliance.incidents.services.timeline import note_fact
from compliance.tasks import Task, told_by
from plugseller.jobs.models import OutgoingMail

HOUR = timedelta(hours=1)
_Recipient = NoticeDuty.Recipient
_WARNS = {24 * HOUR: (12 * HOUR, 6 * HOUR, 3 * HOUR), 72 * HOUR: (48 * HOUR, 24 * HOUR)}


def _duty_of(deadline: Deadline) -> NoticeDuty:
    found = NoticeDuty.objects.select_related("incident")
    return found.get(pk=deadline.subject_id)


def _hold(deadline: Deadline) -> None:
    hold(_duty_of(deadline).incident)


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """To the lead and every officer."""
    duty = _duty_of(deadline)
    hours = max(round(deadline.left(now) / HOUR), 1)
    left = "1 hour" if hours == 1 else f"{hours} hours"
    sent = duty.notices.exclude(sent_at=None).exists()
    stands = "waits for a mail server" if sent else "wasn't sent yet"
    own = ""
    if not sent and duty.recipient == _Recipient.AMAZON:
        at = deadline.due_at - selfsending.BEFORE
        own = f"If nobody sends it, it goes out by itself at {at:%Y-%m-%d %H:%M} UTC"
        own += " with the facts on file.\n"
        if is_real(duty.incident) and not selfsending.is_armed():
            own = "It will NOT go out by itself: two officers haven't armed that.\n"
    return tell(
        duty.incident,
        subject=f"{left} left: {deadline.label}",
        text=(
            f"{deadline.label} is due {deadline.due_at:%Y-%m-%d %H:%M} UTC, and "
            f"{stands}. {duty.because}\n{own}\n"
            "Read, edit and send it at the desk, under Incidents."
        ),
        now=now,
    )


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """A promise is broken from this moment on."""
    duty = _duty_of(deadline)
    note_fact(duty.incident, "overdue", actor=None, now=now, recipient=duty.recipient)
    return tell(
        duty.incident,
        subject=f"OVERDUE: {deadline.label}",
        text=(
            f"{deadline.label} was due {deadline.due_at:%Y-%m-%d %H:%M} UTC, and no "
            "mail server has taken it.\n\n"
            "Act now, at the desk under Incidents: send it, or send it otherwise and "
            "record the proof."
        ),
        now=now,
    )


def _act(deadline: Deadline, now: datetime) -> None:
    """Hour 22. What can't go now is tried each minute (selfsending.watch)."""
    duty = _duty_of(deadline)
    if duty not in selfsending.owed_at(now):
        return
    if is_real(duty.incident) and not selfsending.is_armed():
        selfsending.cry_unarmed(duty, now=now)
        return
    selfsending.send_by_itself(duty.pk, now=now)


def _tell_of_task(
    subject_id: UUID, *, subject: str, text: str, now: datetime
) -> list[OutgoingMail] | None:
    """Who is barred from a case doesn't hear of its tasks either."""
    incident = Incident.objects.filter(pk=subject_id).first()
    if incident is None:
        return None
    return tell(incident, subject=subject, text=text, now=now)


told_by(Task.Source.INCIDENT, _tell_of_task)
for _recipient, _lasts in NoticeDuty.WITHIN.items():
    _is_amazon = _recipient == _Recipient.AMAZON
    clocks.duty(
        Duty(
            f"notice {_recipient}",
            f"Notice to {_recipient.label}",
            lasts=_lasts,
            warns=_WARNS[_lasts],
            acts=selfsending.BEFORE if _is_amazon else None,
        ),
        on_warning=_warn,
        on_overdue=_escalate,
        act=_act if _is_amazon else None,
        hold=_hold,
        trouble=selfsending.trouble_of,
    )
