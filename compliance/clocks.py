"""Deadlines: one kind of clock for everything that is promised by a date.

A clock is stored as two instants in UTC when it starts and never computed again;
it has no pause and never moves later. What is owed when is a `Duty`, put on the shelf
here by the room that promises; the instants are rows (`Deadline`), and `now` is always
passed in.

Each clock has a ladder: warnings, an act so long before the end that needs nobody,
and at the end the escalation. A step is claimed by a guarded update in the transaction
of what it does, so it is taken once, by whichever worker comes first, and a step that
fails is tried again.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from django.db import IntegrityError, models, transaction

from plugseller.accounts.models import User
from plugseller.audit.services import record
from plugseller.jobs.models import OutgoingMail

logger = logging.getLogger(__name__)

Mails = Iterable[OutgoingMail]


@dataclass(frozen=True, slots=True)
class Duty:
    """A kind of promise with a date: how long it may take, and who hears of it."""

    name: str  # "deletion"
    label: str  # "Deletion within 30 days"
    lasts: timedelta | None  # from start to due; None: each clock brings its own due
    warns: tuple[timedelta, ...]  # before it is due, the longest first
    acts: timedelta | None = None  # so long before, it is done without anybody


class Deadline(models.Model):
    """One clock that runs, or ran."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    duty = models.CharField(max_length=40)  # a Duty's name
    subject_id = models.UUIDField()  # of what it is about; no key, it outlives it
    label = models.CharField(max_length=200)  # for people, without names of anybody
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warned = models.PositiveSmallIntegerField(default=0)  # warnings given or passed
    acted_at = models.DateTimeField(null=True)  # when it was done without anybody
    escalated_at = models.DateTimeField(null=True)
    mails = models.JSONField(default=list)  # ids of those that warned, as text
    met_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # met, or no longer owed

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["ended_at", "due_at"], name="deadline_by_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "subject_id"],
                condition=models.Q(ended_at=None),
                name="one_running_clock_per_duty_and_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.duty} {self.subject_id}"

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    def left(self, now: datetime) -> timedelta:
        """The time that is left; negative once it is overdue."""
        return self.due_at - now

    def is_overdue(self, now: datetime) -> bool:
        return self.is_running and now >= self.due_at

    @property
    def was_late(self) -> bool:
        return self.met_at is not None and self.met_at >= self.due_at


class Rung(StrEnum):
    """What a ladder consists of."""

    WARNING = "warning"
    ACT = "act"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Handled:
    """A duty, and what is done at the steps of its ladder."""

    duty: Duty
    on_warning: Callable[[Deadline, datetime], Mails | None]
    on_overdue: Callable[[Deadline, datetime], Mails | None]
    act: Callable[[Deadline, datetime], object] | None
    hold: Callable[[Deadline], object] | None
    trouble: Callable[[Deadline, datetime], str] | None = None


_duties: dict[str, Handled] = {}
DUTIES: Mapping[str, Handled] = MappingProxyType(_duties)  # name -> what is done


def duty(
    what: Duty,
    *,
    on_warning: Callable[[Deadline, datetime], Mails | None],
    on_overdue: Callable[[Deadline, datetime], Mails | None],
    act: Callable[[Deadline, datetime], object] | None = None,
    hold: Callable[[Deadline], object] | None = None,
    trouble: Callable[[Deadline, datetime], str] | None = None,
) -> Duty:
    """Put a duty on the shelf, from the room that promises; ValueError if taken.

    Each is called in the transaction that takes the step, with the clock and the
    instant; it posts mails and returns them, and calls no network. `hold` locks the
    rows the others change, in the house's order, before the clock's own row is taken.
    `trouble` says what is wrong with a clock that nobody else sees, or "".
    """
    if list(what.warns) != sorted(what.warns, reverse=True):
        raise ValueError(f"{what.name}: the earliest warning comes first.")
    handled = Handled(what, on_warning, on_overdue, act, hold, trouble)
    if _duties.setdefault(what.name, handled) != handled:
        raise ValueError(f"The duty {what.name} is on the shelf already.")
    return what


def due_after(started: datetime, lasts: timedelta) -> datetime:
    """The instant so many elapsed seconds later, in UTC.

    Added in UTC: Python adds to a local time by the wall clock, so a change to summer
    time would make the promise an hour longer. ValueError for a time without a zone.
    """
    if started.tzinfo is None:
        raise ValueError("A clock starts at an instant, so its time needs a zone.")
    return started.astimezone(UTC) + lasts


def start(
    duty_name: str,
    subject_id: UUID,
    *,
    label: str,
    now: datetime,
    due_at: datetime | None = None,
) -> Deadline:
    """The clock of that duty for that subject, started if none runs.

    One that runs keeps its instants; an earlier `due_at` moves its end forward, and
    none ever moves it later. One that ended stays as the record of it, and another
    begins. In the caller's transaction.
    """
    lasts = DUTIES[duty_name].duty.lasts
    if due_at is None:
        if lasts is None:
            raise ValueError(f"Each clock of {duty_name} needs its own due_at.")
        due_at = due_after(now, lasts)
    due_at = due_at.astimezone(UTC)
    ours = Deadline.objects.filter(duty=duty_name, subject_id=subject_id, ended_at=None)
    found = ours.first()
    if found is None:
        try:
            with transaction.atomic():
                return Deadline.objects.create(
                    duty=duty_name,
                    subject_id=subject_id,
                    label=label,
                    started_at=now.astimezone(UTC),
                    due_at=due_at,
                )
        except IntegrityError:  # somebody started it this very moment
            found = ours.get()
    if ours.filter(due_at__gt=due_at).update(due_at=due_at):
        found.refresh_from_db()
    return found


