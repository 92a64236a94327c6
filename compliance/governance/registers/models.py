"""The register of risks, its yearly sign-off, and the list of suppliers (GOV-1).

Titles and names are for lists and mails, and name no person; what is done about a risk
is written freely, and sealed.
"""

import uuid

from django.db import models
from django.db.models import Q

from plugseller.crypto.fields import SealedTextField
from plugseller.crypto.services import INSTALLATION


class Risk(models.Model):
    """Something that may go wrong; or an exception from a policy, which ends."""

    class Kind(models.TextChoices):
        RISK = "risk", "A risk"
        EXCEPTION = "exception", "An exception from a policy"

    class Treatment(models.TextChoices):
        REDUCE = "reduce", "Reduced"
        ACCEPT = "accept", "Accepted"
        AVOID = "avoid", "Avoided"
        SHARE = "share", "Shared with somebody else"

    SCALE = ((1, "1, very low"), (2, "2"), (3, "3"), (4, "4"), (5, "5, very high"))

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    title = models.CharField(max_length=200)  # names nobody
    owner_id = models.UUIDField()  # of our staff
    likelihood = models.PositiveSmallIntegerField(choices=SCALE)
    impact = models.PositiveSmallIntegerField(choices=SCALE)
    treatment = models.CharField(max_length=10, choices=Treatment.choices)
    plan = SealedTextField(owner="seal_id")  # what is done about it
    seal_id = models.UUIDField(default=INSTALLATION, editable=False)
    opened_at = models.DateTimeField()
    opened_by = models.UUIDField()
    review_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # of an exception
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)

    class Meta:
        ordering = ["review_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, 5), impact__range=(1, 5)),
                name="a_risk_is_rated_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(kind="risk", ends_at=None)
                | Q(kind="exception", ends_at__isnull=False),
                name="exceptions_end_and_risks_do_not",
            ),
        ]

    def __str__(self) -> str:
        return f"risk {self.pk}"

    @property
    def rating(self) -> int:
        """Likelihood times impact, from 1 to 25."""
        return self.likelihood * self.impact

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Supplier(models.Model):
    """Somebody who works for us and could reach data of ours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)  # of a company
    reaches = models.CharField(max_length=300)  # which data it could reach, and how
    country = models.CharField(max_length=60)
    owner_id = models.UUIDField()  # of our staff
    added_at = models.DateTimeField()
    added_by = models.UUIDField()
    assessed_on = models.DateField()
    assessed_by = models.UUIDField()
    review_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)

    class Meta:
        ordering = ["review_at", "pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"supplier {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class RiskSignOff(models.Model):
    """That an officer stands for the whole register of risks. Only ever inserted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signed_at = models.DateTimeField()
    signed_by = models.UUIDField()
    risks = models.PositiveIntegerField()  # how many were open
    highest = models.PositiveSmallIntegerField()  # the highest rating among them
    sha256 = models.CharField(max_length=64)  # of the open risks as they stood

    class Meta:
        ordering = ["-signed_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"sign-off {self.pk}"
