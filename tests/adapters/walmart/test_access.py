"""How a seller lets us in, and what leaves this machine with which call."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from marketplaces.adapters.walmart import ADAPTER
from marketplaces.contract import (
    App,
    Credentials,
    Region,
    Request,
    Secret,
    Unreadable,
)
from marketplaces.datamap import Operation
from tests.adapters.walmart.examples import (
    NOW,
    OPERATIONS,
    answer,
    example,
    request,
)

APP = App(
    application_id="",
    client_id="our-client",
    client_secret=Secret("our:secret+/="),
    redirect_uri="https://plug.example/connections/callback?x=1",
)
CALLBACK = {
    "code": "a code+/",
    "type": "auth",
    "clientId": "our-client",
    "sellerId": "10001700011",
    "state": "s",
}
OWN = Credentials(
    account_id="10001700011", client_id="seller", client_secret=Secret("seller-secret")
)
GRANTED = Credentials(account_id="10001700011", refresh_token=Secret("refresh&me"))


def _form(made: Request) -> dict[str, str]:
    return dict(parse_qsl(made.body.decode()))


def _headers(made: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in made.headers}


def test_the_consent_page_gets_every_parameter_in_walmarts_spelling() -> None:
    base = "https://login.account.wal-mart.com"
    address = ADAPTER.consent_address(base=base, app=APP, state="s&t", nonce="n")
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{base}/authorize"
    assert {k: v[0] for k, v in parse_qs(parts.query).items()} == {
        "responseType": "code",
        "clientId": "our-client",
        "redirectUri": APP.redirect_uri,
        "clientType": "seller",
        "nonce": "n",
        "state": "s&t",
    }


def test_a_code_is_exchanged_with_our_own_keys_for_the_callbacks_seller() -> None:
    made = ADAPTER.exchange(app=APP, callback=CALLBACK)
    assert (made.operation, made.endpoint) == (None, "token")
    assert (made.method, made.path, made.query) == ("POST", "/v3/token", "")
    assert _form(made) == {
        "grant_type": "authorization_code",
        "code": "a code+/",
        "redirect_uri": APP.redirect_uri,
    }
    headers = _headers(made)
    kind, _, coded = headers["authorization"].partition(" ")
    assert (kind, b64decode(coded)) == ("Basic", b"our-client:our:secret+/=")
    assert headers["wm_partner.id"] == "10001700011"
    assert headers["accept"] == "application/json"
    assert headers["wm_svc.name"]
    assert headers["wm_qos.correlation_id"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "sso"},
        {"clientId": "another"},
        {"clientId": ""},
        {"code": ""},
        {"sellerId": ""},
        {"sellerId": "1\r\nWM_SEC.ACCESS_TOKEN: x"},
        {"sellerId": "1" * 65},
        {"sellerId": "١"},
    ],
)
def test_a_callback_that_isnt_walmarts_answer_to_us_is_refused(
    wrong: dict[str, str],
) -> None:
    with pytest.raises(Unreadable) as caught:
        ADAPTER.exchange(app=APP, callback=CALLBACK | wrong)
    assert "ACCESS_TOKEN" not in str(caught.value)
    with pytest.raises(Unreadable):
        ADAPTER.exchange(app=APP, callback={})


def test_what_is_sealed_holds_the_refresh_token_and_the_day_to_come_back() -> None:
    token = example("token.200.json")["tokenAPIRes"]["value"]
    sealed = ADAPTER.credentials_from(
        response=answer(token), callback=CALLBACK, now=NOW
    )
    assert sealed.account_id == "10001700011"
    assert sealed.refresh_token.reveal() == token["refresh_token"]
    assert sealed.reconnect_by == NOW + timedelta(days=365)
    assert token["refresh_token"] not in repr(sealed)


def test_a_renewal_by_refresh_token_names_the_seller() -> None:
    made = ADAPTER.renewal(app=APP, credentials=GRANTED)
    assert _form(made) == {"grant_type": "refresh_token", "refresh_token": "refresh&me"}
    assert _headers(made)["wm_partner.id"] == "10001700011"


def test_a_renewal_by_own_keys_sends_the_sellers_keys_and_not_ours() -> None:
    made = ADAPTER.renewal(app=APP, credentials=OWN)
    assert _form(made) == {"grant_type": "client_credentials"}
    coded = _headers(made)["authorization"].removeprefix("Basic ")
    assert b64decode(coded) == b"seller:seller-secret"
    assert "wm_partner.id" not in _headers(made)


def test_a_token_lives_as_long_as_walmart_says() -> None:
    for name in ("clientCredentialsRes", "refreshTokenRes"):
        token = example("token.200.json")[name]["value"]
        access = ADAPTER.access_from(response=answer(token), now=NOW)
        assert access.expires_at == NOW + timedelta(seconds=900)
        assert token["access_token"] not in repr(access)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"<OAuthTokenDTO><accessToken>SECRET</accessToken></OAuthTokenDTO>",
        {"access_token": "SECRET"},
        {"access_token": "SECRET", "expires_in": "900"},
        {"access_token": "", "expires_in": 900},
        {"access_token": "SECRET\r\nx: y", "expires_in": 900},
        {"access_token": "SECRET", "expires_in": -1},
        {"access_token": "SECRET", "expires_in": 10**12},
        {"access_token": ["SECRET"], "expires_in": 900, "refresh_token": "SECRET"},
        b"[" * 99_999,
    ],
)
def test_a_malformed_token_answer_is_unreadable_and_shows_nothing(value: Any) -> None:
    for read in (
        lambda: ADAPTER.access_from(response=answer(value), now=NOW),
        lambda: ADAPTER.credentials_from(
            response=answer(value), callback=CALLBACK, now=NOW
        ),
    ):
        with pytest.raises(Unreadable) as caught:
            read()
        assert "SECRET" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_code_that_brings_no_refresh_token_connects_nobody() -> None:
    token = {"access_token": "a", "expires_in": 900}
    with pytest.raises(Unreadable):
        ADAPTER.credentials_from(response=answer(token), callback=CALLBACK, now=NOW)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_business_call_carries_the_token_and_no_long_lived_secret(
    operation: Operation,
) -> None:
    made = request(operation)
    assert dict(made.headers) == {
        "WM_SEC.ACCESS_TOKEN": "a-token",
        "WM_SVC.NAME": "Walmart Marketplace",
        "WM_QOS.CORRELATION_ID": "11111111-2222-3333-4444-555555555555",
        "Accept": "application/json",
    }
    assert made.body == b""
    assert "a-token" not in made.query + made.path


def test_no_secret_shows_when_a_request_is_printed() -> None:
    for made in (
        ADAPTER.renewal(app=APP, credentials=OWN),
        ADAPTER.renewal(app=APP, credentials=GRANTED),
        ADAPTER.exchange(app=APP, callback=CALLBACK),
        request(next(iter(OPERATIONS.values()))),
    ):
        shown = repr(made)
        for secret in ("Basic", "refresh&me", "refresh%26me", "a-token", "code+"):
            assert secret not in shown


def test_hosts_are_walmarts_own() -> None:
    hosts = {region.api_host for region in ADAPTER.regions}
    hosts |= {ADAPTER.consent.token_host, *ADAPTER.consent.consent_hosts}
    assert hosts == {"marketplace.walmartapis.com", "login.account.wal-mart.com"}
    assert all(isinstance(region, Region) for region in ADAPTER.regions)


def test_a_sellers_keys_with_odd_letters_still_make_a_header() -> None:
    odd = replace(OWN, client_secret=Secret("gehéim:🧦"))
    made = ADAPTER.renewal(app=APP, credentials=odd)
    assert _headers(made)["authorization"].isascii()
