"""What every way to connect an account shares: asking the marketplace, keeping it."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import IntegrityError, transaction

from marketplaces import shelf
from marketplaces.appsecrets import first_accepted
from marketplaces.contract import (
    Adapter,
    App,
    Credentials,
    Failure,
    Region,
    Request,
    Response,
    Trouble,
    Unreadable,
)
from marketplaces.credentials import pack
from marketplaces.datamap import NOT_PERMITTED, Feature, OperationNotPermitted
from marketplaces.models import Connection, FeatureSwitch
from marketplaces.transport import CallFailed, open_transport
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services.sellers import lock_sellers
from plugseller.accounts.tenancy import sellers_visible_to
from plugseller.audit.services import record
from plugseller.custody.models import Tombstone
from plugseller.custody.services import is_buried

logger = logging.getLogger(__name__)

Pauses = Callable[[UUID], datetime | None]
_pauses: list[Pauses] = []


def pause_new_accounts(pauses: Pauses) -> None:
    """Say who knows since when nothing of a seller is fetched; None: it is fetched."""
    _pauses.append(pauses)


class ConnectRefused(Exception):
    """An account wasn't connected; the text is for the person who tried.

    `reason` is one or two words for the audit log.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotSetUp(ConnectRefused):
    """The operator must set something up first; the text names the setting."""

    def __init__(self, error: ImproperlyConfigured) -> None:
        super().__init__(f"{error} Nothing was connected.", reason="not set up")


def refuse(
    error: ConnectRefused | ImproperlyConfigured,
    *,
    actor: User | None,
    seller: Seller | None,
    marketplace: str,
) -> NoReturn:
    """Record that nothing was connected and why, then raise the refusal."""
    refused = error if isinstance(error, ConnectRefused) else NotSetUp(error)
    with transaction.atomic():
        record(
            "connection.refused",
            actor=actor,
            seller_id=seller.pk if seller else None,
            details={"marketplace": marketplace[:20], "reason": refused.reason},
        )
    raise refused from None


def may_connect(actor: User | None, seller: Seller) -> bool:
    """Whether the person holds the right there; None is an operator's command."""
    if actor is None:
        return True
    allowed = sellers_visible_to(actor, Permission.MANAGE_CONNECTIONS)  # not frozen
    return allowed.filter(pk=seller.pk).exists()


def require_right(actor: User | None, seller: Seller) -> None:
    """PermissionDenied without the right to connect and disconnect there."""
    if not may_connect(actor, seller):
        raise PermissionDenied


def place_of(marketplace: str, region: str) -> tuple[Adapter, Region]:
    """The adapter and its region; ConnectRefused if there is no such place."""
    try:
        adapter = shelf.adapter(marketplace)
    except KeyError:
        raise ConnectRefused(
            f"“{marketplace}” isn't a marketplace that is switched on here. Nothing "
            f"was connected. There are: {', '.join(settings.MARKETPLACES)}.",
            reason="unknown marketplace",
        ) from None
    for place in adapter.regions:
        if place.key == region:
            return adapter, place
    known = ", ".join(place.key for place in adapter.regions)
    raise ConnectRefused(
        f"{adapter.label} has no region “{region}”. Nothing was connected. "
        f"There are: {known}.",
        reason="unknown region",
    )


def check_features(adapter: Adapter, features: Collection[Feature]) -> None:
    """ConnectRefused for a feature that the marketplace's data map doesn't hold."""
    known = shelf.datamap().features(adapter.key)
    for feature in features:
        if feature not in known:
            raise ConnectRefused(
                f"{adapter.label} has no feature “{feature}”. Nothing was connected. "
                f"There are: {', '.join(known)}.",
                reason="unknown feature",
            )


def ask(
    adapter: Adapter,
    region: Region,
    apps: Collection[App],
    make: Callable[[App], Request],
    *,
    now: datetime,
) -> Response:
    """The good answer to a token request as our app; ConnectRefused if there is none.

    Called outside of any transaction: it waits for the network.
    """
    try:
        with open_transport(adapter.key, region.key) as transport:

            def attempt(app: App) -> Response | Failure:
                response = transport.send(make(app))
                return adapter.token_failure(response) or response

            found = first_accepted(apps, attempt, now=now)
    except CallFailed as failed:
        raise ConnectRefused(
            f"{failed} Nothing was connected. Try again in a few minutes.",
            reason=failed.code,
        ) from None
    except OperationNotPermitted as error:
        logger.error("%s", error)
        raise ConnectRefused(
            "Our own program tried a call that it may not make. It was refused before "
            "anything was sent, and nothing was connected. Our officers hear of it.",
            reason=NOT_PERMITTED,
        ) from None
    except Unreadable:
        raise malformed(adapter) from None
    if isinstance(found, Failure):
        raise ConnectRefused(_meaning(adapter, found), reason=found.code)
    return found


