"""A seller connects an account through the marketplace's own page, or is refused.

Every attack ends the same way: no connection made or changed, and an audit entry.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database

from marketplaces.credentials import unpack
from marketplaces.datamap import Feature
from marketplaces.models import ConnectAttempt, Connection
from marketplaces.services import (
    ConnectRefused,
    begin_authorisation,
    complete_authorisation,
    disconnect,
)
from marketplaces.simulator.loopback import consent
from marketplaces.simulator.server import Simulator
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from tests.conftest import NOW, Cast
from tests.marketplaces.conftest import Simulators

SESSION = "alices-session-key"
EVERY = (("amazon", "na", "north-amazon-na"), ("walmart", "us", "north-walmart"))
EXPECTED = {"amazon": "A1NORTHNA7SIM", "walmart": "10001700011"}


@dataclass
class Browser:
    """Alice's browser, which walks to the simulator's consent page and back."""

    simulator: Simulator
    actor: User
    seller: Seller
    session: str = SESSION

    def begin(self, marketplace: str, region: str, **more: Any) -> str:
        return begin_authorisation(
            **{
                "actor": self.actor,
                "seller": self.seller,
                "marketplace": marketplace,
                "region": region,
                "features": [Feature.ORDERS],
                "session_key": self.session,
                "now": NOW,
                **more,
            }
        )

    def consent(self, address: str, account: str) -> dict[str, str]:
        return consent(address, account=account, ca_file=self.simulator.ca_file)

    def complete(
        self,
        marketplace: str,
        callback: dict[str, str],
        *,
        now: datetime = NOW,
        actor: User | None = None,
        session: str | None = None,
    ) -> Connection:
        return complete_authorisation(
            actor=actor or self.actor,
            session_key=self.session if session is None else session,
            marketplace=marketplace,
            callback=callback,
            now=now,
        )

    def connect(self, marketplace: str, region: str, key: str) -> Connection:
        callback = self.consent(self.begin(marketplace, region), key)
        return self.complete(marketplace, callback)


@pytest.fixture
def alice(simulator: Simulator, cast: Cast) -> Browser:
    return Browser(simulator, cast.alice, cast.north)


@pytest.fixture
def charlie(simulator: Simulator, cast: Cast) -> Browser:
    return Browser(simulator, cast.charlie, cast.south, session="charlies-session")


def rows() -> list[Any]:
    fields = [f.attname for f in Connection._meta.fields if f.name != "credentials"]
    stored = Connection.unfenced.order_by("pk")
    with database.cursor() as cursor:
        cursor.execute("SELECT credentials FROM marketplaces_connection ORDER BY id")
        return [*stored.values_list(*fields), *map(repr, cursor.fetchall())]


def refused(act: Callable[[], object]) -> str:
    """The refusal's sentence; nothing may have changed, and the log must say so."""
    before, entries = rows(), Entry.objects.filter(event="connection.refused").count()
    with pytest.raises(ConnectRefused) as caught:
        act()
    assert rows() == before
    assert Entry.objects.filter(event="connection.refused").count() == entries + 1
    return str(caught.value)


@pytest.mark.parametrize(("marketplace", "region", "key"), EVERY)
def test_a_consent_connects_the_account_that_gave_it(
    alice: Browser, marketplace: str, region: str, key: str
) -> None:
    made = alice.connect(marketplace, region, key)
    assert (made.seller, made.account_id) == (alice.seller, EXPECTED[marketplace])
    assert made.reconnect_by == NOW + timedelta(days=365)
    assert made.credentials is not None
    assert unpack(made.credentials).refresh_token.reveal()
    on = made.switches.filter(on=True).values_list("feature", flat=True)
    assert list(on) == ["orders"]
    events = Entry.objects.filter(seller_id=alice.seller.pk).order_by("id")
    assert [e.event for e in events if e.event.startswith("connection")] == [
        "connection.begun",
        "connection.connected",
    ]


def test_the_consent_address_carries_a_fresh_state_of_which_only_a_hash_is_kept(
    alice: Browser,
) -> None:
    first, second = alice.begin("amazon", "na"), alice.begin("amazon", "na")
    states = [parse_qs(urlsplit(a).query)["state"][0] for a in (first, second)]
    assert states[0] != states[1]
    assert min(map(len, states)) >= 32
    kept = str(list(ConnectAttempt.objects.values()))
    assert not any(state in kept for state in states)
    assert SESSION not in kept


def test_without_an_override_the_browser_goes_to_the_regions_own_consent_host(
    alice: Browser, settings: Any
) -> None:
    settings.MARKETPLACE_ADDRESSES = {}
    hosts = {r: urlsplit(alice.begin("amazon", r)).netloc for r in ("na", "eu", "fe")}
    assert hosts == {
        "na": "sellercentral.amazon.com",
        "eu": "sellercentral-europe.amazon.com",
        "fe": "sellercentral.amazon.co.jp",
    }
    assert urlsplit(alice.begin("walmart", "us")).netloc == "login.account.wal-mart.com"


