"""Second factors: added, removed, used up, taken away."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from plugseller.accounts import sessions
from plugseller.accounts.models import User
from plugseller.accounts.services.telling import tell
from plugseller.audit.services import record

Type = Authenticator.Type
REAL = (Type.TOTP, Type.WEBAUTHN)  # recovery codes come with one and go with it
_CALLED = {
    Type.TOTP: "an authenticator app",
    Type.WEBAUTHN: "a passkey",
    Type.RECOVERY_CODES: "recovery codes",
}


def note_added(factor: Authenticator) -> None:
    """Called for each new row, in its transaction, whoever made it."""
    record("second_factor.added", subject=factor.user, details={"kind": factor.type})


def note_removed(factor: Authenticator) -> None:
    """Called for each row that goes, in its transaction, whoever removed it."""
    person = User.objects.filter(pk=factor.user_id).first()
    record("second_factor.removed", subject=person, details={"kind": factor.type})


@transaction.atomic
def note_used(factor: Authenticator, *, now: datetime) -> None:
    """A recovery code that was used is worth a mail: it is what thieves look for."""
    if factor.type != Type.RECOVERY_CODES:
        return
    factor.refresh_from_db()  # allauth marks the code in a copy
    left = len(factor.wrap().get_unused_codes())
    record("recovery_code.used", subject=factor.user, details={"left": left})
    tell(factor.user, "recovery_code_used", now=now, left=left)


def tell_of(factor: Authenticator, what: str) -> None:
    """Mail about a factor the person added or removed on a page."""
    told = {"kind": _CALLED[Type(factor.type)]}
    tell(factor.user, f"factor_{what}", now=timezone.now(), **told)


def may_go(factor: Authenticator) -> bool:
    """Whether the person keeps a real factor without this one.

    Two removals at once wait for each other; call it in the removing transaction.
    """
    if transaction.get_connection().in_atomic_block:  # a page only shows the answer
        User.objects.select_for_update().get(pk=factor.user_id)
    if factor.type not in REAL:
        return True
    others = Authenticator.objects.filter(user_id=factor.user_id, type__in=REAL)
    return bool(others.exclude(pk=factor.pk).exists())


@transaction.atomic
def reset_factors(*, actor: User, person: User, now: datetime) -> None:
    """Take every second factor of somebody who lost them; the next sign-in, with the
    password, sets up a new one. Sessions end.

    PermissionDenied unless another officer does it; ValidationError if there is none.
    """
    if not actor.is_officer or actor == person:
        raise PermissionDenied
    factors = Authenticator.objects.filter(user=person)
    if not factors.exists():
        raise ValidationError("There is no second factor. Nothing was changed.")
    factors.delete()
    sessions.end_sessions(person)
    record("second_factors.reset", actor=actor, subject=person)
    tell(person, "factors_reset", now=now)
