"""People: those of sellers, and our staff."""

import uuid
import zoneinfo
from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from guardian.mixins import GuardianUserMixin

from plugseller.accounts.roles import StaffRole


@cache
def known_zones() -> frozenset[str]:
    """The time zones of this machine: asked once, for it opens 600 files each time."""
    return frozenset(zoneinfo.available_timezones())


def known_zone(name: str) -> None:
    """Refuse a time zone the machine doesn't know."""
    if name not in known_zones():
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
    staff_role = models.CharField(
        max_length=20, choices=StaffRole.choices, blank=True
    )  # of ours; empty for a seller's people, nobody is both
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    left_at = models.DateTimeField(null=True, editable=False)
    password_set_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
            models.CheckConstraint(
                condition=models.Q(left_at__isnull=True) | models.Q(is_active=False),
                name="who_left_is_not_active",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"person {self.pk}"  # never the address: this lands in audit and admin logs
        )

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin, the officers' desk, is open to the person at all."""
        return bool(self.staff_role)

    @property
    def is_officer(self) -> bool:
        return self.staff_role == StaffRole.OFFICER

    def get_short_name(self) -> str:
        """What the person is called on pages only the person sees."""
        return self.name or self.email

    @property
    def pseudonym(self) -> str:
        """What stands for the person on every page after they left."""
        return f"Former member {str(self.pk)[:8]}"

    @property
    def known_as(self) -> str:
        """What others read."""
        if self.left_at is not None:
            return self.pseudonym
        return self.get_short_name()


class UsedPassword(models.Model):
    """The hash of a password a person has or had, so that it isn't taken again."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="used_passwords"
    )
    hash = models.CharField(max_length=200)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["-set_at", "-id"]

    def __str__(self) -> str:
        return f"a password of {self.user_id}"


class SetUpLink(models.Model):
    """A link that lets a member of our staff set up their account, once.

    Only the hash of what stands in the link is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="set_up_links"
    )
    key_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up link {self.pk}"


class Lockout(models.Model):
    """An account or an address that may not sign in for a while, and why not.

    `subject` is a keyed hash of the e-mail address that was tried, or the network
    address itself; somebody may be locked out who has no account.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", "Account"
        ADDRESS = "address", "Address"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=64)
    user = models.ForeignKey(
        User, null=True, on_delete=models.CASCADE, related_name="lockouts"
    )  # whose account it is, if it is anybody's
    failures = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    until = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-began_at"]
        indexes = [
            models.Index(fields=["kind", "subject", "-began_at"], name="lockout_of")
        ]

    def __str__(self) -> str:
        return f"lockout {self.pk}"
