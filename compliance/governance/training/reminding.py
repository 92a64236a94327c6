"""The clock of a training: 30 and 7 days before, to who is due; then to officers."""

from datetime import datetime, timedelta

from django.conf import settings

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.governance.training.services import DUTY, YEARLY
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

_WARNS = (timedelta(days=30), timedelta(days=7))


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    person = User.objects.filter(pk=deadline.subject_id, is_active=True).first()
    if person is None:
        return []
    mail = outbox.post(
        to=person.email,
        owner=person.pk,
        now=now,
        subject=f"Your training is due by {deadline.due_at:%Y-%m-%d}",
        text=(
            f"“{YEARLY.label}” is due once a year, yours by "
            f"{deadline.due_at:%Y-%m-%d %H:%M} UTC.\n\nTake it, and have an officer "
            "record it: nobody records their own.\n\n"
            f"Questions? Write to {settings.CONTACT_ADDRESS}.\n"
        ),
    )
    return [mail]


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    return _warn(deadline, now) + tell_officers(
        subject="OVERDUE: a training of one of our staff",
        text=(
            f"It was due on {deadline.due_at:%Y-%m-%d %H:%M} UTC. Whose it is stands "
            "at the desk, under Trainings."
        ),
        now=now,
    )


clocks.duty(
    Duty(DUTY, "Yearly training", lasts=None, warns=_WARNS),
    on_warning=_warn,
    on_overdue=_escalate,
)
