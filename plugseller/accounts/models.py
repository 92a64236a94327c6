"""People, sellers, and who belongs to whom."""

import uuid
import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from guardian.mixins import GuardianUserMixin
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from plugseller.accounts.roles import Permission, Role


def known_zone(name: str) -> None:
    """Refuse a time zone the machine doesn't know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("Unknown time zone. Example: Europe/Istanbul")


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail; addresses are compared without case."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(GuardianUserMixin, AbstractBaseUser, PermissionsMixin):
    """A person who signs in: of a seller, or of our staff."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=50, default="UTC", validators=[known_zone])
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return (
            f"person {self.pk}"  # never the address: this lands in audit and admin logs
        )

    def get_short_name(self) -> str:
        """What the person is called on pages only the person sees."""
        return self.name or self.email


class Seller(models.Model):
    """The tenant: a business whose marketplace accounts we are allowed to read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=50, default="UTC", validators=[known_zone])
    created_at = models.DateTimeField(default=timezone.now, editable=False)

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
