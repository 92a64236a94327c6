"""Trainings: recorded by a second person, asked for before they expire (GOV-2)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max

from compliance import clocks
from compliance.governance.people import personnel
from compliance.governance.training.models import Training
from plugseller.accounts.models import User
from plugseller.audit.services import record
from plugseller.crypto.services import INSTALLATION, create_data_key

DUTY = "training"  # the name of its clocks
YEARLY = Training.Course.DATA_PROTECTION  # what everybody of us needs (Amazon's DPP)
JOINING = timedelta(days=30)  # in which who is new takes it
_LONGEST = 2_000


class TrainingRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


@transaction.atomic
def record_training(
    *,
    actor: User,
    person: User,
    course: Training.Course,
    taken_on: date,
    evidence: str,
    now: datetime,
) -> Training:
    """That the person took the course that day; it counts for 12 months.

    `evidence` is sealed. Raises TrainingRefused.
    """
    if not actor.is_officer:
        raise PermissionDenied
    if actor.pk == person.pk:
        raise TrainingRefused(
            "A second person has to record your own training. Ask another officer."
        )
    if not (person.is_staff and person.is_active):
        raise TrainingRefused("Only trainings of our own staff are recorded here.")
    today = now.astimezone(UTC).date()
    if taken_on > today:
        raise TrainingRefused("A training can't have been taken in the future.")
    if expiry(taken_on) <= today:
        raise TrainingRefused("That was 12 months ago or longer: it counts no more.")
    evidence = evidence.strip()
    if not evidence or len(evidence) > _LONGEST:
        raise TrainingRefused(f"Say in 1 to {_LONGEST:,} characters how you know.")
    create_data_key(INSTALLATION)
    made = Training.objects.create(
        person_id=person.pk,
        role=person.staff_role,
        course=course,
        taken_on=taken_on,
        expires_on=expiry(taken_on),
        evidence=evidence,
        recorded_at=now,
        recorded_by=actor.pk,
    )
    if course == YEARLY:
        _keep_clock(person.pk, _counts_until([person]).get(person.pk), now)
    about = {"person": str(person.pk), "course": str(course), "on": str(taken_on)}
    record("training.recorded", actor=actor, subject=made, details=about)
    return made


def expiry(taken_on: date) -> date:
    """Twelve months later; what was taken on 29 February counts until the 28th."""
    try:
        return taken_on.replace(year=taken_on.year + 1)
    except ValueError:
        return taken_on.replace(year=taken_on.year + 1, day=28)


def dues(people: list[User]) -> dict[UUID, datetime]:
    """When each has to be trained, again or for the first time; one query."""
    until = _counts_until(people)
    return {one.pk: until.get(one.pk) or one.joined_at + JOINING for one in people}


def _counts_until(people: list[User]) -> Mapping[UUID, datetime]:
    found = Training.objects.filter(
        course=YEARLY, person_id__in=[one.pk for one in people]
    )
    last = found.order_by().values("person_id").annotate(last=Max("expires_on"))
    return {
        one["person_id"]: datetime.combine(one["last"], time(), UTC) for one in last
    }


@transaction.atomic
def keep_clocks(now: datetime) -> int:
    """A clock for each of us, until they are due; how many run."""
    people = list(personnel())
    due = dues(people)
    for deadline in clocks.running().filter(duty=DUTY):
        if deadline.subject_id not in due:
            clocks.drop(DUTY, deadline.subject_id, now=now)
    for person_id, due_at in due.items():
        _keep_clock(person_id, due_at, now)
    return len(due)


def _keep_clock(person_id: UUID, due_at: datetime | None, now: datetime) -> None:
    """One that runs for an earlier day ended with the newer training."""
    if due_at is None:
        return
    running = clocks.running().filter(duty=DUTY, subject_id=person_id)
    if running.filter(due_at__lt=due_at).exists():
        clocks.met(DUTY, person_id, now=now)
    label = f"Training: {YEARLY.label}"
    clocks.start(DUTY, person_id, label=label, now=now, due_at=due_at)
