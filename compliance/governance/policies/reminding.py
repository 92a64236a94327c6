"""The clock of an acknowledgement: our staff are asked at once, and again (GOV-2)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.governance.people import personnel
from compliance.governance.policies import services
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

_DAYS = 14
_WARNS = tuple(timedelta(days=days) for days in (_DAYS, 7, 1))


def keep(now: datetime) -> int:
    """Note new versions, and have a clock run for each who lacks one; how many lack.

    Who has left owes nothing any more.
    """
    services.register_versions(now)
    lack = {one.person.pk for one in services.standings() if one.missing}
    for deadline in clocks.running().filter(duty=services.DUTY):
        if deadline.subject_id not in lack:
            clocks.drop(services.DUTY, deadline.subject_id, now=now)
    for person_id in lack:
        clocks.start(
            services.DUTY, person_id, label="Policies to be acknowledged", now=now
        )
    return len(lack)


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    person = personnel().filter(pk=deadline.subject_id).first()
    missing = services.missing_of(deadline.subject_id)
    if person is None or not missing:
        return []
    return [_ask(person, [text.title for text in missing], deadline, now)]


def _ask(
    person: User, titles: list[str], deadline: Deadline, now: datetime
) -> OutgoingMail:
    page = f"{settings.PUBLIC_ADDRESS}{reverse('acknowledge_policies')}"
    return outbox.post(
        to=person.email,
        owner=person.pk,
        now=now,
        subject="Policies to read and acknowledge",
        text=(
            f"These policies are in force, and you haven't acknowledged them yet: "
            f"{', '.join(titles)}.\n\nUntil you do, nothing else of Plug Seller is "
            f"open to you. Please do it by {deadline.due_at:%Y-%m-%d %H:%M} UTC:\n"
            f"{page}\n\nQuestions? Write to {settings.CONTACT_ADDRESS}.\n"
        ),
    )


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """Nothing is open to them meanwhile; officers find out why it takes so long."""
    if not services.missing_of(deadline.subject_id):
        return []
    return _warn(deadline, now) + tell_officers(
        subject="OVERDUE: one of our staff hasn't acknowledged the policies",
        text=(
            f"It was due on {deadline.due_at:%Y-%m-%d %H:%M} UTC. Who it is stands at "
            "the desk, under Policies. Nothing is open to them until they do."
        ),
        now=now,
    )


clocks.duty(
    Duty(
        services.DUTY,
        "Acknowledgement of the policies",
        lasts=timedelta(days=_DAYS),
        warns=_WARNS,
    ),
    on_warning=_warn,
    on_overdue=_escalate,
)
