"""The clock of each review in the registers: late, it becomes a task (GOV-1)."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.governance.registers.models import Risk, Supplier
from compliance.tasks import Task, open_task
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.crypto.services import INSTALLATION
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

DUTY = "register"
SIGN_OFF = uuid5(INSTALLATION, "sign-off of the risk register")  # its clock's subject
_TASK_KEY = "review"
_TASK_LASTS = timedelta(days=7)
_WARNS = (timedelta(days=14), timedelta(days=3))


def set_review(subject: UUID, label: str, due_at: datetime, now: datetime) -> None:
    """It was looked at; the next time is due then."""
    clocks.met(DUTY, subject, now=now)
    clocks.start(DUTY, subject, label=label[:200], now=now, due_at=due_at)


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """To its owner; to every officer if there is none, or the owner has left."""
    subject = f"Due on {deadline.due_at:%Y-%m-%d}: {deadline.label}"
    text = f"{deadline.label}\n\nReview it at the desk, under Risks or Suppliers."
    owner = _owner(deadline.subject_id)
    if owner is None:
        return tell_officers(subject=subject, text=text, now=now)
    return [
        outbox.post(to=owner.email, owner=owner.pk, subject=subject, text=text, now=now)
    ]


def _owner(subject: UUID) -> User | None:
    row = (
        Risk.objects.filter(pk=subject).first()
        or Supplier.objects.filter(pk=subject).first()
    )
    if row is None:
        return None
    there = User.objects.filter(pk=row.owner_id, is_active=True)
    return there.exclude(staff_role="").first()


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    open_task(
        actor=None,
        source=Task.Source.RISK,
        subject_id=deadline.subject_id,
        key=_TASK_KEY,
        title=f"Overdue: {deadline.label}"[:200],
        due_at=now + _TASK_LASTS,
        owner=_owner(deadline.subject_id),
        now=now,
    )
    return tell_officers(
        subject=f"OVERDUE: {deadline.label}",
        text=(
            f"{deadline.label}\n\nIt was due on {deadline.due_at:%Y-%m-%d %H:%M} UTC. "
            "It is a task at the desk now."
        ),
        now=now,
    )


clocks.duty(
    Duty(DUTY, "Review of a risk or a supplier", lasts=None, warns=_WARNS),
    on_warning=_warn,
    on_overdue=_escalate,
)
