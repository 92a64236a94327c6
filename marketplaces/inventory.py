"""Authorisations and our own app's secrets, for the inventory (ACC-3)."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, Q, When
from django.db.models.functions import Coalesce

from marketplaces import rotation, shelf
from marketplaces.appsecrets import KEEP_AT_MOST, live_secrets
from marketplaces.contract import Adapter
from marketplaces.models import AppSecret, Connection
from marketplaces.services import disconnect_as_officer
from plugseller.accounts.inventory import AT_ONCE
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole
from plugseller.shelves import CredentialRow, credentials

_REASON = "the inventory shows when credentials of all sellers are due, no contents"
_NAMES = uuid.UUID("0b1f5f0a-6e0e-4c0b-8a9d-2f4d3c5e7a90")
_OUR_LIMIT = F("connected_at") + KEEP_AT_MOST
_LIVE = (Connection.Status.ACTIVE, Connection.Status.ATTENTION)


def authorisations(
    now: datetime, until: datetime | None, only: uuid.UUID | None = None
) -> Iterator[CredentialRow]:
    """What sellers let us in with: by the marketplace's own limit, else by ours."""
    live = Connection.objects.across_sellers(reason=_REASON).filter(status__in=_LIVE)
    if until is not None:
        ours = Q(reconnect_by=None, connected_at__lte=until - KEEP_AT_MOST)
        live = live.filter(Q(reconnect_by__lte=until) | ours)
    if only is not None:
        live = live.filter(pk=only)
    found = live.select_related("seller").defer("credentials")
    due = Coalesce("reconnect_by", ExpressionWrapper(_OUR_LIMIT, DateTimeField()))
    well = Case(When(status=Connection.Status.ATTENTION, then=0), default=1)
    for one in found.order_by(well, due, "pk").iterator(AT_ONCE):
        yield _authorisation(one)


def _authorisation(one: Connection) -> CredentialRow:
    label = shelf.adapter(one.marketplace).label if _known(one) else one.marketplace
    slug = one.seller.slug
    needs = one.status == Connection.Status.ATTENTION
    kind = "Authorisation" if one.reconnect_by else "Seller's own keys"
    return CredentialRow(
        subject_id=one.pk,
        kind=f"{kind} at {label}",
        label=f"{one.region.upper()} {str(one.pk)[:8]}",
        owner=slug,
        seller_id=one.seller_id,
        created_at=one.connected_at,
        last_used_at=one.proved_at,
        due_at=one.reconnect_by or one.connected_at + KEEP_AT_MOST,
        trouble=(one.trouble or "It needs attention.") if needs else "",
        note="Connect the account again before that day; nothing is lost meanwhile.",
        can=("disconnect",),
        page=f"/s/{slug}/connections/{one.pk}",
    )


def _known(one: Connection) -> bool:
    return one.marketplace in settings.MARKETPLACES


def own_secrets(
    now: datetime, until: datetime | None, only: uuid.UUID | None = None
) -> Iterator[CredentialRow]:
    """Our own app's secrets; of two only the newer is due, the other ends by itself."""
    for adapter in shelf.adapters():
        rows = [
            _secret(adapter, one, is_newest=number == 0, now=now)
            for number, one in enumerate(live_secrets(adapter.key))
        ] or _unseen(adapter)
        for row in rows:
            if until is None or (row.due_at is not None and row.due_at <= until):
                yield row


def _secret(
    adapter: Adapter, one: AppSecret, *, is_newest: bool, now: datetime
) -> CredentialRow:
    trouble, due = "", one.valid_until
    if one.refused_at:
        trouble = f"{adapter.label} refuses it since {_spoken(one.refused_at)}."
    waiting = rotation.open_rotation(adapter.key) if is_newest else None
    if waiting is not None:
        due = min(due or waiting.old_until, waiting.old_until)
        if now - waiting.asked_at >= rotation.SHOUTS[0]:
            trouble = (
                f"A new one was asked for on {_spoken(waiting.asked_at)} and didn't "
                f"come. This one works until {_spoken(waiting.old_until)}."
            )
    return CredentialRow(
        subject_id=one.pk,
        kind=f"Client secret of our app at {adapter.label}",
        label=f"{one.get_origin_display().lower()}, {one.fingerprint[-8:]}",
        owner="Plug Seller",
        created_at=one.valid_from,
        last_used_at=one.proved_at,
        due_at=due if is_newest else None,
        trouble=trouble,
        note=_how(adapter) if is_newest else "A newer one took its place.",
        can=("rotate",) if is_newest and adapter.own_secret.rotation else (),
    )


def _how(adapter: Adapter) -> str:
    own = adapter.own_secret
    if own.rotation is None:
        return own.by_hand
    command = f"manage.py rotate_app_secret {adapter.key}"
    return f"Replace it with the button, or with: {command}"


def _unseen(adapter: Adapter) -> list[CredentialRow]:
    """A secret of the environment that the timetable hasn't noted yet."""
    if not settings.MARKETPLACE_APPS[adapter.key]["client_secret"]:
        return []
    return [
        CredentialRow(
            subject_id=uuid.uuid5(_NAMES, adapter.key),
            kind=f"Client secret of our app at {adapter.label}",
            label="from the environment, not used yet",
            owner="Plug Seller",
        )
    ]


def disconnect(*, actor: User, subject_id: uuid.UUID, now: datetime) -> str:
    """See `shelves.Does`."""
    found = Connection.objects.across_sellers(reason=_REASON)
    one = found.select_related("seller").get(pk=subject_id)
    disconnect_as_officer(actor=actor, connection=one, now=now)
    return "Disconnected. The credentials are destroyed here, the owners were mailed."


def rotate(*, actor: User, subject_id: uuid.UUID, now: datetime) -> str:
    """See `shelves.Does`. For officers and operators."""
    may = (StaffRole.OFFICER, StaffRole.OPERATOR)
    if not User.objects.filter(
        pk=actor.pk, is_active=True, staff_role__in=may
    ).exists():
        raise PermissionDenied
    one = AppSecret.objects.get(pk=subject_id)
    if one.marketplace not in settings.MARKETPLACES:
        raise ValidationError("This marketplace isn't switched on.")
    rotation.ask_for_new_secret(actor=actor, marketplace=one.marketplace, now=now)
    return (
        "A new secret is on its way through the queue. The one in use works on; you "
        "get a mail when the new one is in use, or if it doesn't come."
    )


def _spoken(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


credentials("authorisations", authorisations, {"disconnect": disconnect}, in_order=True)
credentials("own secrets", own_secrets, {"rotate": rotate})