def met(duty_name: str, subject_id: UUID, *, now: datetime) -> bool:
    """What was promised is done; whether a clock ran for it."""
    return _end(duty_name, subject_id, met_at=now, ended_at=now)


def drop(duty_name: str, subject_id: UUID, *, now: datetime) -> bool:
    """It is no longer owed; whether a clock ran for it."""
    return _end(duty_name, subject_id, ended_at=now)


def _end(duty_name: str, subject_id: UUID, **fields: datetime) -> bool:
    ours = Deadline.objects.filter(duty=duty_name, subject_id=subject_id, ended_at=None)
    return bool(ours.update(**fields))


def running() -> models.QuerySet[Deadline]:
    """Every clock that runs, the most urgent first."""
    return Deadline.objects.filter(ended_at=None)


Hides = Callable[[User], Iterable[UUID]]

_hiding: list[Hides] = []


def hide(tells: Hides) -> None:
    """Say of which subjects a person mustn't know that a clock runs."""
    if tells not in _hiding:
        _hiding.append(tells)


def visible_to(reader: User) -> models.QuerySet[Deadline]:
    """Every clock, without those that somebody of ours may be the cause of."""
    hidden = {subject for tells in _hiding for subject in tells(reader)}
    return Deadline.objects.exclude(subject_id__in=hidden)


def overdue(now: datetime) -> models.QuerySet[Deadline]:
    """Clocks that ran out without what was promised."""
    return running().filter(due_at__lte=now)


def passed(deadline: Deadline, now: datetime) -> int:
    """How many of its warnings should have been given by now."""
    warns = DUTIES[deadline.duty].duty.warns
    return sum(deadline.due_at - before <= now for before in warns)


def acts_at(deadline: Deadline) -> datetime | None:
    """When it is done without anybody; None if somebody has to."""
    before = DUTIES[deadline.duty].duty.acts
    return None if before is None else deadline.due_at - before


def run_due(now: datetime) -> int:
    """Take every step whose time has come, each once; how many were taken.

    A clock whose step fails doesn't stop the others; it is tried again next time, and
    the failure is raised at the end, so that the timetable shows it.
    """
    taken, failures = 0, []
    for pk in list(running().values_list("pk", flat=True)):
        try:
            taken += _climb(pk, now)
        except Exception as error:
            logger.error("Clock %s: a step failed: %s.", pk, type(error).__name__)
            failures.append(error)
    if failures:
        raise ExceptionGroup("Steps of clocks failed", failures)
    return taken


def _climb(pk: UUID, now: datetime) -> int:
    """The steps of one clock; of warnings that were missed only the newest is given."""
    taken = 0
    for rung in (Rung.ACT, Rung.WARNING, Rung.ESCALATION):
        deadline = running().filter(pk=pk).first()  # the step before may have ended it
        if deadline is None or deadline.duty not in DUTIES:
            return taken
        if _is_time(rung, deadline, now):
            taken += _take(rung, deadline, now)
    return taken


def _is_time(rung: Rung, deadline: Deadline, now: datetime) -> bool:
    if rung is Rung.ACT:
        at = acts_at(deadline)
        may = DUTIES[deadline.duty].act is not None and deadline.acted_at is None
        return may and at is not None and at <= now
    if rung is Rung.WARNING:
        # Once it is overdue the escalation says so, and no warning beside it.
        return deadline.warned < passed(deadline, now) and deadline.due_at > now
    return deadline.is_overdue(now) and deadline.escalated_at is None


@transaction.atomic
def _take(rung: Rung, deadline: Deadline, now: datetime) -> bool:
    handled = DUTIES[deadline.duty]
    if handled.hold:
        handled.hold(deadline)
    if not _claim(rung, deadline, now):
        return False  # another worker was faster, or it ended meanwhile
    deadline.refresh_from_db()
    mails: Mails | None = None
    if rung is Rung.ACT and handled.act:
        handled.act(deadline, now)
    elif rung is Rung.ESCALATION:
        mails = handled.on_overdue(deadline, now)
    else:
        mails = handled.on_warning(deadline, now)
    told = [str(mail.pk) for mail in mails or ()]
    if told:
        running().filter(pk=deadline.pk).update(mails=[*deadline.mails, *told])
    _note(rung, deadline, len(told))
    return True


def _claim(rung: Rung, deadline: Deadline, now: datetime) -> bool:
    ours = running().filter(pk=deadline.pk)
    if rung is Rung.ACT:
        return bool(ours.filter(acted_at=None).update(acted_at=now))
    if rung is Rung.ESCALATION:
        return bool(ours.filter(escalated_at=None).update(escalated_at=now))
    due = passed(deadline, now)
    return bool(ours.filter(warned__lt=due).update(warned=due))


def _note(rung: Rung, deadline: Deadline, mails: int) -> None:
    about = {"duty": deadline.duty, "subject": str(deadline.subject_id)}
    if rung is Rung.ACT:
        record("deadline.acted", subject=deadline, details=about)
    elif rung is Rung.WARNING:
        told = {**about, "step": deadline.warned, "mails": mails}
        record("deadline.warned", subject=deadline, details=told)
    else:
        record("deadline.missed", subject=deadline, details={**about, "mails": mails})
