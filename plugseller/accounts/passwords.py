"""Amazon's rules for passwords, as Django's validators (Data Protection Policy 1.4.1).

The numbers are in settings, with a note on where they go against OWASP's ASVS.
"""

import string
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from plugseller.accounts.models import UsedPassword, User

_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)


class CharacterClasses:
    """Upper case, lower case, a digit, and anything else."""

    def validate(self, password: str, user: Any = None) -> None:
        used = sum(any(c in kind for c in password) for kind in _CLASSES)
        used += any(all(c not in kind for kind in _CLASSES) for c in password)
        if used < settings.PASSWORD_CLASSES:
            raise ValidationError(
                "Use upper case and lower case letters, a digit, and another sign."
            )

    def get_help_text(self) -> str:
        return "Use upper case and lower case letters, a digit, and another sign."


class NotUsedBefore:
    """None of the last ones, and not changed again before a day is over."""

    def validate(self, password: str, user: Any = None) -> None:
        if not isinstance(user, User) or user._state.adding:
            return
        last = user.used_passwords.all()[: settings.PASSWORD_HISTORY]
        if any(check_password(password, used.hash) for used in last):
            raise ValidationError(
                f"You had this password before. Take one that isn't among your last "
                f"{settings.PASSWORD_HISTORY}."
            )

    def password_changed(self, password: str, user: Any = None) -> None:
        """Django calls this after a user with a new password was saved."""
        if isinstance(user, User) and user.has_usable_password():
            remember(user, now=timezone.now())

    def get_help_text(self) -> str:
        return f"It must not be one of your last {settings.PASSWORD_HISTORY} passwords."


def remember(user: User, *, now: datetime) -> None:
    """Note a password that was just set, and forget those too old to matter."""
    UsedPassword.objects.create(user=user, hash=user.password, set_at=now)
    kept = user.used_passwords.all()[: settings.PASSWORD_HISTORY]
    user.used_passwords.exclude(pk__in=[used.pk for used in kept]).delete()
    user.password_set_at = now
    User.objects.filter(pk=user.pk).update(password_set_at=now)


def may_change_from(user: User) -> datetime | None:
    """From when on the person may change the password by choice; None at once."""
    if user.password_set_at is None:
        return None
    least: timedelta = settings.PASSWORD_LEAST_AGE
    return user.password_set_at + least


def is_too_old(user: User, *, now: datetime) -> bool:
    """Whether a new password has to be chosen before anything else."""
    if user.password_set_at is None or not user.has_usable_password():
        return False
    old: bool = now - user.password_set_at >= settings.PASSWORD_GREATEST_AGE
    return old