def test_a_missing_app_setting_is_named(alice: Browser, settings: Any) -> None:
    settings.MARKETPLACE_APPS["amazon"]["client_id"] = ""
    told = refused(lambda: alice.begin("amazon", "na"))
    assert "AMAZON_CLIENT_ID is missing" in told


def test_a_viewer_and_a_stranger_may_not_begin(alice: Browser, cast: Cast) -> None:
    for person in (cast.bob, cast.charlie, cast.olga):
        with pytest.raises(PermissionDenied):
            alice.begin("amazon", "na", actor=person)
    assert not ConnectAttempt.objects.exists()


@pytest.mark.parametrize("state", ["", "unknown", "x" * 5000, "\x00", "ş", "\udcff"])
def test_a_missing_or_unknown_state_is_refused(alice: Browser, state: str) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    refused(lambda: alice.complete("amazon", {**callback, "state": state}))


def test_an_old_state_is_refused(alice: Browser) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    late = NOW + timedelta(minutes=10)
    refused(lambda: alice.complete("amazon", callback, now=late))


def test_a_used_state_is_refused_even_with_a_fresh_code(alice: Browser) -> None:
    address = alice.begin("amazon", "na")
    alice.complete("amazon", alice.consent(address, "north-amazon-na"))
    fresh = alice.consent(address, "north-amazon-na")
    refused(lambda: alice.complete("amazon", fresh))


def test_another_session_is_refused_and_doesnt_spoil_the_attempt(
    alice: Browser, charlie: Browser
) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    refused(lambda: charlie.complete("amazon", callback))
    for session in ("", "alices-other-browser"):
        refused(partial(alice.complete, "amazon", callback, session=session))
    assert alice.complete("amazon", callback).seller == alice.seller


def test_another_person_in_the_same_session_is_refused(
    alice: Browser, cast: Cast
) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    for person in (cast.charlie, cast.bob, cast.olga):
        refused(partial(alice.complete, "amazon", callback, actor=person))


def test_a_state_of_another_marketplace_is_refused_and_not_used_up(
    alice: Browser,
) -> None:
    callback = alice.consent(alice.begin("walmart", "us"), "north-walmart")
    refused(lambda: alice.complete("amazon", callback))
    assert alice.complete("walmart", callback).marketplace == "walmart"


def test_somebody_elses_code_doesnt_connect_their_account(
    alice: Browser, charlie: Browser
) -> None:
    """Charlie's link with his own code and state, opened in Alice's browser."""
    his = charlie.consent(charlie.begin("amazon", "na"), "south-amazon-na")
    refused(lambda: alice.complete("amazon", his))


def test_a_made_up_code_is_refused(alice: Browser) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    told = refused(
        lambda: alice.complete("amazon", {**callback, "spapi_oauth_code": "forged"})
    )
    assert "forged" not in told
    assert "invalid_grant" in told


@pytest.mark.parametrize(("marketplace", "region", "key"), EVERY)
def test_a_callback_without_any_one_of_its_parts_is_refused(
    alice: Browser, marketplace: str, region: str, key: str
) -> None:
    whole = alice.consent(alice.begin(marketplace, region), key)
    for missing in whole:
        callback = alice.consent(alice.begin(marketplace, region), key)
        callback.pop(missing)
        refused(partial(alice.complete, marketplace, callback))


def test_a_cancelled_consent_connects_nothing(alice: Browser) -> None:
    address = alice.begin("amazon", "na")
    state = parse_qs(urlsplit(address).query)["state"][0]
    told = refused(
        lambda: alice.complete("amazon", {"state": state, "error": "access_denied"})
    )
    assert "without its consent" in told


def test_a_walmart_seller_id_that_isnt_the_codes_is_refused(alice: Browser) -> None:
    callback = alice.consent(alice.begin("walmart", "us"), "north-walmart")
    swapped = {**callback, "sellerId": EXPECTED["walmart"][:-2] + "22"}
    refused(lambda: alice.complete("walmart", swapped))


def test_an_account_connected_at_one_seller_is_refused_at_another_without_saying_so(
    alice: Browser, charlie: Browser
) -> None:
    alice.connect("amazon", "na", "north-amazon-na")
    callback = charlie.consent(charlie.begin("amazon", "na"), "north-amazon-na")
    told = refused(lambda: charlie.complete("amazon", callback))
    assert "can't be connected here" in told
    assert not any(word in told.lower() for word in ("north", "another", "already"))


def test_a_disconnected_account_can_be_connected_by_another_seller(
    alice: Browser, charlie: Browser
) -> None:
    held = alice.connect("amazon", "na", "north-amazon-na")
    disconnect(actor=alice.actor, connection=held, now=NOW)
    assert charlie.connect("amazon", "na", "north-amazon-na").seller == charlie.seller
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    refused(lambda: alice.complete("amazon", callback))


