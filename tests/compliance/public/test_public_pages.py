"""What everybody may read: how we delete, and whether a certificate is ours."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from compliance.deletion.models import DeletionRequest
from compliance.models import Certificate
from compliance.signing import public_keys
from plugseller.custody.rules import RULES
from plugseller.keyprovider import provider
from tests.conftest import Cast

PAGE, CHECK = "/policy/data-deletion", "/policy/certificates"
KNOWN = "DEL-7K3M-Q9XT"


@pytest.fixture(autouse=True)
def _fresh_counts(db: None) -> None:
    cache.clear()


def read(path: str) -> str:
    return str(Client().get(path).content.decode())


def completed(reference: str, *, days: float) -> DeletionRequest:
    now = timezone.now()
    return DeletionRequest.objects.create(
        reference=reference,
        source="console",
        kind="account",
        status="completed",
        what="The whole account",
        received_at=now - timedelta(days=days),
        due_at=now + timedelta(days=30 - days),
        ended_at=now,
    )


def issued(reference: str = KNOWN) -> Certificate:
    request = completed(reference, days=2)
    return Certificate.objects.create(
        request=request,
        body={"scope": "SECRET-SCOPE"},
        signature="c2ln",
        key_id="k",
        issued_at=timezone.now(),
    )


def test_the_policy_says_the_figures_that_are_in_force(settings: Any) -> None:
    text = read(PAGE)
    for told in ("within 30 days", "For 48 hours", "28 days later at the latest"):
        assert told in text
    assert "mailto:support@plugakademi.org" in text
    for rule in RULES.values():
        if rule.name != "machine":
            assert rule.label in text
    settings.DELETION_GRACE = timedelta(hours=12)
    settings.BACKUP_KEEP = timedelta(days=7)
    changed = read(PAGE)
    assert "For 12 hours" in changed
    assert "7 days later at the latest" in changed


def test_a_buyer_reads_why_there_is_nothing_and_where_to_go() -> None:
    text = read(PAGE)
    assert "We never fetch buyers' names" in text
    assert "the seller you bought from" in text.lower()


def test_how_long_it_took_is_told_once_there_is_something_to_tell() -> None:
    assert "How long it has taken" not in read(PAGE)
    for place, days in enumerate((1, 2, 9)):
        completed(f"DEL-AAAA-000{place}", days=days)
    text = read(PAGE)
    assert "2.0 days" in text
    assert "9.0 days" in text


def test_each_page_leads_to_it() -> None:
    for path in ("/sign-in", "/sign-up", PAGE, CHECK, "/nowhere"):
        assert f'href="{PAGE}"' in read(path)


def test_a_certificate_is_valid_or_unknown_and_nothing_else(cast: Cast) -> None:
    issued()
    told = Client().post(CHECK, {"reference": " del-7k3m-q9xt "}).content.decode()
    assert "Valid." in told
    assert "SECRET-SCOPE" not in told
    assert "whole account" not in told
    by_link = read(f"{CHECK}/{KNOWN}")
    assert "Valid." in by_link
    completed("DEL-2222-2222", days=1)  # known to us, and without a certificate
    unknown = [
        Client().post(CHECK, {"reference": one}).content.decode()
        for one in ("DEL-2222-2222", "DEL-3333-3333")
    ]
    assert all("Unknown." in text for text in unknown)


@pytest.mark.parametrize("typed", ["", "x", "DEL-1", "<script>alert(1)</script>"])
def test_nonsense_is_refused_kindly(typed: str) -> None:
    answer = Client().post(CHECK, {"reference": typed})
    assert answer.status_code == 400
    assert "<script>alert" not in answer.content.decode()


def test_trying_out_references_is_stopped() -> None:
    issued()
    client = Client()
    for number in range(30):
        got = client.post(CHECK, {"reference": f"DEL-AAAA-{number:04}"})
        assert got.status_code == 200
    assert client.post(CHECK, {"reference": KNOWN}).status_code == 429
    assert client.get(f"{CHECK}/{KNOWN}").status_code == 429
    assert client.get(CHECK).status_code == 200  # the form alone asks nothing


def test_the_public_keys_are_there_and_no_private_one() -> None:
    answer = Client().get("/policy/signing-keys.json")
    assert answer["Content-Type"] == "application/json"
    told = {key["id"]: key["public_key_hex"] for key in answer.json()["keys"]}
    assert told == public_keys()
    for key_id in told:
        secret = provider().signing_key(key_id)
        assert secret.hex() not in answer.content.decode()
