"""What happens to connected accounts; console, commands and jobs only call it.

Ways to connect: `begin_authorisation` and `complete_authorisation` (the marketplace's
own consent page), `connect_with_secrets` (a private app's token, a seller's own keys).
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from marketplaces import jobs, shelf
from marketplaces.appsecrets import apps_for
from marketplaces.authorisation import begin_authorisation, complete_authorisation
from marketplaces.connecting import (
    ConnectRefused,
    NotSetUp,
    ask,
    check_features,
    keep,
    malformed,
    place_of,
    refuse,
    require_right,
)
from marketplaces.consent import app_for, is_consent_host, seller_app
from marketplaces.contract import Adapter, App, Credentials, Secret, Unreadable
from marketplaces.datamap import Feature
from marketplaces.models import Connection, FeatureSwitch
from plugseller.accounts.models import Seller, User
from plugseller.accounts.services.grants import officers, owners_of
from plugseller.audit.services import record
from plugseller.jobs import outbox
from plugseller.jobs.models import Lease

__all__ = [
    "ConnectRefused",
    "NotSetUp",
    "app_for",
    "ask_for_sync",
    "begin_authorisation",
    "complete_authorisation",
    "connect_with_secrets",
    "connection_of",
    "disconnect",
    "disconnect_as_officer",
    "end_credentials",
    "ended_connections",
    "freeze_connection",
    "hold_connections",
    "is_consent_host",
    "pause_connection",
    "resume_connection",
    "secrets_asked",
    "switch_feature",
    "thaw_connection",
]

_account = re.compile(r"[A-Za-z0-9_-]{3,64}")
_secret = re.compile(r"[!-~]{8,4096}")  # one printable word


def secrets_asked(marketplace: str) -> tuple[str, ...]:
    """What `connect_with_secrets` needs, in order; the first names the account.

    KeyError if the marketplace isn't switched on.
    """
    consent = shelf.adapter(marketplace).consent
    return (consent.account_parameter, *consent.pasted)


def connect_with_secrets(
    *,
    actor: User | None,
    seller: Seller,
    marketplace: str,
    region: str,
    secrets: Mapping[str, str],
    features: Collection[Feature],
    now: datetime,
) -> Connection:
    """Keep an account whose secrets the seller made; proven by one token renewal.

    `secrets` has exactly the names of `secrets_asked`. Raises PermissionDenied,
    ConnectRefused; nothing is stored then.
    """
    require_right(actor, seller)
    try:
        adapter, place = place_of(marketplace, region)
        check_features(adapter, features)
        credentials = _credentials(adapter, secrets, now)
        response = ask(
            adapter,
            place,
            _apps(adapter, credentials, now),
            lambda app: adapter.renewal(app=app, credentials=credentials),
            now=now,
        )
        try:
            adapter.access_from(response=response, now=now)
        except Unreadable:
            raise malformed(adapter) from None
        return keep(
            actor=actor,
            seller=seller,
            adapter=adapter,
            region=place,
            credentials=credentials,
            features=features,
            way="secrets",
            now=now,
        )
    except (ConnectRefused, ImproperlyConfigured) as error:
        refuse(error, actor=actor, seller=seller, marketplace=marketplace)


def _credentials(
    adapter: Adapter, secrets: Mapping[str, str], now: datetime
) -> Credentials:
    """What was pasted, refused by name if it can't be one; never quoted."""
    account, *pasted = secrets_asked(adapter.key)
    rules = {account: _account, **dict.fromkeys(pasted, _secret)}
    for name, rule in rules.items():
        if not rule.fullmatch(secrets.get(name, "")):
            raise ConnectRefused(
                f"The {name} is missing or malformed. Nothing was stored. Copy it "
                f"from {adapter.label} again, whole and without spaces.",
                reason=f"malformed {name}",
            )
    token = secrets.get("refresh_token", "")
    days = adapter.consent.valid_for_days if token else None
    return Credentials(
        account_id=secrets[account],
        refresh_token=Secret(token),
        client_id=secrets.get("client_id", ""),
        client_secret=Secret(secrets.get("client_secret", "")),
        reconnect_by=now + timedelta(days=days) if days else None,
    )


