"""Time-boxed access of our staff to one seller's data (ACC-1)."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from plugseller.accounts.models.people import User
from plugseller.accounts.models.sellers import Seller
from plugseller.accounts.roles import Permission, StaffRole

MOST_HOURS = 8
LAPSES_AFTER = timedelta(hours=12)  # a request nobody decided about is over then


def waiting_at(now: datetime) -> models.Q:
    """Requests somebody may still decide about."""
    return models.Q(starts_at=None, ended_at=None, asked_at__gt=now - LAPSES_AFTER)


def live_at(now: datetime) -> models.Q:
    """Grants that open something at this instant."""
    return models.Q(starts_at__lte=now, ends_at__gt=now, ended_at=None)


def to_review_at(now: datetime) -> models.Q:
    """Emergencies that are over and that nobody has reviewed."""
    over = models.Q(ends_at__lte=now) | models.Q(ended_at__isnull=False)
    return over & models.Q(break_glass=True, reviewed_at=None)


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
        FROZEN = "frozen", "The seller is to be deleted"
        REVIEWED = "reviewed", "Ended by a review of access"

    class State(models.TextChoices):
        """How it stands at an instant; never stored."""

        WAITING = "waiting", "Waits for a second person"
        LAPSED = "lapsed", "Nobody decided in time"
        REFUSED = "refused", "Refused"
        LIVE = "live", "Open now"
        EXPIRED = "expired", "Over"
        DROPPED = "dropped", "Given back early"
        LEFT = "left", "Ended: the person left"
        REVOKED = "revoked", "Ended by the seller"
        FROZEN = "frozen", "Ended: the seller is to be deleted"
        REVIEWED = "reviewed", "Ended by a review of access"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="grants")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(
        max_length=20, choices=StaffRole.choices, blank=True
    )  # of the person, when it was asked for: what the seller is told
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
    chased_at = models.DateTimeField(null=True)  # when an overdue review was asked for

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
                condition=~models.Q(reviewed_by=models.F("person")),
                name="nobody_reviews_their_own_grant",
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
    def opens(self) -> list[str]:
        """What it lets the person do, in words."""
        return [Permission(value).label for value in self.permissions]

    def is_waiting(self, now: datetime) -> bool:
        """Asked for not too long ago, and neither begun nor refused."""
        return self.state_at(now) == self.State.WAITING

    def is_live(self, now: datetime) -> bool:
        """Whether it opens anything at this instant."""
        return self.state_at(now) == self.State.LIVE

    def state_at(self, now: datetime) -> State:
        if self.end:
            return self.State(self.end)
        if self.starts_at and self.ends_at:
            live = self.starts_at <= now < self.ends_at
            return self.State.LIVE if live else self.State.EXPIRED
        lapsed = now >= self.asked_at + LAPSES_AFTER
        return self.State.LAPSED if lapsed else self.State.WAITING

    def over_since(self, now: datetime) -> datetime | None:
        """Since when it opens nothing any more; None before."""
        if self.ended_at:
            return self.ended_at
        return self.ends_at if self.ends_at and self.ends_at <= now else None

    def waits_for_review(self, now: datetime) -> bool:
        """It was begun without a second person, is over, and nobody looked at it."""
        return bool(
            self.break_glass and self.over_since(now) and self.reviewed_at is None
        )


class AccessReport(models.Model):
    """What a seller's owners were told about one month, kept as it was sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="access_reports"
    )
    month = models.DateField()  # its first day, in the seller's time zone
    grants = models.PositiveIntegerField()  # asked for or open in that month
    text = models.TextField()
    told = models.PositiveIntegerField()  # how many owners it went to
    posted_at = models.DateTimeField()

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "month"], name="one_access_report_per_month"
            )
        ]

    def __str__(self) -> str:
        return f"access report {self.pk}"
