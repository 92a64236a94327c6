"""Login with Amazon: the consent page, codes and tokens."""

from urllib.parse import parse_qsl

from marketplaces.adapters.amazon.simulated.answers import denied, json_answer
from marketplaces.simulator.desk import APPS, Desk, may_return_to
from marketplaces.simulator.pages import (
    consent_page,
    refusal_page,
    with_parameters,
)
from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account, World

ROTATION = "sellingpartnerapi::client_credential:rotation"
AMAZON_STATE = "simulated-amazon-state"
_TITLE = "Amazon Seller Central (simulated): authorise an app"


class Door:
    """Lets apps and calls in."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk

    def consent(self, call: Call) -> Answer:
        """`/apps/authorize/consent`: back with state, partner id and a code."""
        return self._ask(call, call.value("application_id"))

    def confirm(self, call: Call) -> Answer:
        """The same where the seller began at Amazon: our `amazon_state` comes back."""
        if call.value("amazon_state") != AMAZON_STATE:
            return refusal_page(_TITLE, "This isn't where the authorisation began.")
        return self._ask(call, call.names["application"])

    def _ask(self, call: Call, application: str) -> Answer:
        redirect_uri = call.value("redirect_uri")
        if application != APPS["amazon"].application_id:
            return refusal_page(_TITLE, "MD5100: this application doesn't exist.")
        if "#" in redirect_uri:
            return refusal_page(_TITLE, "MD5110: the redirect URI contains “#”.")
        if not may_return_to(redirect_uri):
            return refusal_page(_TITLE, "MD5101: the redirect URI isn't registered.")
        state = call.value("state")

        def back(account: Account | None) -> str:
            if account is None:
                given = {"state": state, "error": "access_denied"}
            else:
                given = {
                    "state": state,
                    "selling_partner_id": account.account_id,
                    "spapi_oauth_code": self._desk.code(
                        account, redirect_uri, call.now
                    ),
                }
            return with_parameters(redirect_uri, given)

        accounts = self._world.of("amazon")
        return consent_page(call, title=_TITLE, accounts=accounts, back=back)

    def token(self, call: Call) -> Answer:
        """`/auth/o2/token`: a code or a refresh token becomes an access token."""
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        if not self._desk.is_app(
            "amazon",
            form.get("client_id", ""),
            form.get("client_secret", ""),
            call.now,
        ):
            return _refused(401, "invalid_client", "Client authentication failed")
        match form.get("grant_type"):
            case "client_credentials":
                return self._of_the_app(form.get("scope", ""), call)
            case "authorization_code":
                account = self._desk.redeem(
                    "amazon",
                    form.get("code", ""),
                    form.get("redirect_uri", ""),
                    call.now,
                )
            case "refresh_token":
                account = self._desk.owner_of_refresh(
                    "amazon", form.get("refresh_token", "")
                )
            case _:
                return _refused(
                    400, "unsupported_grant_type", "The grant type is not supported"
                )
        if account is None:
            return _refused(
                400,
                "invalid_grant",
                "The request has an invalid grant parameter. "
                "User may have revoked or didn't grant the permission.",
            )
        token, seconds = self._desk.access_token(account, call.now)
        return json_answer(
            {
                "access_token": token,
                "refresh_token": self._desk.refresh_token(account),
                "token_type": "bearer",
                "expires_in": seconds,
            }
        )

    def _of_the_app(self, scope: str, call: Call) -> Answer:
        """A token that opens grantless operations only, without a refresh token."""
        if scope != ROTATION:
            return _refused(400, "invalid_scope", "The requested scope is invalid")
        token, seconds = self._desk.grantless_token(scope, call.now)
        return json_answer(
            {"access_token": token, "token_type": "bearer", "expires_in": seconds}
        )

    def owner(self, call: Call) -> Account | Answer:
        """Whose token a call carries."""
        token = call.headers.get("x-amz-access-token", "")
        if not token:
            return denied("Access token is missing in the request header.")
        account = self._desk.owner_of_access("amazon", token, call.now)
        return account or denied("The access token you provided has expired.")


def _refused(status: int, code: str, description: str) -> Answer:
    return json_answer(
        {"error": code, "error_description": description, "error_index": "simulated"},
        status,
    )
