"""Packages of all of a seller's data, made for its owners to take along."""

import uuid
from datetime import datetime

from django.db import models

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import FencedQuerySet


class DataExport(models.Model):
    """One package: asked for, built in the background, there for a day, gone.

    The file lies sealed under `file_name` among the exports; the row outlives it until
    retention takes it, so that the page can say what became of it.
    """

    view_permission = Permission.EXPORT_DATA

    class State(models.TextChoices):
        WAITING = "waiting", "Waits to be built"
        BUILDING = "building", "Is being built"
        READY = "ready", "Ready"
        FAILED = "failed", "Could not be built"
        ENDED = "ended", "Over; the file is gone"

    class End(models.TextChoices):
        EXPIRED = "expired", "its day was over"
        RIGHT_LOST = "right lost", "who asked for it may not see all of it any more"
        TAKEN_BACK = "taken back", "an owner removed it"
        REPLACED = "replaced", "a new one was asked for"
        DELETION = "deletion", "a deletion began"

    OPEN = (State.WAITING, State.BUILDING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="+")
    asked_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(default=0)  # in both formats together
    rows_done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # file -> rows, once it is built
    file_name = models.CharField(max_length=80, unique=True)  # can't be guessed
    size = models.PositiveBigIntegerField(default=0)  # bytes of the ZIP
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, choices=End.choices, blank=True)

    unfenced = models.Manager()
    objects = FencedQuerySet.as_manager()

    class Meta:
        default_manager_name = "unfenced"
        default_permissions = ()
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["seller"],
                condition=models.Q(state__in=["waiting", "building"]),
                name="one_export_of_a_seller_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be built."""
        return self.state in self.OPEN

    def can_be_fetched(self, now: datetime) -> bool:
        """Whether the file is there for who may have it."""
        return (
            self.state == self.State.READY
            and self.expires_at is not None
            and now < self.expires_at
        )

    @property
    def percent(self) -> int:
        """How far the building is; 99 until it is whole."""
        if not self.rows_expected:
            return 0
        return min(99, 100 * self.rows_done // self.rows_expected)

    @property
    def rows(self) -> int:
        """How many rows the package holds, each counted once."""
        return sum(self.counts.values())
