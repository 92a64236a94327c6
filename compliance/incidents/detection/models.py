"""What detection remembers between two readings of the audit log (INC-1)."""

import uuid

from django.db import models

from compliance.incidents.models import Incident


class Reading(models.Model):
    """How far the audit log was read: one row, and one for each rule left behind."""

    name = models.CharField(max_length=20, primary_key=True)  # "audit", or a rule's
    position = models.BigIntegerField()  # the last entry that was read
    read_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"read to {self.position}"


class DayOfReads(models.Model):
    """How many rows a person was shown on a day (UTC): what their habit is made of."""

    id = models.BigAutoField(primary_key=True)
    person_id = models.UUIDField()
    day = models.DateTimeField()  # its beginning
    rows = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "day"], name="one_sum_per_person_and_day"
            )
        ]
        indexes = [models.Index(fields=["day"], name="reads_by_day")]

    def __str__(self) -> str:
        return f"reads of {self.day:%Y-%m-%d}"


class Canary(models.Model):
    """A seller of ours that nobody has a reason to open: whoever does is noticed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller_id = models.UUIDField(unique=True)
    planted_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        verbose_name_plural = "canaries"

    def __str__(self) -> str:
        return f"canary {self.pk}"


class SeenPath(models.Model):
    """A path of a marketplace's answers where personal data arrived; never a value."""

    id = models.BigAutoField(primary_key=True)
    marketplace = models.CharField(max_length=20)
    path = models.CharField(max_length=300)
    first_seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "path"], name="one_path_is_new_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.path}"


class Detection(models.Model):
    """A rule that fired for one cause on one day, and the incident that it opened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(max_length=40)
    cause = models.CharField(max_length=100)  # a person's id, a place; no name
    day = models.DateField()
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="detections"
    )
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    hits = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-first_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "cause", "day"], name="one_detection_per_cause_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.day}"
