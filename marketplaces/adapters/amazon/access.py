"""How a seller lets us in, and what we may call then: Login with Amazon.

Website authorisation: the seller's browser goes to Seller Central, comes back with a
code that lives five minutes, and the code is exchanged for a refresh token, which
Amazon never changes. A private app's refresh token is pasted instead.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from marketplaces.adapters.amazon.asking import AGENT
from marketplaces.contract import (
    Access,
    App,
    Consent,
    Credentials,
    Region,
    Request,
    Response,
    Secret,
    Start,
    Unreadable,
)

try:
    from sp_api.base.marketplaces import Marketplaces
except ValueError as error:
    # The library reads AWS_ENV while it is imported and knows two values of it.
    raise RuntimeError(
        "The variable AWS_ENV has a value that python-amazon-sp-api refuses. "
        "Unset it, or set it to PRODUCTION."
    ) from error

CONSENT_PATH = "/apps/authorize/consent"
LABELS = {"na": "North America", "eu": "Europe", "fe": "Far East"}
_SIGN_IN = {"na": "US", "eu": "GB", "fe": "JP"}  # unless a seller names another

CONSENT_HOSTS = {
    "US": "sellercentral.amazon.com",
    "CA": "sellercentral.amazon.ca",
    "MX": "sellercentral.amazon.com.mx",
    "BR": "sellercentral.amazon.com.br",
    "GB": "sellercentral-europe.amazon.com",
    "DE": "sellercentral-europe.amazon.com",
    "FR": "sellercentral-europe.amazon.com",
    "IT": "sellercentral-europe.amazon.com",
    "ES": "sellercentral-europe.amazon.com",
    "NL": "sellercentral.amazon.nl",
    "SE": "sellercentral.amazon.se",
    "PL": "sellercentral.amazon.pl",
    "BE": "sellercentral.amazon.com.be",
    "IE": "sellercentral.amazon.ie",
    "TR": "sellercentral.amazon.com.tr",
    "AE": "sellercentral.amazon.ae",
    "SA": "sellercentral.amazon.sa",
    "EG": "sellercentral.amazon.eg",
    "ZA": "sellercentral.amazon.co.za",
    "IN": "sellercentral.amazon.in",
    "JP": "sellercentral.amazon.co.jp",
    "AU": "sellercentral.amazon.com.au",
    "SG": "sellercentral.amazon.sg",
}
"""Where a seller of a country signs in: the documented "Seller Central URLs"."""

CONSENT = Consent(
    token_host="api.amazon.com",  # noqa: S106 - a host, not a token
    consent_hosts=tuple(dict.fromkeys(CONSENT_HOSTS.values())),
    parameters=("state", "selling_partner_id", "spapi_oauth_code"),
    account_parameter="selling_partner_id",
    valid_for_days=365,
    revoked_by="In Seller Central, open Manage Your Apps and disable Plug Seller.",
    pasted=("refresh_token",),
    token_path="/auth/o2/token",  # noqa: S106 - a path, not a token
    start=Start(
        return_parameter="amazon_callback_uri",
        needed=("amazon_state",),
        fixed=(("version", "beta"),),
    ),
)


def regions() -> tuple[Region, ...]:
    """Amazon's three regions with their hosts and stores, as the library lists them.

    RuntimeError if the library was imported for Amazon's sandbox (AWS_ENV=SANDBOX):
    its hosts aren't those we promise to call (USE-2).
    """
    stores: dict[str, list[str]] = {}
    for store in Marketplaces:
        stores.setdefault(store.endpoint, []).append(store.marketplace_id)
    hosts = {f"sellingpartnerapi-{key}.amazon.com": key for key in LABELS}
    if {endpoint.removeprefix("https://") for endpoint in stores} != hosts.keys():
        raise RuntimeError(
            "python-amazon-sp-api doesn't name Amazon's production addresses. "
            "Unset the variable AWS_ENV, or set it to PRODUCTION."
        )
    return tuple(
        Region(
            key=key,
            label=LABELS[key],
            api_host=host,
            markets=tuple(dict.fromkeys(stores[f"https://{host}"])),
            consent_host=CONSENT_HOSTS[_SIGN_IN[key]],
            consent_hosts=tuple(
                dict.fromkeys(
                    CONSENT_HOSTS[store.name]
                    for store in Marketplaces
                    if store.endpoint == f"https://{host}"
                )
            ),
        )
        for host, key in hosts.items()
    )


class _Token(msgspec.Struct, gc=False):
    access_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - a word, not a token
    refresh_token: str = ""


_token = msgspec.json.Decoder(_Token).decode
_header_value = re.compile(r"[!-~]+")
_account = re.compile(r"[A-Za-z0-9]{1,64}")


def consent_address(*, base: str, app: App, state: str, nonce: str) -> str:
    """Seller Central's page; `version=beta` is refused once the app is published and
    demanded before (MD1000). Amazon knows no nonce: the state alone is bound."""
    parameters = {
        "application_id": app.application_id,
        "state": state,
        "redirect_uri": app.redirect_uri,
    }
    if app.draft:
        parameters["version"] = "beta"
    return f"{base.rstrip('/')}{CONSENT_PATH}?{urlencode(parameters)}"


def exchange(*, app: App, callback: Mapping[str, str]) -> Request:
    """The code for a refresh token. The code is good once and for five minutes."""
    code = callback.get("spapi_oauth_code", "")
    if not code:
        raise Unreadable("The callback from Amazon carries no spapi_oauth_code.")
    return _token_request(
        app, grant_type="authorization_code", code=code, redirect_uri=app.redirect_uri
    )


def credentials_from(
    *, response: Response, callback: Mapping[str, str], now: datetime
) -> Credentials:
    """The refresh token with the account the callback named."""
    account = callback.get("selling_partner_id", "")
    if not _account.fullmatch(account):
        raise Unreadable("The callback from Amazon names no selling_partner_id.")
    refresh_token = _answer(response).refresh_token
    if not refresh_token:
        raise Unreadable("Amazon's token answer carries no refresh_token.")
    return Credentials(
        account_id=account,
        refresh_token=Secret(refresh_token),
        reconnect_by=now + timedelta(days=CONSENT.valid_for_days or 0),
    )


def renewal(*, app: App, credentials: Credentials) -> Request:
    """A fresh access token; Unreadable, and nothing sent, without a refresh token."""
    if not credentials.refresh_token:
        raise Unreadable("The connection to Amazon holds no refresh token.")
    return _token_request(
        app,
        grant_type="refresh_token",
        refresh_token=credentials.refresh_token.reveal(),
    )


def of_our_own(app: App, scope: str) -> Request:
    """An access token of the app itself, for a call that no seller's token opens."""
    return _token_request(app, grant_type="client_credentials", scope=scope)


def access_from(*, response: Response, now: datetime) -> Access:
    answer = _answer(response)
    return Access(
        token=Secret(answer.access_token),
        expires_at=now + timedelta(seconds=answer.expires_in),
    )


def _token_request(app: App, **grant: str) -> Request:
    body = urlencode(
        {
            **grant,
            "client_id": app.client_id,
            "client_secret": app.client_secret.reveal(),
        }
    )
    return Request(
        operation=None,
        endpoint="token",
        method="POST",
        path=CONSENT.token_path,
        headers=(
            ("accept", "application/json"),
            ("user-agent", AGENT),
            ("content-type", "application/x-www-form-urlencoded;charset=UTF-8"),
        ),
        body=body.encode(),
    )


def _answer(response: Response) -> _Token:
    answer = None
    # What the decoder stumbled over may be a secret: its error isn't even chained.
    with suppress(ValueError, RecursionError):
        answer = _token(response.body)
    if answer is None or not (
        _header_value.fullmatch(answer.access_token) and 0 < answer.expires_in <= 86_400
    ):
        raise Unreadable("Amazon's token answer isn't what it should be.")
    return answer
