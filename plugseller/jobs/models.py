"""Work that nobody waits for."""

import uuid

from django.db import models
from django.utils import timezone

from plugseller.crypto.fields import SealedJSONField


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
    """When a piece of the timetable ran last."""

    name = models.CharField(max_length=100, primary_key=True)
    ran_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)  # the last time it ended in an error

    def __str__(self) -> str:
        return self.name


class OutgoingMail(models.Model):
    """A mail on its way out, and what became of it.

    To whom and what is sealed under the key of whom it concerns, so that it goes with
    them; it is removed once it has been handed over for a while (outbox.KEEP).
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
    posted_at = models.DateTimeField(default=timezone.now, editable=False)
    try_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-posted_at"]
        indexes = [models.Index(fields=["state", "try_at"], name="mail_waiting")]

    def __str__(self) -> str:
        return f"mail {self.pk}"
