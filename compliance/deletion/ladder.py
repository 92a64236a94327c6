"""The clocks of deletion requests: who is warned when, and what happens by itself."""

from datetime import UTC, datetime, timedelta

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import ask_identity, reject
from compliance.deletion.services.ending import NOT_VERIFIED
from compliance.deletion.services.letters import spoken
from compliance.deletion.services.steps import hold_request, note_step
from compliance.deletion.services.verifying import DECISION, IDENTITY
from compliance.deletion.states import Status
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs.models import OutgoingMail

DAY = timedelta(days=1)
DELETION = Duty(
    "deletion",
    "Deletion within 30 days",
    lasts=30 * DAY,
    warns=(10 * DAY, 5 * DAY, 2 * DAY, DAY),
    acts=DAY,
)


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """To every officer, so that one on holiday is none too few."""
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    days = max(round(deadline.left(now) / DAY), 1)
    left = "1 day" if days == 1 else f"{days} days"
    return tell_officers(
        subject=f"{left} left: {deadline.label}",
        text=(
            f"{clocks.DUTIES[deadline.duty].duty.label}: {deadline.label}.\n"
            f"It is {request.get_status_display().lower()}, and due on "
            f"{spoken(deadline.due_at, UTC)}.\n\n"
            "Look at it at the desk, under Deletion requests."
        ),
        now=now,
    )


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """To every officer: a promise is broken from this moment on."""
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    note_step(request, "overdue", actor=None, now=now, duty=deadline.duty)
    return tell_officers(
        subject=f"OVERDUE: {deadline.label}",
        text=(
            f"{clocks.DUTIES[deadline.duty].duty.label}: {deadline.label} was due on "
            f"{spoken(deadline.due_at, UTC)} and isn't "
            f"done. It is {request.get_status_display().lower()}.\n\n"
            "Act now, at the desk under Deletion requests."
        ),
        now=now,
    )


def _hold(deadline: Deadline) -> None:
    hold_request(DeletionRequest.objects.get(pk=deadline.subject_id))


def _act(deadline: Deadline, now: datetime) -> None:
    """On day 29 whatever is scheduled begins; nobody has to be there for it.

    A letter whose writer couldn't be verified is answered: nobody's data is deleted on
    an unproven word. What a marketplace demands of a whole seller stays open, and red,
    until a second officer confirms it.
    """
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    if request.status == Status.SCHEDULED:
        ours = DeletionRequest.objects.filter(pk=request.pk, starts_at__gt=now)
        ours.update(starts_at=now)
    waits = request.status in (Status.RECEIVED, Status.VERIFIED)
    if waits and request.source != DeletionRequest.Source.MARKETPLACE:
        reject(actor=None, request=request, reason=NOT_VERIFIED, now=now)


def _ask(deadline: Deadline, now: datetime) -> None:
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    if request.status == Status.RECEIVED:
        ask_identity(actor=None, request=request, now=now)


clocks.duty(DELETION, on_warning=_warn, on_overdue=_escalate, act=_act, hold=_hold)
clocks.duty(IDENTITY, on_warning=_warn, on_overdue=_escalate, act=_ask, hold=_hold)
clocks.duty(DECISION, on_warning=_warn, on_overdue=_escalate, hold=_hold)
