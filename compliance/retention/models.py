"""Times that sellers chose for themselves (RET-1)."""

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