def _apps(adapter: Adapter, credentials: Credentials, now: datetime) -> tuple[App, ...]:
    if credentials.client_secret:  # the seller brings keys
        return (seller_app(adapter.key),)
    return apps_for(adapter.key, now=now)


@transaction.atomic
def switch_feature(
    *,
    actor: User | None,
    connection: Connection,
    feature: Feature,
    on: bool,
    now: datetime | None = None,
) -> FeatureSwitch:
    """Let a feature be fetched from now on, or no more; what was fetched stays.

    Raises PermissionDenied, ConnectRefused for a feature that isn't there.
    """
    require_right(actor, connection.seller)
    adapter, _ = place_of(connection.marketplace, connection.region)
    check_features(adapter, [feature])
    switch, _ = FeatureSwitch.objects.update_or_create(
        connection=connection,
        feature=feature.value,
        defaults={"on": on, "switched_at": now or timezone.now()},
    )
    record(
        "connection.feature_on" if on else "connection.feature_off",
        actor=actor,
        seller_id=connection.seller_id,
        subject=connection,
        details={"feature": feature.value},
    )
    return switch


def disconnect(
    *, actor: User | None, connection: Connection, now: datetime | None = None
) -> Connection:
    """Drop the credentials and stop every pass; what was fetched stays until deleted.

    Raises PermissionDenied.
    """
    require_right(actor, connection.seller)
    return _disconnect(actor, connection, now or timezone.now())


@transaction.atomic
def disconnect_as_officer(
    *, actor: User, connection: Connection, now: datetime
) -> Connection:
    """The same from the desk, where a credential must end at once; owners are mailed.

    For compliance officers alone. Raises PermissionDenied.
    """
    if not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied
    label = f"{connection.marketplace.title()} {connection.region.upper()}"
    for owner in owners_of(connection.seller_id):
        outbox.post(
            to=owner.email,
            subject=f"Your {label} account was disconnected",
            text=(
                f"Our compliance officer disconnected the {label} account of "
                f"{connection.seller.name}. The credentials are destroyed here, and "
                "nothing more is fetched. What was fetched is still there.\n\n"
                f"Questions? Write to {settings.CONTACT_ADDRESS}.\n\n"
                f"{settings.PUBLIC_ADDRESS}/s/{connection.seller.slug}/connections\n"
            ),
            owner=owner.pk,
            now=now,
        )
    return _disconnect(actor, connection, now)


@transaction.atomic
def _disconnect(
    actor: User | None, connection: Connection, now: datetime
) -> Connection:
    changed = (
        Connection.objects.of_seller(connection.seller_id)
        .filter(pk=connection.pk)
        .exclude(status=Connection.Status.DISCONNECTED)
        .update(
            credentials=None,  # ACC-3
            status=Connection.Status.DISCONNECTED,
            trouble="",
            reconnect_by=None,
            ended_at=now,
        )
    )
    if changed:
        _end_passes(connection.pk)
        record(
            "connection.disconnected",
            actor=actor,
            seller_id=connection.seller_id,
            subject=connection,
        )
    connection.refresh_from_db()
    return connection


@transaction.atomic
def freeze_connection(*, connection: UUID, now: datetime) -> bool:
    """Nothing of it is fetched or read from now on, for it is to be deleted.

    False if that was so already. Its credentials stay until the deletion begins, so
    that a withdrawal loses nothing.
    """
    ours = _by_id(connection)
    if not ours.filter(frozen_at=None).update(frozen_at=now):
        return False
    _end_passes(connection)
    frozen = ours.get()
    record("connection.frozen", seller_id=frozen.seller_id, subject=frozen)
    return True


