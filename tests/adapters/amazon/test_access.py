"""Login with Amazon: what is sent, what is sealed, and that no secret is spoken."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Credentials, Secret, Unreadable
from tests.adapters.amazon.calls import APP, NOW, answer

CALLBACK = {
    "state": "s",
    "selling_partner_id": "A2SELLER0NORTH",
    "spapi_oauth_code": "CANARY-code",
}
TOKENS = {
    "access_token": "Atza|CANARY",
    "refresh_token": "Atzr|CANARY",
    "token_type": "bearer",
    "expires_in": 3600,
}


def consent(*, draft: bool) -> dict[str, list[str]]:
    address = ADAPTER.consent_address(
        base="https://sellercentral.amazon.com/",
        app=replace(APP, draft=draft),
        state="a+b/c",
        nonce="",
    )
    parts = urlsplit(address)
    assert parts.hostname in ADAPTER.consent.consent_hosts
    assert parts.path == "/apps/authorize/consent"
    return parse_qs(parts.query)


def test_the_browser_is_sent_to_seller_central_with_state_and_redirect() -> None:
    asked = {
        "application_id": [APP.application_id],
        "state": ["a+b/c"],
        "redirect_uri": [APP.redirect_uri],
    }

    assert consent(draft=False) == asked
    assert consent(draft=True) == {**asked, "version": ["beta"]}


def test_every_region_has_a_consent_host_for_each_of_its_countries() -> None:
    hosts = ADAPTER.consent.consent_hosts

    assert len(hosts) == len(set(hosts))
    assert all(h.startswith("sellercentral") and ".amazon." in h for h in hosts)
    assert not any(set(h) & set("/:@") for h in hosts)


def test_what_is_sealed_is_the_token_and_the_account_of_the_callback() -> None:
    credentials = ADAPTER.credentials_from(
        response=answer(TOKENS), callback=CALLBACK, now=NOW
    )

    assert credentials.account_id == "A2SELLER0NORTH"
    assert credentials.refresh_token.reveal() == "Atzr|CANARY"
    assert credentials.reconnect_by == NOW + timedelta(days=365)
    assert "CANARY" not in repr(credentials)


def test_an_access_token_lives_as_long_as_amazon_says() -> None:
    access = ADAPTER.access_from(response=answer(TOKENS), now=NOW)

    assert access.token.reveal() == "Atza|CANARY"
    assert access.expires_at == NOW + timedelta(hours=1)
    assert "CANARY" not in repr(access)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>CANARY</html>",
        b"[]",
        b'{"access_token": "CANARY"',
        {**TOKENS, "access_token": ""},
        {**TOKENS, "access_token": "CANARY\r\nx-evil: 1"},
        {**TOKENS, "access_token": ["CANARY"]},
        {**TOKENS, "expires_in": "CANARY"},
        {**TOKENS, "expires_in": 0},
        {**TOKENS, "expires_in": 10**9},
        {"access_token": "CANARY"},
    ],
)
def test_a_malformed_token_answer_is_refused_without_repeating_it(body: object) -> None:
    with pytest.raises(Unreadable) as refused:
        ADAPTER.access_from(response=answer(body), now=NOW)

    assert "CANARY" not in str(refused.value)
    assert refused.value.__context__ is None


def test_an_exchange_without_a_refresh_token_is_refused() -> None:
    body = {**TOKENS, "refresh_token": ""}

    with pytest.raises(Unreadable, match="no refresh_token"):
        ADAPTER.credentials_from(response=answer(body), callback=CALLBACK, now=NOW)


@pytest.mark.parametrize("account", ["", "../x", "A B", "A" * 65, "A\n", "Ä"])
def test_a_malformed_account_in_the_callback_is_refused(account: str) -> None:
    callback = {**CALLBACK, "selling_partner_id": account}

    with pytest.raises(Unreadable, match="selling_partner_id"):
        ADAPTER.credentials_from(response=answer(TOKENS), callback=callback, now=NOW)


def test_without_a_code_or_a_refresh_token_nothing_is_sent() -> None:
    """A seller's empty token must never be filled from anywhere else."""
    with pytest.raises(Unreadable, match="spapi_oauth_code"):
        ADAPTER.exchange(app=APP, callback={"state": "s"})
    with pytest.raises(Unreadable, match="no refresh token"):
        ADAPTER.renewal(app=APP, credentials=Credentials(account_id="A2"))


def test_no_secret_shows_in_a_token_request() -> None:
    for request in (
        ADAPTER.exchange(app=APP, callback=CALLBACK),
        ADAPTER.renewal(
            app=APP,
            credentials=Credentials(
                account_id="A2", refresh_token=Secret("Atzr|CANARY")
            ),
        ),
    ):
        assert b"CANARY" in request.body
        assert "CANARY" not in repr(request)
        assert "hush" not in repr(request)
        assert request.query == ""


def imported(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from marketplaces.adapters.amazon import ADAPTER; "
            "print(*(r.api_host for r in ADAPTER.regions))",
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables},
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("value", ["SANDBOX", "staging"])
def test_the_librarys_variable_can_not_send_calls_elsewhere(
    value: str, tmp_path: Path
) -> None:
    done = imported(tmp_path, AWS_ENV=value)

    assert done.returncode == 1
    assert "AWS_ENV" in done.stderr.splitlines()[-1]


def test_the_librarys_other_variables_and_files_change_nothing(tmp_path: Path) -> None:
    done = imported(
        tmp_path,
        AWS_ENV="PRODUCTION",
        SP_API_DEFAULT_MARKETPLACE="DE",
        SP_API_REFRESH_TOKEN="Atzr|other",
        LWA_APP_ID="other",
        LWA_CLIENT_SECRET="other",
    )

    assert done.stdout.split() == [region.api_host for region in ADAPTER.regions]
    assert list(tmp_path.iterdir()) == []


def test_no_token_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SP_API_REFRESH_TOKEN", "Atzr|other")
    request = ADAPTER.renewal(
        app=APP, credentials=Credentials(account_id="A", refresh_token=Secret("mine"))
    )

    assert b"other" not in request.body
