"""What was erased and must not come back; what was backed up and put back."""

import uuid
from datetime import datetime, timedelta

from django.db import models

CLOCKS = timedelta(minutes=5)  # apart may those of machines be; more is a wrong one


class Tombstone(models.Model):
    """Something that was erased, known by a keyed hash of its id only.

    A late job, a re-sync or a restored backup that still names it is refused.
    """

    class Kind(models.TextChoices):
        SELLER = "seller", "Seller"
        CONNECTION = "connection", "Connection"
        PERSON = "person", "Person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    hash = models.CharField(max_length=64)  # custody.hashing.keyed
    key_id = models.CharField(max_length=64)  # the signing key it was made with
    request = models.CharField(max_length=40, blank=True)  # the request's reference
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "hash"], name="one_tombstone_for_each"
            ),
        ]

    def __str__(self) -> str:
        return f"tombstone {self.pk}"


class Standing(models.Model):
    """How far this database has caught up with the deletion ledger: one row.

    Backups leave the row out. A database without it was put back from one, and nothing
    is served from it before the ledger has been replayed (custody/gate.py).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    line = models.PositiveIntegerField(default=0)  # of the ledger, the last one applied
    checksum = models.CharField(max_length=64, blank=True)  # that line's

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_standing")
        ]

    def __str__(self) -> str:
        return f"line {self.line} of the ledger"


class Replay(models.Model):
    """A replay of the deletion ledger into a database that was put back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    first = models.PositiveIntegerField()  # line before the first one to apply
    done = models.PositiveIntegerField()  # the last line applied
    last = models.PositiveIntegerField()  # of the ledger when it began
    matched = models.PositiveIntegerField(default=0)  # lines that found somebody
    rows = models.PositiveBigIntegerField(default=0)  # erased

    class Meta:
        ordering = ["-began_at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"replay {self.pk}"


class Backup(models.Model):
    """A backup: made, proved, and gone when its time was over."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Being made"
        MADE = "made", "Made"
        FAILED = "failed", "Failed"
        REMOVED = "removed", "Expired and removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_at = models.DateTimeField()  # the data is as it was then
    period = models.CharField(max_length=10)  # whose key opens it
    expires_at = models.DateTimeField()  # when that key is destroyed
    kind = models.CharField(max_length=12)  # "sqlcipher", "postgresql"
    file = models.CharField(max_length=120)  # its name, in BACKUP_FOLDER
    size = models.PositiveBigIntegerField(default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict)  # table -> rows
    head = models.JSONField(default=dict)  # of the audit log: {"number", "hash"}
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default=Outcome.RUNNING
    )
    trouble = models.CharField(max_length=300, blank=True)  # why it or its proof failed
    seconds = models.FloatField(default=0)  # it took to make
    verified_at = models.DateTimeField(null=True)  # last put back to a scratch place
    verified = models.BooleanField(null=True)  # whether that held what it should
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["expires_at"], name="backup_expires")]

    def __str__(self) -> str:
        return f"backup {self.pk}"

    @classmethod
    def newest(cls, now: datetime) -> "Backup | None":
        """The last one made; not one that a wrong clock put into the future."""
        made = cls.objects.filter(outcome=cls.Outcome.MADE, made_at__lte=now + CLOCKS)
        return made.order_by("-made_at").first()

    @classmethod
    def last_proof(cls, now: datetime, *, right: bool = False) -> "Backup | None":
        """The one that was put back last; with `right`, and held what it should."""
        proved = cls.objects.filter(verified_at__lte=now + CLOCKS)
        if right:
            proved = proved.filter(verified=True)
        return proved.order_by("-verified_at").first()