@transaction.atomic
def thaw_connection(*, connection: UUID) -> bool:
    """It is fetched and read again; False if it was never stopped."""
    ours = _by_id(connection)
    if not ours.filter(frozen_at__isnull=False).update(frozen_at=None):
        return False
    thawed = ours.get()
    record("connection.thawed", seller_id=thawed.seller_id, subject=thawed)
    return True


@transaction.atomic
def pause_connection(*, actor: User, connection: UUID, now: datetime) -> bool:
    """Nothing of it is fetched from now on, because of an incident; False if that was
    so already. What was fetched is read as ever, and its credentials stay."""
    ours = _by_id(connection)
    if not ours.filter(paused_at=None).update(paused_at=now):
        return False
    _end_passes(connection)
    paused = ours.get()
    record("connection.paused", actor=actor, seller_id=paused.seller_id, subject=paused)
    return True


@transaction.atomic
def resume_connection(*, actor: User, connection: UUID) -> bool:
    """It is fetched again; False if it wasn't stopped."""
    ours = _by_id(connection)
    if not ours.filter(paused_at__isnull=False).update(paused_at=None):
        return False
    resumed = ours.get()
    record(
        "connection.resumed", actor=actor, seller_id=resumed.seller_id, subject=resumed
    )
    return True


@transaction.atomic
def end_credentials(*, connection: UUID, now: datetime) -> bool:
    """Destroy what a connection is opened with, for good; False if there was nothing.

    Neither Amazon nor Walmart documents an operation by which an app ends its own
    authorisation (reference/amazon.md 2.2, walmart.md 1.6): the seller does it there,
    and `Consent.revoked_by` says how. Without its tokens we can't use it any more.
    """
    used = Q(credentials__isnull=False) | ~Q(status=Connection.Status.DISCONNECTED)
    changed = (
        _by_id(connection)
        .filter(used)
        .update(
            credentials=None,  # ACC-3
            status=Connection.Status.DISCONNECTED,
            reconnect_by=None,
        )
    )
    if not changed:
        return False
    _end_passes(connection)
    ended = _by_id(connection).get()
    if ended.ended_at is None:
        _by_id(connection).update(ended_at=now)
    record("connection.credentials_ended", seller_id=ended.seller_id, subject=ended)
    return True


def hold_connections(seller: UUID) -> "list[Connection]":
    """A seller's connections and the leases of their passes, locked until the
    transaction ends: leases first, as a pass does. Without their credentials."""
    ours = Connection.objects.of_seller(seller).order_by("pk")
    names = [f"sync:{pk}" for pk in ours.values_list("pk", flat=True)]
    list(Lease.objects.select_for_update().filter(name__in=names).order_by("name"))
    return list(ours.select_for_update().defer("credentials"))


def ended_connections() -> "QuerySet[Connection]":
    """Every account whose authorisation ended, or that was disconnected."""
    return (
        Connection.objects.across_sellers(reason="whose data may not be kept for long")
        .filter(
            status__in=[Connection.Status.REVOKED, Connection.Status.DISCONNECTED],
            ended_at__isnull=False,
        )
        .select_related("seller")
        .defer("credentials")
    )


def connection_of(pk: UUID) -> Connection | None:
    """The connection by its id, if it is still there; without its credentials."""
    return _by_id(pk).defer("credentials").first()


def _by_id(connection: UUID) -> "QuerySet[Connection]":
    return Connection.objects.across_sellers(
        reason="a deletion names the connection by its id"
    ).filter(pk=connection)


def _end_passes(connection: UUID) -> None:
    """A pass that is under way holds an access token in memory; without its lease it
    writes nothing more and ends, and the token with it."""
    Lease.objects.filter(name=f"sync:{connection}").update(
        fence=F("fence") + 1, holder="", expires_at=None
    )


def ask_for_sync(*, actor: User, connection: Connection) -> None:
    """Have a worker sync the connection soon.

    Raises PermissionDenied.
    """
    require_right(actor, connection.seller)
    with transaction.atomic():
        record(
            "sync.asked",
            actor=actor,
            seller_id=connection.seller_id,
            subject=connection,
        )
        jobs.start_sync(connection.pk)
