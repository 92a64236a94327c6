"""Walmart's consent page, its token endpoint with three grants, the token detail."""

from base64 import b64decode
from binascii import Error as NotBase64
from urllib.parse import parse_qsl

from marketplaces.adapters.walmart.simulated.answers import (
    gateway_error,
    json_answer,
    milliseconds,
    xml_error,
)
from marketplaces.simulator.desk import APPS, Desk, may_return_to
from marketplaces.simulator.pages import (
    consent_page,
    refusal_page,
    with_parameters,
)
from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account, World

_TITLE = "Walmart (simulated): let an app in"
_MANDATORY = ("responseType", "clientId", "redirectUri", "clientType", "nonce", "state")
_SCOPES = {
    "reports": "no_access",
    "item": "view_only",
    "price": "no_access",
    "lagtime": "no_access",
    "feeds": "no_access",
    "returns": "no_access",
    "orders": "view_only",
    "inventory": "view_only",
    "content": "no_access",
}


class Door:
    """Lets apps and calls in."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk

    def consent(self, call: Call) -> Answer:
        """`/authorize`: back with code, type, clientId, sellerId and state."""
        missing = [name for name in _MANDATORY if not call.value(name)]
        if missing:
            return refusal_page(_TITLE, f"{missing[0]} is missing.")
        if call.value("responseType") != "code" or call.value("clientType") != "seller":
            return refusal_page(_TITLE, "This isn't a request of a seller's app.")
        if call.value("clientId") != APPS["walmart"].client_id:
            return refusal_page(_TITLE, "This app doesn't exist.")
        redirect_uri = call.value("redirectUri")
        if not may_return_to(redirect_uri):
            return refusal_page(_TITLE, "The redirect URI isn't registered.")

        def back(account: Account | None) -> str:
            given = {"state": call.value("state")}
            if account is None:
                given["error"] = "access_denied"
            else:
                given |= {
                    "code": self._desk.code(account, redirect_uri, call.now),
                    "type": "auth",
                    "clientId": call.value("clientId"),
                    "sellerId": account.account_id,
                }
            return with_parameters(redirect_uri, given)

        accounts = self._world.of("walmart")
        return consent_page(call, title=_TITLE, accounts=accounts, back=back)

    def token(self, call: Call) -> Answer:
        """`/v3/token`: a code, a refresh token or own keys become an access token."""
        if "json" not in call.headers.get("accept", ""):
            return xml_error(400, "INVALID_REQUEST.GMP_GATEWAY_API")
        if not _named(call):
            return gateway_error(400, "INVALID_REQUEST_HEADER")
        client_id, client_secret = _basic(call)
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        grant = form.get("grant_type")
        if grant == "client_credentials":
            owner = self._desk.owner_of_keys("walmart", client_id, client_secret)
            return self._given(call, owner) if owner else _unknown_client()
        if not self._desk.is_app("walmart", client_id, client_secret, call.now):
            return _unknown_client()
        if grant == "authorization_code":
            account = self._desk.redeem(
                "walmart", form.get("code", ""), form.get("redirect_uri", ""), call.now
            )
        elif grant == "refresh_token":
            token = form.get("refresh_token", "")
            account = self._desk.owner_of_refresh("walmart", token)
        else:
            return _refused("unsupported_grant_type", "Unknown grant type")
        partner = call.headers.get("wm_partner.id", "")
        if account is None or partner != account.account_id:
            return _refused("invalid_grant", "The grant is invalid, expired or revoked")
        return self._given(call, account, refresh=grant == "authorization_code")

    def _given(self, call: Call, account: Account, *, refresh: bool = False) -> Answer:
        token, seconds = self._desk.access_token(account, call.now)
        told: dict[str, object] = {"access_token": token}
        if refresh:
            told["refresh_token"] = self._desk.refresh_token(account)
        return json_answer(told | {"token_type": "Bearer", "expires_in": seconds})

    def detail(self, call: Call) -> Answer:
        """`/v3/token/detail`. South's authorisation covers more than it should."""
        issued = milliseconds(call.now.timestamp())
        scopes = dict(_SCOPES)
        if call.owner.seller == "South":
            scopes["item"] = "full_access"
        return json_answer(
            {
                "expire_at": str(issued + 900_000),
                "issued_at": str(issued),
                "is_valid": True,
                "scopes": scopes,
            }
        )

    def owner(self, call: Call) -> Account | Answer:
        """Whose token a call carries."""
        if "json" not in call.headers.get("accept", ""):
            return xml_error(406, "NOT_ACCEPTABLE.GMP_GATEWAY_API")
        if not _named(call):
            return gateway_error(400, "INVALID_REQUEST_HEADER")
        token = call.headers.get("wm_sec.access_token", "")
        account = self._desk.owner_of_access("walmart", token, call.now)
        return account or gateway_error(401, "UNAUTHORIZED")


def _named(call: Call) -> bool:
    return bool(
        call.headers.get("wm_svc.name") and call.headers.get("wm_qos.correlation_id")
    )


def _basic(call: Call) -> tuple[str, str]:
    """Client id and secret of HTTP Basic."""
    kind, _, coded = call.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = b64decode(coded, validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        return "", ""
    return (name, secret) if kind == "Basic" else ("", "")


def _unknown_client() -> Answer:
    return gateway_error(401, "UNAUTHORIZED")


def _refused(code: str, description: str) -> Answer:
    return json_answer({"error": code, "error_description": description}, 400)
