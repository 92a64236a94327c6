"""How a seller lets us in at Walmart, and how tokens are asked for.

Two ways (developer.walmart.com, "OAuth 2.0 authorization", "Generate API keys"):
- our own app: the seller agrees on Walmart's page, the code is exchanged for a refresh
  token that is good for 365 days;
- the seller's own keys: a client id and secret that the seller made for an own use of
  the API; always with full access, so only for a seller who runs this service alone.

The long-lived secret goes to `/v3/token` only, as HTTP Basic. Business calls carry the
token of 15 minutes in `WM_SEC.ACCESS_TOKEN`.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from marketplaces.contract import (
    Access,
    App,
    Consent,
    Credentials,
    OwnSecret,
    Region,
    Request,
    Response,
    Secret,
    Unreadable,
)

SERVICE = "Walmart Marketplace"
TOKEN_PATH = "/v3/token"  # noqa: S105 (an address, not a secret)

REGIONS: tuple[Region, ...] = (
    Region(
        key="us",
        label="United States",
        api_host="marketplace.walmartapis.com",
        markets=("US",),
    ),
)

CONSENT = Consent(
    token_host="marketplace.walmartapis.com",  # noqa: S106 (an address)
    consent_hosts=("login.account.wal-mart.com",),
    parameters=("code", "type", "clientId", "sellerId", "state"),
    account_parameter="sellerId",
    valid_for_days=365,
    revoked_by=(
        "Remove Plug Seller under App Store in Walmart's Seller Center, or reset your "
        "own keys at developer.walmart.com."
    ),
    pasted=("client_id", "client_secret"),
    token_path=TOKEN_PATH,
)

OWN_SECRET = OwnSecret(
    lasts=None,
    overlap=timedelta(days=7),
    by_hand=(
        "At developer.walmart.com, reset the secret under the app's API keys, then "
        "enter the new pair with: manage.py rotate_app_secret walmart --by-hand"
    ),
)
"""Walmart documents no call for this, and no end of a secret (as of 2026-11-23)."""

_seller_id = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Token(msgspec.Struct, gc=False):
    access_token: str
    expires_in: int
    refresh_token: str = ""


_token = msgspec.json.Decoder(_Token).decode


def consent_address(*, base: str, app: App, state: str, nonce: str) -> str:
    """Walmart's page; parameter names are camelCase there, and all are mandatory."""
    query = urlencode(
        {
            "responseType": "code",
            "clientId": app.client_id,
            "redirectUri": app.redirect_uri,
            "clientType": "seller",
            "nonce": nonce,
            "state": state,
        }
    )
    return f"{base}/authorize?{query}"


def exchange(*, app: App, callback: Mapping[str, str]) -> Request:
    """Code -> tokens. The seller id of the callback isn't proven until this succeeds.

    Raises Unreadable for a callback that isn't Walmart's answer to our app.
    """
    if callback.get("type", "auth") != "auth":
        raise Unreadable("The callback isn't of Walmart's type auth.")
    if callback.get("clientId") != app.client_id:
        raise Unreadable("The callback is for another app than ours.")
    if not callback.get("code"):
        raise Unreadable("The callback carries no code.")
    return _token_request(
        client_id=app.client_id,
        client_secret=app.client_secret,
        partner=_partner(callback.get("sellerId", "")),
        form={
            "grant_type": "authorization_code",
            "code": callback["code"],
            "redirect_uri": app.redirect_uri,
        },
    )


def credentials_from(
    *, response: Response, callback: Mapping[str, str], now: datetime
) -> Credentials:
    """What to seal; Unreadable without a refresh token."""
    token = _read(response)
    if not token.refresh_token:
        raise Unreadable("Walmart's token answer holds no refresh token.")
    return Credentials(
        account_id=_partner(callback.get("sellerId", "")),
        refresh_token=Secret(token.refresh_token),
        reconnect_by=now + timedelta(days=CONSENT.valid_for_days or 0),
    )


def renewal(*, app: App, credentials: Credentials) -> Request:
    """A fresh access token, by the seller's own keys if there are any."""
    if credentials.client_secret:
        return _token_request(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            partner="",
            form={"grant_type": "client_credentials"},
        )
    return _token_request(
        client_id=app.client_id,
        client_secret=app.client_secret,
        partner=_partner(credentials.account_id),
        form={
            "grant_type": "refresh_token",
            "refresh_token": credentials.refresh_token.reveal(),
        },
    )


def access_from(*, response: Response, now: datetime) -> Access:
    """The access token of a token answer; Unreadable if there is none."""
    token = _read(response)
    return Access(
        token=Secret(token.access_token),
        expires_at=now + timedelta(seconds=token.expires_in),
    )


def _token_request(
    *, client_id: str, client_secret: Secret, partner: str, form: dict[str, str]
) -> Request:
    basic = b64encode(f"{client_id}:{client_secret.reveal()}".encode()).decode()
    headers = [
        ("Authorization", f"Basic {basic}"),
        ("WM_SVC.NAME", SERVICE),
        # Walmart wants a fresh id per call; nothing is decided or guarded by it.
        ("WM_QOS.CORRELATION_ID", str(uuid4())),
        ("Accept", "application/json"),  # otherwise it answers in XML
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    if partner:
        headers.append(("WM_PARTNER.ID", partner))
    return Request(
        operation=None,
        endpoint="token",
        method="POST",
        path=TOKEN_PATH,
        headers=tuple(headers),
        body=urlencode(form).encode(),
    )


def _partner(seller_id: str) -> str:
    """The id, if it may stand in a header; it comes from the browser."""
    if not _seller_id.fullmatch(seller_id):
        raise Unreadable("The seller id isn't one of Walmart's.")
    return seller_id


def _read(response: Response) -> _Token:
    try:
        token = _token(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("Walmart's token answer isn't one.") from None
    printable = all("!" <= c <= "~" for c in token.access_token)
    if not token.access_token or not printable or not 0 < token.expires_in <= 86_400:
        raise Unreadable("Walmart's token answer holds no usable token.")
    return token
