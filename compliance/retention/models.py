"""Times that sellers chose for themselves, and what retention removed (RET-1)."""

import uuid

from django.db import models
from django.utils import timezone


class ShorterTime(models.Model):
    """A seller keeps something for a shorter time than the rule says."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(
        "accounts.Seller", on_delete=models.CASCADE, related_name="+"
    )
    rule = models.CharField(max_length=40)  # a name of custody/rules.py
    days = models.PositiveSmallIntegerField()
    chosen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "rule"], name="one_shorter_time_per_rule"
            ),
            models.CheckConstraint(
                condition=models.Q(days__gte=1), name="a_time_is_a_day_at_least"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.days} days"


class Purge(models.Model):
    """What one run of retention removed from one place; counted with each batch.

    So what a killed run removed is known as well: the next one closes its row, and
    writes the entry of the audit log that was still owed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    holding = models.CharField(max_length=100)  # its name on the shelf
    rule = models.CharField(max_length=40)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0)
    broken_off = models.BooleanField(default=False)  # out of time, failed or killed

    class Meta:
        ordering = ["-began_at", "holding"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["holding"],
                condition=models.Q(ended_at=None),
                name="one_purge_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.holding
