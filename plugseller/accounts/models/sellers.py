"""Sellers, who belongs to them, and who may what with their data."""

import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from plugseller.accounts.models.people import User, known_zone
from plugseller.accounts.roles import Permission, Role


class Seller(models.Model):
    """The tenant: a business whose marketplace accounts we are allowed to read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=50, default="UTC", validators=[known_zone])
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    frozen_at = models.DateTimeField(null=True, editable=False)
    """Since when nothing of it is read or fetched, because it is to be deleted."""
    frozen_parts = models.JSONField(default=list, editable=False)
    """Ids of parts of it (connections) that alone are to be deleted; read by nobody."""
    exports_stopped_at = models.DateTimeField(null=True, editable=False)
    """Since when nobody takes a file of its data along, because of an incident."""

    class Meta:
        default_permissions = ()
        permissions = list(Permission.choices)
        ordering = ["name"]

    def __str__(self) -> str:
        return self.slug


class SellerUserObjectPermission(UserObjectPermissionBase):
    """A person's right on one seller; goes with the row it speaks of."""

    content_object = models.ForeignKey(Seller, on_delete=models.CASCADE)


class SellerGroupObjectPermission(GroupObjectPermissionBase):
    """Kept so that guardian never falls back to its table of loose references."""

    content_object = models.ForeignKey(Seller, on_delete=models.CASCADE)


class Membership(models.Model):
    """A person's role at a seller."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    since = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "user"], name="one_membership_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.seller_id}"


class Invitation(models.Model):
    """A role at a seller, offered to whoever proves to own an e-mail address.

    There is no secret in it: the person signs up or in with that address, verified,
    and finds the invitation there. So it can't be used by anybody else, nor anywhere
    else (USE-1).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    invited_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    invited_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # accepted, declined or taken back

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.UniqueConstraint(
                "seller",
                Lower("email"),
                condition=models.Q(ended_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.seller_id}"  # never the address
