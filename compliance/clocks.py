"""Deadlines: one kind of clock for everything that is promised by a date.

A clock is stored as two instants in UTC when it starts and never computed again;
it has no pause. What is owed when is a `Duty`, on the table below; the instants
are rows (`Deadline`), and `now` is always passed in.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models


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
    warned = models.PositiveSmallIntegerField(default=0)  # steps of the ladder taken
    escalated_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)  # no longer owed

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["met_at", "due_at"], name="deadline_by_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "subject_id"], name="one_clock_per_duty_and_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.duty} {self.subject_id}"

    @property
    def is_running(self) -> bool:
        return self.met_at is None and self.dropped_at is None

    def left(self, now: datetime) -> timedelta:
        """The time that is left; negative once it is overdue."""
        return self.due_at - now

    def is_overdue(self, now: datetime) -> bool:
        return self.is_running and now >= self.due_at
