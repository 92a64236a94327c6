"""What happens to an account is logged and mailed to its owner, or doesn't happen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from plugseller.accounts.devices import family, is_new, network
from tests.conftest import PASSWORD, Cast, code_of, enter
from tests.plugseller.accounts.helpers import entries, mails, subjects

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEWER = FIREFOX.replace("128", "131")
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1"


def come(cast: Cast, address: str, agent: str) -> None:
    cache.clear()  # the code of this half minute once more
    enter(Client(REMOTE_ADDR=address, headers={"User-Agent": agent}), cast.alice.email)


def test_a_new_device_is_told_apart_from_one_that_was_here(cast: Cast) -> None:
    for address, agent in (
        ("198.51.100.7", FIREFOX),
        ("198.51.100.99", NEWER),  # the same network, a newer version
        ("198.51.100.7", PHONE),
        ("203.0.113.5", FIREFOX),
    ):
        come(cast, address, agent)
    new = [e.additional_data["new_device"] for e in entries("person.signed_in")]
    assert new == [True, False, True, True]
    assert subjects(cast.alice.email) == [
        "Your account was signed in to from a new device",
        "You signed in to Plug Seller",
        "Your account was signed in to from a new device",
        "Your account was signed in to from a new device",
    ]


def test_the_mail_says_when_roughly_what_and_what_to_do(cast: Cast) -> None:
    come(cast, "198.51.100.7", FIREFOX)
    text = mails(cast.alice.email)[-1]["text"]
    for told in (
        f"{timezone.now():%Y}",
        "(UTC)",
        "Firefox on Linux, network 198.51.100.0/24",
        "/forgotten",
        "support@plugakademi.org",
    ):
        assert told in text
    assert "198.51.100.7" not in text.replace("198.51.100.0", "")


def test_whose_device_it_is_matters_and_a_year_is_long(cast: Cast) -> None:
    come(cast, "198.51.100.7", FIREFOX)
    now = timezone.now()
    where = {"agent": FIREFOX, "address": "198.51.100.7"}
    assert not is_new(cast.alice, **where, now=now)
    assert is_new(cast.bob, **where, now=now)
    assert is_new(cast.alice, **where, now=now + timedelta(days=366))


@pytest.mark.parametrize(
    ("agent", "called"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Edg/130", "Edge on Windows"),
        ("", "an unknown program"),
        ("\x00<script>", "an unknown program"),
    ],
)
def test_a_device_is_named_without_what_it_says(agent: str, called: str) -> None:
    assert family(agent) == called


def test_a_network_is_larger_than_an_address() -> None:
    assert network("198.51.100.7") == "198.51.100.0/24"
    assert network("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert network(None) == "an unknown network"


def test_signing_in_and_out_are_entries_of_the_person(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    enter(client, cast.alice.email)
    client.post("/sign-out")
    [came], [went] = entries("person.signed_in"), entries("person.signed_out")
    assert came.actor_id == went.actor_id == cast.alice.pk
    assert came.remote_addr == "198.51.100.7"


def test_the_entries_hold_nothing_personal(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="198.51.100.7")
    client.post("/sign-in", {"login": cast.alice.email, "password": "Wrong-1-wrong"})
    enter(client, cast.alice.email)
    for event in ("person.sign_in_failed", "person.signed_in"):
        [entry] = entries(event)
        told = f"{entry.additional_data} {entry.changes} {entry.object_repr}"
        for word in ("alice", "Alice", "Wrong", PASSWORD, "example.test"):
            assert word not in told


@pytest.fixture
def unwritable(cast: Cast) -> Iterator[None]:
    """The audit log takes no entry of a sign-in, failed or not."""
    if connection.vendor != "sqlite":
        pytest.skip("test_fail_closed.py breaks the log of both databases")
    refuse = "SELECT RAISE(ABORT, 'database or disk is full')"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON main.audit_entry WHEN "
            f"NEW.event LIKE 'person.sign%' BEGIN {refuse}; END"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER full")


def test_a_sign_in_that_cant_be_logged_didnt_happen(
    cast: Cast, unwritable: None
) -> None:
    client = Client()
    client.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
    answer = client.post("/sign-in/code", {"code": code_of(cast.alice.email)})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert client.get("/s/north/")["Location"].startswith("/sign-in")
    assert not mails(cast.alice.email)


def test_a_failure_that_cant_be_logged_is_refused_too(
    cast: Cast, unwritable: None
) -> None:
    given = {"login": cast.alice.email, "password": "Wrong-1-wrong"}
    assert Client().post("/sign-in", given).status_code == 503
