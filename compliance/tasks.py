"""Tasks: what an officer has to do by a date, wherever it came from (INC-1, GOV-1).

A remediation of an incident, a broken control, a finding of a review. Each has an
owner and a clock; one that is late is told to every officer. A task is never deleted:
it is done, or two people accept that it stays open.
"""

import uuid
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import F, Q

from compliance import clocks
from compliance.clocks import Deadline, Duty
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

DAY = timedelta(days=1)


class TaskRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


class Task(models.Model):
    """Something to be done by somebody by a date."""

    class Source(models.TextChoices):
        INCIDENT = "incident", "An incident"
        CONTROL = "control", "A control that failed"
        REVIEW = "review", "A finding of a review"
        RISK = "risk", "A risk"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    subject_id = models.UUIDField(db_index=True)  # the incident, the review; no key
    key = models.CharField(max_length=100, blank=True)  # what it is about, for programs
    title = models.CharField(max_length=200)  # without names of anybody
    owner_id = models.UUIDField(null=True)  # None: any officer
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField(null=True)  # None: the machine
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.UUIDField(null=True)
    outcome = models.CharField(max_length=500, blank=True)  # what was done
    left_open_by = models.UUIDField(null=True)  # who accepts that it isn't done
    left_open_at = models.DateTimeField(null=True)
    left_open_why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["source", "subject_id", "key"],
                condition=Q(done_at=None) & ~Q(key=""),
                name="one_open_task_per_thing",
            ),
            models.CheckConstraint(
                condition=Q(left_open_by=None) | ~Q(left_open_by=F("owner_id")),
                name="who_owns_a_task_cannot_waive_it",
            ),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.done_at is None

    def is_overdue(self, now: datetime) -> bool:
        return self.is_open and now >= self.due_at


@transaction.atomic
def open_task(
    *,
    actor: User | None,
    source: Task.Source,
    subject_id: UUID,
    title: str,
    due_at: datetime,
    now: datetime,
    owner: User | None = None,
    key: str = "",
) -> Task:
    """A task with its clock. With `key` the open one about the same, if there is one.

    Raises TaskRefused.
    """
    title = " ".join(title.split())
    if not title or len(title) > 200:
        raise TaskRefused("Say in 1 to 200 characters what is to be done.")
    if due_at <= now:
        raise TaskRefused("A task is due in the future. Choose a later time.")
    if owner is not None and not (owner.is_staff and owner.is_active):
        raise TaskRefused("Only our own staff can own a task. Choose somebody else.")
    same = Task.objects.filter(source=source, subject_id=subject_id, done_at=None)
    if key and (found := same.filter(key=key).first()):
        return found
    task = Task.objects.create(
        source=source,
        subject_id=subject_id,
        key=key,
        title=title,
        owner_id=owner.pk if owner else None,
        opened_at=now,
        opened_by=actor.pk if actor else None,
        due_at=due_at,
    )
    clocks.start(TASK.name, task.pk, label=title, now=now, due_at=due_at)
    _note("task.opened", task, actor, due=due_at.isoformat())
    return task


@transaction.atomic
def finish_task(*, actor: User | None, task: Task, outcome: str, now: datetime) -> None:
    """It is done, and this is what was done. Raises TaskRefused."""
    _of_staff(actor)
    outcome = outcome.strip()
    if not outcome or len(outcome) > 500:
        raise TaskRefused("Say in 1 to 500 characters what was done.")
    ours = Task.objects.filter(pk=task.pk, done_at=None)
    who = actor.pk if actor else None
    if not ours.update(done_at=now, done_by=who, outcome=outcome):
        raise TaskRefused("This task is done already. Nothing was changed.")
    clocks.met(TASK.name, task.pk, now=now)
    task.refresh_from_db()
    _note("task.done", task, actor)


