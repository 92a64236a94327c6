"""Time-boxed access of our staff to one seller's data (ACC-1)."""

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from plugseller.accounts.models.people import User
from plugseller.accounts.models.sellers import Seller

MOST_HOURS = 8


class Grant(models.Model):
    """Somebody of our staff may see some of a seller's data for some hours.

    Asked for, approved by another officer, begun at approval, over at `ends_at` or
    when `ended_at` is set. Whoever decides about a request asks `is_live(now)`: no
    job has to run for a grant to be over.
    """

    class End(models.TextChoices):
        REFUSED = "refused", "Refused"
        DROPPED = "dropped", "Dropped"
        LEFT = "left", "The person left"
        REVOKED = "revoked", "Revoked by the seller"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="grants")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    permissions = models.JSONField()  # values of roles.Permission, of GRANTABLE
    reason = models.TextField()
    ticket = models.CharField(max_length=100)
    hours = models.PositiveSmallIntegerField()
    break_glass = models.BooleanField(default=False)  # begun without a second person
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=End.choices, blank=True)
    review_due_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    review = models.TextField(blank=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [models.Index(fields=["person", "ends_at"], name="grant_of_person")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hours__gte=1, hours__lte=MOST_HOURS),
                name="a_grant_lasts_one_to_eight_hours",
            ),
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("person")),
                name="nobody_approves_their_own_grant",
            ),
            models.CheckConstraint(
                condition=models.Q(starts_at__isnull=True, ends_at__isnull=True)
                | models.Q(starts_at__isnull=False, ends_at__isnull=False),
                name="a_begun_grant_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.pk}"

    @property
    def is_waiting(self) -> bool:
        """Asked for, and neither begun nor refused."""
        return self.starts_at is None and self.ended_at is None

    def is_live(self, now: datetime) -> bool:
        """Whether it opens anything at this instant."""
        return bool(
            self.starts_at
            and self.ends_at
            and self.starts_at <= now < self.ends_at
            and self.ended_at is None
        )
