"""Somebody who may be a danger comes in no more, until that is taken back (INC-1).

Nothing of theirs is lost: roles, keys and second factors are as they were, and open
nothing (`tenancy`, `tokens`, the sign-in all look at `is_active`).
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole
from plugseller.accounts.sessions import end_sessions
from plugseller.audit.services import record


@transaction.atomic
def suspend_person(*, actor: User, person: User) -> int:
    """They sign in no more, and their sessions end at once; how many.

    Raises PermissionDenied unless another officer does, who is there, and
    ValidationError for who is suspended already or has left.
    """
    _officer_but(actor, person)
    # Of two who suspend each other at once, the second isn't there any more: so the
    # desk is never without an officer.
    there = User.objects.select_for_update().filter(staff_role=StaffRole.OFFICER)
    if actor.pk not in [one.pk for one in there.order_by("pk") if one.is_active]:
        raise PermissionDenied
    if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        raise ValidationError("They can't sign in already. Nothing was changed.")
    ended = end_sessions(person)
    record("person.suspended", actor=actor, subject=person, rows=ended)
    return ended


@transaction.atomic
def restore_person(*, actor: User, person: User) -> None:
    """They may sign in again. Raises PermissionDenied, ValidationError."""
    _officer_but(actor, person)
    away = User.objects.filter(pk=person.pk, is_active=False, left_at=None)
    if not away.update(is_active=True):
        raise ValidationError("They can sign in already, or have left.")
    record("person.restored", actor=actor, subject=person)


def _officer_but(actor: User, person: User) -> None:
    if not actor.is_officer or actor.pk == person.pk:
        raise PermissionDenied