@transaction.atomic
def hand_over(*, actor: User, task: Task, owner: User, now: datetime) -> None:
    """Give it to another of our staff; its date stays. Raises TaskRefused."""
    _of_staff(actor)
    if not (owner.is_staff and owner.is_active):
        raise TaskRefused("Only our own staff can own a task. Choose somebody else.")
    ours = Task.objects.filter(pk=task.pk, done_at=None)
    if not ours.exclude(left_open_by=owner.pk).update(owner_id=owner.pk):
        raise TaskRefused("This task can't be handed over to them any more.")
    task.refresh_from_db()
    _note("task.handed_over", task, actor, owner=str(owner.pk))


@transaction.atomic
def accept_open(*, actor: User, task: Task, why: str, now: datetime) -> None:
    """A second person accepts that it stays open, so that what it belongs to may be
    closed; its clock runs on. Raises TaskRefused."""
    _of_staff(actor)
    if not actor.is_officer:
        raise PermissionDenied
    why = why.strip()
    if not why or len(why) > 500:
        raise TaskRefused("Say in 1 to 500 characters why it may stay open.")
    if actor.pk in (task.owner_id, task.opened_by):
        raise TaskRefused(
            "A second person has to accept this: neither who opened the task nor who "
            "owns it. Ask another officer."
        )
    ours = Task.objects.filter(pk=task.pk, done_at=None)
    ours.update(left_open_by=actor.pk, left_open_at=now, left_open_why=why)
    task.refresh_from_db()
    _note("task.left_open", task, actor)


def open_tasks(source: Task.Source, subject_id: UUID) -> models.QuerySet[Task]:
    """What is still to be done about one thing."""
    return Task.objects.filter(source=source, subject_id=subject_id, done_at=None)


def _of_staff(actor: User | None) -> None:
    if actor is not None and not actor.is_staff:
        raise PermissionDenied


def _note(event: str, task: Task, actor: User | None, **details: object) -> None:
    about = {"source": task.source, "subject": str(task.subject_id), **details}
    record(event, actor=actor, subject=task, details=about)


class Teller(Protocol):
    """Tells those who may know of what a task belongs to; None if it knows no such."""

    def __call__(
        self, subject_id: UUID, *, subject: str, text: str, now: datetime
    ) -> list[OutgoingMail] | None: ...


_tellers: dict[str, Teller] = {}


def told_by(source: Task.Source, teller: Teller) -> None:
    """Say who hears of late tasks of a source, where it isn't every officer.

    ValueError if somebody said so already.
    """
    if _tellers.setdefault(source, teller) != teller:
        raise ValueError(f"Who hears of tasks of {source} is said already.")


def _tell(task: Task, *, subject: str, text: str, now: datetime) -> list[OutgoingMail]:
    if teller := _tellers.get(task.source):
        told = teller(task.subject_id, subject=subject, text=text, now=now)
        if told is not None:
            return told
    return tell_officers(subject=subject, text=text, now=now)


TASK = Duty("task", "Task", lasts=None, warns=(7 * DAY, DAY))


def _warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    """To its owner; to every officer if nobody owns it, or the owner has left."""
    task = Task.objects.get(pk=deadline.subject_id)
    subject = f"Due on {deadline.due_at:%Y-%m-%d %H:%M} UTC: {task.title}"
    text = f"{task.title}\n\nFinish it at the desk, under Tasks."
    owned = task.owner_id and User.objects.filter(pk=task.owner_id, is_active=True)
    owner = owned.first() if owned else None
    if owner is None:
        return _tell(task, subject=subject, text=text, now=now)
    return [
        outbox.post(to=owner.email, subject=subject, text=text, owner=owner.pk, now=now)
    ]


def _escalate(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
    task = Task.objects.get(pk=deadline.subject_id)
    return _tell(
        task,
        subject=f"OVERDUE: {task.title}",
        text=f"{task.title}\n\nIt was due on {deadline.due_at:%Y-%m-%d %H:%M} UTC. "
        "Finish it at the desk, under Tasks.",
        now=now,
    )


clocks.duty(TASK, on_warning=_warn, on_overdue=_escalate)
