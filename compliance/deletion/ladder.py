"""The clocks of deletion requests: who is warned when, and what happens by itself."""

from datetime import UTC, datetime, timedelta

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import ask_identity
from compliance.deletion.services.letters import spoken, warn_owners
from compliance.deletion.services.steps import hold_request, note_step
from compliance.deletion.services.verifying import (
    DECISION,
    IDENTITY,
    begins_alone_at,
)
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
    """To every officer, so that one on holiday is none too few; and to the owners,
    while nobody but them may stop it."""
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    days = max(round(deadline.left(now) / DAY), 1)
    left = "1 day" if days == 1 else f"{days} days"
    owners = warn_owners(request, now=now) if deadline.duty == DELETION.name else []
    return owners + tell_officers(
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
    """On day 29 whatever is scheduled or verified begins; nobody has to be there.

    Its date may have come nearer since it was verified, by an older request about the
    same data. What an owner objected to has no instant any more, and gets none.
    """
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    begins = {Status.SCHEDULED: now, Status.VERIFIED: begins_alone_at(request)}
    if at := begins.get(Status(request.status)):
        ours = DeletionRequest.objects.filter(pk=request.pk, starts_at__gt=at)
        ours.update(starts_at=at)


def _ask(deadline: Deadline, now: datetime) -> None:
    request = DeletionRequest.objects.get(pk=deadline.subject_id)
    if request.status == Status.RECEIVED:
        ask_identity(actor=None, request=request, now=now)


clocks.duty(DELETION, on_warning=_warn, on_overdue=_escalate, act=_act, hold=_hold)
clocks.duty(IDENTITY, on_warning=_warn, on_overdue=_escalate, act=_ask, hold=_hold)
clocks.duty(DECISION, on_warning=_warn, on_overdue=_escalate, hold=_hold)
