"""Our own app's secrets at the marketplaces, and how they are replaced (ACC-3)."""

import uuid

from django.db import models
from django.db.models import Q

from plugseller.crypto.fields import SealedTextField
from plugseller.crypto.services import INSTALLATION


class AppSecret(models.Model):
    """One secret of our app at a marketplace; the first is the environment's.

    There may be two that work: the new one, and the one before it for a few days.
    """

    class Origin(models.TextChoices):
        ENVIRONMENT = "environment", "From the environment"
        MARKETPLACE = "marketplace", "Sent by the marketplace"
        HAND = "hand", "Entered by hand"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.UUIDField(default=INSTALLATION, editable=False)
    marketplace = models.CharField(max_length=20)
    client_id = models.CharField(max_length=200)  # public: stands in consent addresses
    secret = SealedTextField(owner="owner", null=True)  # None once it has ended
    fingerprint = models.CharField(max_length=140)  # keyed; tells two secrets apart
    origin = models.CharField(max_length=12, choices=Origin.choices)
    valid_from = models.DateTimeField()  # for the environment's: when it was first seen
    valid_until = models.DateTimeField(null=True)  # as the marketplace says, or ours
    proved_at = models.DateTimeField(null=True)  # the last hour it was accepted in
    refused_at = models.DateTimeField(null=True)  # since it isn't accepted
    alarmed_at = models.DateTimeField(null=True)  # when officers heard of that
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-valid_from"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(secret__isnull=True),
                name="an_ended_app_secret_is_forgotten",
            ),
            models.UniqueConstraint(
                fields=["marketplace", "fingerprint"], name="one_row_per_app_secret"
            ),
        ]

    def __str__(self) -> str:
        return f"app secret {self.pk}"


class SecretRotation(models.Model):
    """We asked a marketplace for a new secret of our app."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked; no answer is known"
        ACCEPTED = "accepted", "Accepted; the new secret is on its way"
        ARRIVED = "arrived", "The new secret arrived"
        REFUSED = "refused", "Refused"
        LOST = "lost", "The new secret never arrived"

    OPEN = (State.ASKED, State.ACCEPTED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    marketplace = models.CharField(max_length=20)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)  # no key: it outlives the person
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    code = models.CharField(max_length=100, blank=True)  # of a refusal
    old_until = models.DateTimeField()  # then nothing works if the new one is lost
    alarms = models.PositiveSmallIntegerField(default=0)  # how often officers heard
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace"],
                condition=Q(state__in=["asked", "accepted"]),
                name="one_open_rotation_per_app",
            )
        ]

    def __str__(self) -> str:
        return f"rotation {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether a new secret may still come."""
        return self.state in self.OPEN
