"""Work that nobody waits for."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from plugseller.crypto.fields import SealedJSONField
from plugseller.custody.models import CLOCKS
from plugseller.shelves import Periodic

LONGEST_PAUSE = timedelta(hours=1)  # between tries of a piece that fails
MANY_FAILURES = 3
LATE = timedelta(minutes=3)  # two ticks were missed, and the third is under way


class Lease(models.Model):
    """The right to do one piece of work, held by one worker at a time.

    `fence` grows with each taking. Whoever writes on a lease checks its own number in
    the writing transaction, so that a worker that slept too long writes nothing.
    """

    name = models.CharField(max_length=100, primary_key=True)
    holder = models.CharField(max_length=200, blank=True)
    fence = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Beat(models.Model):
    """How a piece of the timetable stands."""

    name = models.CharField(max_length=100, primary_key=True)
    known_at = models.DateTimeField(default=timezone.now)  # due from then on
    tried_at = models.DateTimeField(null=True)  # when it was begun last
    ran_at = models.DateTimeField(null=True)  # the last one that ended well, its start
    failed_at = models.DateTimeField(null=True)  # the last time it didn't
    failures = models.PositiveIntegerField(default=0)  # in a row, up to now

    def __str__(self) -> str:
        return self.name

    def is_overdue(self, piece: Periodic, now: datetime) -> bool:
        """Whether it hasn't run when it was due: wasn't begun by the ticks since, or
        was and hasn't ended well within its limit."""
        owed = self._owed_at(piece, now)
        begun = self.tried_at is not None and owed <= self.tried_at <= now
        return now > owed + LATE + (piece.limit if begun else timedelta())

    def _owed_at(self, piece: Periodic, now: datetime) -> datetime:
        since = self.ran_at or self.known_at
        if since > now + CLOCKS:
            return now  # a clock said so that has been set back
        return self.ran_at + piece.every if self.ran_at else since

    def is_ahead(self, now: datetime) -> bool:
        """Whether the clock was set back since; those of machines differ a little."""
        told = filter(None, (self.ran_at, self.tried_at, self.failed_at))
        return max(told, default=now) > now + CLOCKS

    def newest_sign(self, now: datetime) -> datetime | None:
        """When it was begun last, else when it became due; not by a clock ahead."""
        told = filter(None, (self.known_at, self.ran_at, self.tried_at))
        return max((at for at in told if at <= now + CLOCKS), default=None)

    @property
    def is_failing(self) -> bool:
        """Whether its last runs ended badly, one after the other."""
        return self.failures >= MANY_FAILURES

    def due_at(self, piece: Periodic, now: datetime) -> datetime:
        """When it is to run next; after a failure soon, and then ever later."""
        due = self._owed_at(piece, now)
        if not self.failures or self.failed_at is None or self.failed_at > now + CLOCKS:
            return due
        pause = timedelta(minutes=2 ** min(self.failures - 1, 10))
        return max(due, self.failed_at + min(pause, piece.every, LONGEST_PAUSE))


class Run(models.Model):
    """One run of a piece of the timetable: its history, and whether it is alive."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed out", "Took longer than its limit"
        DIED = "died", "Died"  # its process was killed, or ended in the middle

    name = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()  # the last sign of life
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default=Outcome.RUNNING
    )
    rows = models.BigIntegerField(null=True)  # what the work counted, if it did
    note = models.CharField(max_length=100, blank=True)  # kind of error, no values
    fence = models.BigIntegerField()  # of the lease it was done on

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["name", "-started_at"], name="run_of_piece")]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(outcome="running"),
                name="one_run_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"


class ClockReading(models.Model):
    """What a machine's clock said, and how long the machine had run by then."""

    boot = models.CharField(max_length=64, primary_key=True)  # of each start another
    read_at = models.DateTimeField()  # by the clock, when it was believed last
    ran_for = models.FloatField()  # seconds since the start, at that time
    doubted_at = models.DateTimeField(null=True)  # by the clock that isn't believed

    def __str__(self) -> str:
        return f"clock of {self.boot}"


class OutgoingMail(models.Model):
    """A mail on its way out, and what became of it.

    To whom and what is sealed under the key of whom it concerns, so that it goes with
    them; retention removes it once it has been handed over, or given up, for a while.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        ACCEPTED = "accepted", "Accepted by the mail server"
        FAILED = "failed", "Given up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.UUIDField(db_index=True, editable=False)  # whose data key seals it
    content = SealedJSONField(owner="owner")  # {"to", "subject", "text"}
    message_id = models.CharField(max_length=120, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=60, blank=True)  # kind of error, no address
    urgent = models.BooleanField(default=False)  # goes first, and is never given up
    answer = models.CharField(max_length=200, blank=True)  # the server's, no address
    posted_at = models.DateTimeField(default=timezone.now, editable=False)
    try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-posted_at"]
        indexes = [models.Index(fields=["state", "try_at"], name="mail_waiting")]

    def __str__(self) -> str:
        return f"mail {self.pk}"
