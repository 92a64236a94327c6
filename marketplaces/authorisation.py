"""A seller lets us in at the marketplace's own page and comes back with a code.

The way there is bound to one browser session, good once and for ten minutes (the
threat: somebody's code ends up in somebody else's seller). What is kept of it are
hashes; the code itself is never stored, logged or put into an exception.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from marketplaces.appsecrets import apps_for
from marketplaces.connecting import (
    ConnectRefused,
    ask,
    check_features,
    keep,
    malformed,
    may_connect,
    place_of,
    refuse,
    require_right,
)
from marketplaces.consent import app_for, consent_base, is_consent_host
from marketplaces.contract import Credentials, Unreadable
from marketplaces.datamap import Feature
from marketplaces.models import ConnectAttempt, Connection
from plugseller.accounts.models import Seller, User
from plugseller.audit.services import record

LIFE = timedelta(minutes=10)
_STATE_BYTES = 32


def begin_authorisation(
    *,
    actor: User,
    seller: Seller,
    marketplace: str,
    region: str,
    features: Collection[Feature],
    session_key: str,
    now: datetime,
    renews: Connection | None = None,
    return_to: str = "",
    carried: Mapping[str, str] | None = None,
) -> str:
    """Open an attempt and give the address of the marketplace's consent page.

    `renews`: only this account may come back. `return_to` is the address a marketplace
    named when it started the way itself (Amazon's `amazon_callback_uri`), `carried`
    what it wants back there; an address that isn't the marketplace's is refused.

    Raises PermissionDenied and ConnectRefused.
    """
    require_right(actor, seller)
    try:
        adapter, place = place_of(marketplace, region)
        check_features(adapter, features)
        if not session_key:
            raise ConnectRefused(
                "There is no session to come back to. Nothing was connected. Sign in "
                "and start again.",
                reason="no session",
            )
        if renews is not None and renews.seller_id != seller.pk:
            raise malformed(adapter)
        if return_to and not is_consent_host(marketplace, return_to):
            raise ConnectRefused(
                f"The address to go on to isn't one of {adapter.label}. Nothing was "
                "connected. Start again from Connections.",
                reason="foreign address",
            )
        app = app_for(marketplace)
        base = consent_base(adapter, place)
    except (ConnectRefused, ImproperlyConfigured) as error:
        refuse(error, actor=actor, seller=seller, marketplace=marketplace)
    state = secrets.token_urlsafe(_STATE_BYTES)
    nonce = secrets.token_urlsafe(_STATE_BYTES)
    address = adapter.consent_address(base=base, app=app, state=state, nonce=nonce)
    if return_to:
        query = {
            **(carried or {}),
            "state": state,
            "redirect_uri": app.redirect_uri,
            **({"version": "beta"} if app.draft else {}),
        }
        address = f"{return_to}{'&' if '?' in return_to else '?'}{urlencode(query)}"
    with transaction.atomic():
        attempt = ConnectAttempt.objects.create(
            state_hash=_hashed(state),
            session_hash=_hashed(session_key),
            seller=seller,
            renews=renews,
            marketplace=marketplace,
            region=region,
            features=sorted(feature.value for feature in features),
            started_at=now,
        )
        record(
            "connection.begun",
            actor=actor,
            seller_id=seller.pk,
            subject=attempt,
            details={"marketplace": marketplace, "region": region},
        )
    return address


def complete_authorisation(
    *,
    actor: User,
    session_key: str,
    marketplace: str,
    callback: Mapping[str, str],
    now: datetime,
) -> Connection:
    """Exchange the code that the seller's browser brought, and keep the account.

    Raises ConnectRefused, and then no connection was made or changed. The attempt is
    claimed before the exchange, so of two callbacks with one state one is refused.
    """
    attempt = None
    try:
        attempt = _claim(actor, session_key, marketplace, callback, now)
        features = [Feature(name) for name in attempt.features]
        credentials = _exchanged(attempt, callback, now)
        _refuse_another_account(attempt, credentials)
        adapter, place = place_of(marketplace, attempt.region)
        return keep(
            actor=actor,
            seller=attempt.seller,
            adapter=adapter,
            region=place,
            credentials=credentials,
            features=features,
            way="consent",
            now=now,
        )
    except (ConnectRefused, ImproperlyConfigured) as error:
        seller = attempt.seller if attempt else None
        refuse(error, actor=actor, seller=seller, marketplace=marketplace)


def _claim(
    actor: User,
    session_key: str,
    marketplace: str,
    callback: Mapping[str, str],
    now: datetime,
) -> ConnectAttempt:
    """The attempt this callback ends, marked as used; one answer to all that's wrong.

    A callback from another session doesn't use the attempt up: else a stranger who
    saw the state could spoil it.
    """
    stale = ConnectRefused(
        "This authorisation can't be used: it is too old, was used before, or began "
        "in another browser. Nothing was connected. Start again from Connections.",
        reason="state",
    )
    state = callback.get("state", "")
    open_attempts = ConnectAttempt.objects.filter(
        state_hash=_hashed(state),
        session_hash=_hashed(session_key),
        marketplace=marketplace,
        used_at=None,
        started_at__gt=now - LIFE,
        started_at__lte=now,
    )
    attempt = open_attempts.select_related("seller", "renews").first()
    if not state or not session_key or attempt is None:
        raise stale
    if not may_connect(actor, attempt.seller):
        raise stale
    if open_attempts.filter(pk=attempt.pk).update(used_at=now) != 1:
        raise stale
    return attempt


def _exchanged(
    attempt: ConnectAttempt, callback: Mapping[str, str], now: datetime
) -> Credentials:
    adapter, place = place_of(attempt.marketplace, attempt.region)
    if not all(callback.get(name) for name in adapter.consent.parameters):
        raise ConnectRefused(
            f"{adapter.label} sent you back without its consent. Nothing was "
            "connected. Start again, and approve on its page.",
            reason="no consent",
        )
    response = ask(
        adapter,
        place,
        apps_for(attempt.marketplace, now=now),
        lambda app: adapter.exchange(app=app, callback=callback),
        now=now,
    )
    try:
        return adapter.credentials_from(response=response, callback=callback, now=now)
    except Unreadable:
        raise malformed(adapter) from None


def _refuse_another_account(attempt: ConnectAttempt, credentials: Credentials) -> None:
    if attempt.renews and attempt.renews.account_id != credentials.account_id:
        raise ConnectRefused(
            "You approved another account than the one to be renewed. Nothing was "
            "changed. Sign in there with the right account and start again.",
            reason="another account",
        )


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
