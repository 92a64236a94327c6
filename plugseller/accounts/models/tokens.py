"""API tokens: what a program signs in with, in a person's name (ACC-3)."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from knox.models import AbstractAuthToken

from plugseller.accounts.models.sellers import Seller
from plugseller.accounts.roles import Permission


class ApiToken(AbstractAuthToken):
    """A token of a person for one seller. Only its hash is kept; it was shown once.

    It may never do more than its permissions, nor more than the person may do at the
    time of the call. `expiry`, `created`, `user` and `token_key` (the visible prefix)
    are knox's.
    """

    class Kind(models.TextChoices):
        PERSONAL = "personal", "Personal"
        MACHINE = "machine", "Machine"  # of a program that runs for the whole team

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=128, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    label = models.CharField(max_length=80)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="api_tokens"
    )
    permissions = models.JSONField()  # values of roles.Permission
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.CharField(max_length=45, blank=True)
    replaced_by = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"API token {self.pk}"  # never what it is made of

    @property
    def is_replaced(self) -> bool:
        """Whether a new token took its place; it works on for a short while."""
        return self.replaced_by_id is not None

    @property
    def is_machine(self) -> bool:
        return self.kind == self.Kind.MACHINE

    @property
    def permission_labels(self) -> list[str]:
        """What it opens, in words."""
        return [p.label for p in Permission if p.value in self.permissions]

    def ends_within(self, span: timedelta, *, now: datetime) -> bool:
        """Whether its time is nearly over."""
        return self.expiry is not None and self.expiry - now < span

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expiry is None or now < self.expiry)
