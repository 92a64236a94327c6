"""What happens to API tokens: made, renewed, ended, and told to the owner (ACC-3)."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from plugseller.accounts.models import ApiToken, Seller, User
from plugseller.accounts.roles import FOR_TOKENS, Permission, StaffRole
from plugseller.accounts.services.sellers import lock_sellers
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import record
from plugseller.jobs import outbox

Kind = ApiToken.Kind
_LONGEST_LABEL = 80


@transaction.atomic
def make_token(
    *,
    actor: User,
    seller: Seller,
    kind: str,
    label: str,
    permissions: Collection[str],
    days: int = 90,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A token of the person's for one seller, and what it is, told this once.

    It opens `permissions`, which the person has to hold now. Raises ValidationError;
    PermissionDenied for our staff, for a stranger, and for a machine's token without
    the right to manage members.
    """
    lock_sellers(seller.pk)  # whoever takes the person's role at the moment waits
    standing, kind, label = _standing(actor, seller, now), Kind(kind), _named(label)
    if kind is Kind.MACHINE and not standing.may(Permission.MANAGE_MEMBERS):
        raise PermissionDenied("Who manages members may make keys for machines.")
    asked = set(permissions)
    if not asked or not asked <= grantable_to(standing):
        raise ValidationError(
            {"permissions": "Tick at least one; only what you may do yourself."}
        )
    if not 1 <= days <= settings.API_TOKEN_LONGEST.days:
        longest = settings.API_TOKEN_LONGEST.days
        raise ValidationError({"days": f"From 1 to {longest} days, please."})
    token, shown = _new(
        user=actor,
        seller=seller,
        kind=kind,
        label=label,
        permissions=sorted(asked),
        lasts=timedelta(days=days),
        now=now,
    )
    record(
        "token.made",
        actor=actor,
        seller_id=seller.pk,
        subject=token,
        details={"kind": kind.value, "permissions": sorted(asked), "days": days},
    )
    _tell(token, "was made", "If it wasn't you, end the key and change your password.")
    return token, shown


@transaction.atomic
def rotate_token(
    *, actor: User, token: ApiToken, now: datetime
) -> tuple[ApiToken, str]:
    """A new token in the place of one that works, and what it is, told this once.

    It reaches as far and lasts as long as the old one did, as long as the person holds
    those rights. It is the actor's own, so that nobody acts in another's name. The old
    one ends after API_TOKEN_OVERLAP, or earlier by itself. Raises ValidationError,
    PermissionDenied.
    """
    lock_sellers(token.seller_id)
    standing = _in_charge(actor, token, now)
    reach = set(token.permissions) & grantable_to(standing)
    if not reach:
        raise ValidationError("You hold none of the rights of this key any more.")
    if token.expiry is None:
        raise ValidationError("This key has no end. Make a new one.")
    new, shown = _new(
        user=actor,
        seller=token.seller,
        kind=token.kind,
        label=token.label,
        permissions=sorted(reach),
        lasts=min(token.expiry - token.created, settings.API_TOKEN_LONGEST),
        now=now,
    )
    until = min(token.expiry, now + settings.API_TOKEN_OVERLAP)
    replaced = ApiToken.objects.filter(
        pk=token.pk, revoked_at=None, replaced_by=None, expiry__gt=now
    ).update(expiry=until, replaced_by=new)
    if not replaced:
        raise ValidationError("This key has ended or was renewed already.")
    record(
        "token.rotated",
        actor=actor,
        seller_id=token.seller_id,
        subject=token,
        details={"replaced_by": str(new.pk)},
    )
    _tell(
        token,
        "was renewed",
        f"The old one works until {_spoken(until)}. Give your program the new one "
        "before that.",
    )
    return new, shown


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken, now: datetime) -> None:
    """End a token at once; doing so again changes nothing. Raises PermissionDenied."""
    if token.user_id != actor.pk:
        _in_charge(actor, token, now)
    revoke_at_once(token, actor, now)


@transaction.atomic
def revoke_as_officer(*, actor: User, token: ApiToken, now: datetime) -> None:
    """End somebody's token from the desk; doing so again changes nothing.

    For compliance officers alone. Raises PermissionDenied.
    """
    if not User.objects.filter(
        pk=actor.pk, is_active=True, staff_role=StaffRole.OFFICER
    ).exists():
        raise PermissionDenied("Only a compliance officer ends others' API keys.")
    revoke_at_once(token, actor, now)


@transaction.atomic
def revoke_tokens_of(
    *, actor: User | None, person: User, seller: Seller | None = None, now: datetime
) -> int:
    """End all tokens of somebody who leaves, at one seller or everywhere; how many."""
    live = ApiToken.objects.filter(user=person, revoked_at=None, expiry__gt=now)
    if seller is not None:
        live = live.filter(seller=seller)
    every = live.select_related("seller")
    return sum(revoke_at_once(token, actor, now) for token in every)


def grantable_to(standing: Standing) -> set[str]:
    """What a token of this person at this seller can open at most."""
    return {p.value for p in FOR_TOKENS if standing.may(p)}


def _standing(actor: User, seller: Seller, now: datetime) -> Standing:
    if actor.is_staff:
        raise PermissionDenied("Our own staff have no API keys.")
    try:
        return standing_at(actor, seller.slug, now=now)
    except Http404:
        raise PermissionDenied("Only a seller's own people have API keys.") from None


def _in_charge(actor: User, token: ApiToken, now: datetime) -> Standing:
    """Personal tokens are their owner's affair, machines' of who manages members."""
    standing = _standing(actor, token.seller, now)
    if token.is_machine and standing.may(Permission.MANAGE_MEMBERS):
        return standing
    if token.user_id != actor.pk or token.is_machine:
        raise PermissionDenied("This key isn't yours.")
    return standing


def _named(label: str) -> str:
    label = label.strip()
    if not 1 <= len(label) <= _LONGEST_LABEL or not label.isprintable():
        raise ValidationError({"label": f"From 1 to {_LONGEST_LABEL} letters, please."})
    return label


def _new(
    *,
    user: User,
    seller: Seller,
    kind: str,
    label: str,
    permissions: list[str],
    lasts: timedelta,
    now: datetime,
) -> tuple[ApiToken, str]:
    digest, shown = get_digest_token()  # type: ignore[no-untyped-call]  # knox has none
    token = ApiToken(
        user=user,
        seller=seller,
        kind=kind,
        label=label,
        permissions=permissions,
        digest=digest,
        token_key=shown[: CONSTANTS.TOKEN_KEY_LENGTH],
        expiry=now + lasts,
    )
    token.save(force_insert=True)
    return token, shown


def revoke_at_once(token: ApiToken, actor: User | None, now: datetime) -> bool:
    """End it, whoever asked for that was looked at before; whether it worked."""
    ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if not ended.update(revoked_at=now):
        return False
    record("token.revoked", actor=actor, seller_id=token.seller_id, subject=token)
    _tell(token, "was ended", "It doesn't work any more. To go on, make a new one.")
    return True


def _tell(token: ApiToken, happened: str, do: str) -> None:
    """A mail to the token's owner; it never holds the token itself."""
    seller = token.seller
    whose = "a machine" if token.is_machine else "your own use"
    outbox.post(
        to=token.user.email,
        subject=f"An API key of {seller.name} {happened}",
        text=(
            f'The API key "{token.label}" ({token.token_key}…), for {whose} at '
            f"{seller.name}, {happened}.\n\n{do}\n\n"
            f"{settings.PUBLIC_ADDRESS}/s/{seller.slug}/api-keys\n"
        ),
        owner=token.user_id,
    )


def _spoken(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