def test_coming_back_renews_the_same_connection(
    alice: Browser, simulator: Simulator
) -> None:
    first = alice.connect("amazon", "na", "north-amazon-na")
    assert first.credentials is not None
    old = unpack(first.credentials).refresh_token.reveal()
    simulator.revoke("north-amazon-na")
    Connection.unfenced.update(status="revoked", trouble="ended", ended_at=NOW)
    second = alice.connect("amazon", "na", "north-amazon-na")
    second.refresh_from_db()
    assert second.pk == first.pk
    assert (second.status, second.trouble, second.ended_at) == ("active", "", None)
    assert second.credentials is not None
    assert unpack(second.credentials).refresh_token.reveal() != old
    assert Entry.objects.filter(event="connection.reconnected").exists()


def test_a_renewal_by_another_account_is_refused(alice: Browser) -> None:
    held = alice.connect("amazon", "na", "north-amazon-na")
    address = alice.begin("amazon", "na", renews=held)
    other = alice.consent(address, "south-amazon-na")
    assert "another account" in refused(lambda: alice.complete("amazon", other))


def test_a_renewal_of_another_sellers_connection_is_refused(
    alice: Browser, charlie: Browser
) -> None:
    held = alice.connect("amazon", "na", "north-amazon-na")
    refused(lambda: charlie.begin("amazon", "na", renews=held))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "https://sellercentral.amazon.com.evil.example/",
        "https://evil.example/?https://sellercentral.amazon.com",
        "https://sellercentral.amazon.com@evil.example/",
        "https://user@sellercentral.amazon.com/",
        "https://sellercentral.amazon.com:8443/",
        "https://sellercentral.amazon.com\\@evil.example/",
        "https://evil.example\\.sellercentral.amazon.com/",
        "http://sellercentral.amazon.com/",
        "//sellercentral.amazon.com/",
        "https:/sellercentral.amazon.com/",
        "https:sellercentral.amazon.com",
        "javascript:alert(1)//sellercentral.amazon.com",
        "https://sellercentral.amazon.com\t.evil.example/",
        " https://sellercentral.amazon.com/",
        "https://sellercentral.аmazon.com/",
        "https://[::1",
        "https://login.account.wal-mart.com/",
    ],
)
def test_an_amazon_callback_uri_that_isnt_amazons_is_refused(
    alice: Browser, address: str
) -> None:
    refused(lambda: alice.begin("amazon", "na", return_to=address))
    assert not ConnectAttempt.objects.exists()


def test_an_amazon_callback_uri_of_amazon_gets_our_state(alice: Browser) -> None:
    address = alice.begin(
        "amazon",
        "na",
        return_to="https://sellercentral.amazon.com/apps/authorize/confirm/x",
        carried={"amazon_state": "theirs"},
    )
    query = parse_qs(urlsplit(address).query)
    assert address.startswith("https://sellercentral.amazon.com/apps/authorize/confirm")
    assert set(query) == {"amazon_state", "state", "redirect_uri"}


def test_an_unknown_place_or_feature_is_refused(alice: Browser) -> None:
    assert "isn't a marketplace" in refused(lambda: alice.begin("ebay", "us"))
    assert "has no region" in refused(lambda: alice.begin("amazon", "moon"))
    told = refused(
        lambda: alice.begin("walmart", "us", features=[Feature.CATALOG, Feature.ORDERS])
    )
    assert "has no feature" in told


@pytest.mark.django_db(transaction=True)
def test_of_callbacks_that_all_saw_the_attempt_open_one_connects(
    alice: Browser,
) -> None:
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    all_have_read = Barrier(4)

    def wait_before_claiming(
        execute: Callable[..., Any], sql: str, *rest: Any, **more: Any
    ) -> Any:
        if sql.startswith('UPDATE "marketplaces_connectattempt"'):
            all_have_read.wait(30)
        return execute(sql, *rest, **more)

    def come_back(_: int) -> str:
        try:
            with database.execute_wrapper(wait_before_claiming):
                alice.complete("amazon", callback)
        except ConnectRefused as refusal:
            return refusal.reason
        finally:
            database.close()
        return "connected"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(come_back, range(4)))
    assert outcomes == ["connected", "state", "state", "state"]
    assert Connection.unfenced.count() == 1


def test_no_code_state_or_token_is_in_a_log_line_or_an_audit_entry(
    alice: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    made = alice.complete("amazon", callback)
    refused(lambda: alice.complete("amazon", callback))
    assert made.credentials is not None
    written = caplog.text + str(list(Entry.objects.values()))
    for secret in (
        callback["state"],
        callback["spapi_oauth_code"],
        unpack(made.credentials).refresh_token.reveal(),
        SESSION,
    ):
        assert secret not in written


def test_when_the_marketplace_is_down_nothing_is_connected(
    simulators: Simulators, cast: Cast, tmp_path: Path
) -> None:
    simulator = simulators(folder=tmp_path)
    alice = Browser(simulator, cast.alice, cast.north)
    callback = alice.consent(alice.begin("amazon", "na"), "north-amazon-na")
    simulator.stop()
    told = refused(lambda: alice.complete("amazon", callback))
    assert "can't be reached" in told
