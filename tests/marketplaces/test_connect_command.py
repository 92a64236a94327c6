"""`manage.py connect`: secrets by standard input, a clear sentence, exit status 1."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketplaces.models import Connection
from marketplaces.simulator.server import Simulator
from tests.conftest import Cast
from tests.marketplaces.test_services import secrets_of


def run(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    out = io.StringIO()
    call_command("connect", "--seller", "north", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("marketplace", "key"),
    [("amazon", "north-amazon-na"), ("walmart", "north-walmart")],
)
def test_secrets_are_taken_as_lines_or_as_json_and_never_printed(
    cast: Cast,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    marketplace: str,
    key: str,
    as_json: bool,
) -> None:
    secrets = secrets_of(simulator, key)
    text = json.dumps(secrets) if as_json else "\n".join(secrets.values()) + "\n"
    told = run(monkeypatch, text, "--marketplace", marketplace)
    made = Connection.objects.of_seller(cast.north).get()
    assert str(made.pk) in told
    account, *hidden = secrets.values()
    assert made.account_id == account
    assert not any(secret in told for secret in hidden)


def test_features_and_region_are_chosen(
    cast: Cast, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(secrets_of(simulator, "north-amazon-eu"))
    options = ("--region", "eu", "--feature", "orders", "--feature", "listings")
    run(monkeypatch, text, "--marketplace", "amazon", *options)
    made = Connection.objects.of_seller(cast.north).get()
    assert made.region == "eu"
    on = made.switches.filter(on=True).values_list("feature", flat=True)
    assert set(on) == {"orders", "listings"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "only-one-line",
        "A1\nAtzr|x\nthird line",
        "{",
        '{"refresh_token": "Atzr|abcdefgh"}',
        '{"refresh_token": 7, "selling_partner_id": "A1NORTHNA7SIM"}',
        "[" * 5000,
        "x" * 30_000,
        "A1NORTHNA7SIM\nnot a token",
        "A1NORTHNA7SIM\nAtzr|unknown-to-amazon",
    ],
)
def test_malformed_secrets_store_nothing(
    cast: Cast, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(CommandError, match="Nothing was"):
        run(monkeypatch, text, "--marketplace", "amazon")
    assert not Connection.unfenced.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--marketplace", "ebay"), "no marketplace “ebay”"),
        (("--marketplace", "amazon", "--region", "moon"), "no region “moon”"),
        (("--marketplace", "amazon", "--feature", "weather"), "no feature “weather”"),
    ],
)
def test_an_unknown_word_is_named_with_those_there_are(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, arguments: Any, told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        run(monkeypatch, "", *arguments)


def test_an_unknown_seller_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="no seller “nobody”"):
        call_command("connect", "--seller", "nobody", "--marketplace", "amazon")


def test_no_argument_takes_a_secret(db: None) -> None:
    with pytest.raises(CommandError, match="unrecognized arguments"):
        call_command(
            *("connect", "--seller", "north", "--marketplace", "amazon"),
            *("--refresh-token", "Atzr|x"),
        )
