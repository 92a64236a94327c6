"""Accounts a seller has authorised, and what is switched on for each."""

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from marketplaces import shelf
from marketplaces.datamap import Feature
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import FencedQuerySet
from plugseller.crypto.fields import SealedJSONField


class Connection(models.Model):
    """One authorised marketplace account of a seller."""

    view_permission = Permission.VIEW_CATALOG

    class Status(models.TextChoices):
        ACTIVE = "active", "Connected"
        ATTENTION = "attention", "Needs attention"
        REVOKED = "revoked", "Authorisation ended"
        DISCONNECTED = "disconnected", "Disconnected"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="connections"
    )
    marketplace = models.CharField(max_length=20, choices=shelf.choices)
    region = models.CharField(max_length=10)
    account_id = models.CharField(max_length=64)  # the seller's own id there
    label = models.CharField(max_length=100, blank=True)
    credentials = SealedJSONField(null=True)
    status = models.CharField(
        max_length=20, choices=Status.choices, default=Status.ACTIVE
    )
    trouble = models.CharField(max_length=200, blank=True)  # in a seller's words
    connected_at = models.DateTimeField(default=timezone.now)
    reconnect_by = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, editable=False)
    """Since when nothing of it is read or fetched, because it is to be deleted."""
    paused_at = models.DateTimeField(null=True, editable=False)
    """Since when nothing of it is fetched, because of an incident; it is read still."""
    tried_at = models.DateTimeField(null=True, blank=True)  # its daily proof
    proved_at = models.DateTimeField(null=True, blank=True)  # when it last let us in

    unfenced = models.Manager()
    objects = FencedQuerySet.as_manager()

    class Meta:
        default_manager_name = "unfenced"
        default_permissions = ("view",)
        ordering = ["connected_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "region", "account_id"],
                condition=~models.Q(status="disconnected"),
                name="one_seller_per_marketplace_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} connection {self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether calls may be made with it."""
        live = self.status in (self.Status.ACTIVE, self.Status.ATTENTION)
        return live and self.frozen_at is None and self.paused_at is None

    def must_reconnect_within(self, days: int, *, now: datetime) -> bool:
        """Whether the marketplace's own limit is that close."""
        return bool(self.reconnect_by and (self.reconnect_by - now).days < days)


class FeatureSwitch(models.Model):
    """A feature that the seller has switched on or off for a connection."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="switches"
    )
    feature = models.CharField(
        max_length=20, choices=[(f.value, f.value.title()) for f in Feature]
    )
    on = models.BooleanField(default=False)
    switched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "feature"], name="one_switch_per_feature"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature} {'on' if self.on else 'off'}"


class ConnectAttempt(models.Model):
    """A seller on the way to a marketplace's consent page: good once, for ten minutes.

    Only the hash of `state` is kept; the value itself travels through the browser.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+")
    renews = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="+"
    )  # the account that must come back, when one is being renewed
    marketplace = models.CharField(max_length=20)
    region = models.CharField(max_length=10)
    features = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"attempt {self.pk}"