def malformed(adapter: Adapter) -> ConnectRefused:
    """Something that can't have come from the marketplace."""
    return ConnectRefused(
        f"What came back isn't what {adapter.label} sends. Nothing was connected. "
        "Start again from Connections.",
        reason="malformed",
    )


def _meaning(adapter: Adapter, failure: Failure) -> str:
    label = adapter.label
    if failure.trouble in (Trouble.THROTTLED, Trouble.DOWN):
        return (
            f"{label} can't answer now ({failure.code}). Nothing was connected. "
            "Try again in a few minutes."
        )
    if failure.code in ("invalid_client", "unauthorized_client"):
        return (
            f"{label} doesn't accept the app's keys ({failure.code}). Nothing was "
            "connected. The operator of this service must check them."
        )
    return (
        f"{label} doesn't accept this authorisation ({failure.code}). Nothing was "
        "connected. Start again, and check that it is whole and belongs to this app."
    )


def keep(
    *,
    actor: User | None,
    seller: Seller,
    adapter: Adapter,
    region: Region,
    credentials: Credentials,
    features: Collection[Feature],
    way: str,
    now: datetime,
) -> Connection:
    """Seal the credentials in the seller's connection, a new one or the one it had.

    ConnectRefused if another seller has the account, in words that don't say so.
    """
    try:
        with transaction.atomic():
            held = lock_sellers(seller.pk)  # who pauses or resumes it waits, or is done
            connection = _own(seller, adapter, region, credentials.account_id)
            _must_stay(held, connection)
            is_new = connection is None
            connection = connection or Connection(
                seller=seller,
                marketplace=adapter.key,
                region=region.key,
                account_id=credentials.account_id,
            )
            connection.credentials = pack(credentials)
            connection.status = Connection.Status.ACTIVE
            connection.trouble = ""
            connection.connected_at = now
            connection.reconnect_by = credentials.reconnect_by
            connection.ended_at = None
            if connection.paused_at is None:
                connection.paused_at = _paused_since(seller)
            connection.save(force_insert=is_new)
            for feature in shelf.datamap().features(adapter.key):
                FeatureSwitch.objects.update_or_create(
                    connection=connection,
                    feature=feature.value,
                    defaults={"on": feature in features, "switched_at": now},
                )
            record(
                "connection.connected" if is_new else "connection.reconnected",
                actor=actor,
                seller_id=seller.pk,
                subject=connection,
                details={
                    "marketplace": adapter.key,
                    "region": region.key,
                    "way": way,
                    "features": sorted(feature.value for feature in features),
                },
            )
            return connection
    except IntegrityError:  # one_seller_per_marketplace_account
        # Whose it is isn't said: one could ask for any account that way.
        raise ConnectRefused(
            f"This {adapter.label} account can't be connected here. Nothing was "
            f"stored. If it is yours, write to {settings.CONTACT_ADDRESS}.",
            reason="account taken",
        ) from None


def _must_stay(held: list[Seller], connection: Connection | None) -> None:
    """ConnectRefused for what is to be deleted: asked again with the seller's row held,
    because the request may have come while the marketplace was asked."""
    gone = not held or is_buried(Tombstone.Kind.SELLER, held[0].pk)
    frozen = connection is not None and connection.frozen_at is not None
    if gone or held[0].frozen_at is not None or frozen:
        raise ConnectRefused(
            "This account is to be deleted. Nothing was connected. To keep it, "
            "withdraw the deletion first, under Deletion, and connect again then.",
            reason="being deleted",
        )


def _paused_since(seller: Seller) -> datetime | None:
    """Since when the seller isn't fetched; asked with its row held, as who pauses
    does, so that no account slips through between the two."""
    told = filter(None, (pauses(seller.pk) for pauses in _pauses))
    return min(told, default=None)


def _own(
    seller: Seller, adapter: Adapter, region: Region, account_id: str
) -> Connection | None:
    """The connection the seller has or had to that account; the live one first."""
    found = Connection.objects.of_seller(seller).filter(
        marketplace=adapter.key, region=region.key, account_id=account_id
    )
    live = found.exclude(status=Connection.Status.DISCONNECTED)
    return live.first() or found.order_by("-connected_at").first()
