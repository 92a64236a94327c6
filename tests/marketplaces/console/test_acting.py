"""What a seller does on the pages of connections: only by form, only with the right."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from marketplaces.datamap import Feature
from marketplaces.models import ConnectAttempt, Connection, SyncRun
from marketplaces.simulator.server import Simulator
from plugseller.audit.models import Entry
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole

CODE = "SECRET-CODE-FROM-AMAZON"


@pytest.fixture
def alice(world: World) -> Client:
    return signed_in(world.cast.alice)


def actions(world: World) -> dict[str, dict[str, str]]:
    """Address and form of everything that changes something."""
    one = f"/s/north/connections/{world.north.pk}"
    return {
        f"{one}/sync": {},
        f"{one}/disconnect": {},
        f"{one}/features/orders": {"on": "no"},
        "/s/north/connections/new/amazon/na": {"features": "orders"},
    }


def test_nobody_without_the_right_changes_anything(world: World) -> None:
    cast = world.cast
    for path, form in actions(world).items():
        for person, status in (
            (cast.bob, 403),
            (world.ann, 403),
            (world.sam, 403),
            (cast.charlie, 404),
            (cast.olga, 404),
            (cast.carl, 404),
        ):
            assert signed_in(person).post(path, form).status_code == status, path
        assert Client().post(path, form)["Location"].startswith("/sign-in")
    world.north.refresh_from_db()
    assert world.north.is_live
    assert world.north.switches.get(feature="orders").on
    assert not OrmQ.objects.exists()
    assert not ConnectAttempt.objects.exists()


def test_nothing_changes_without_the_forms_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.cast.alice)
    for path, form in actions(world).items():
        assert client.post(path, form).status_code == 403, path


def test_looking_changes_nothing(world: World, alice: Client) -> None:
    for path in actions(world):
        for method in (alice.get, alice.head, alice.options, alice.put, alice.delete):
            assert method(path).status_code in (200, 405), path
    world.north.refresh_from_db()
    assert world.north.is_live
    assert not ConnectAttempt.objects.exists()


def test_a_feature_is_switched_and_logged(world: World, alice: Client) -> None:
    path = f"/s/north/connections/{world.north.pk}/features/orders"
    page = alice.post(path, {"on": "no"}, follow=True)
    assert "Orders is off. No call is made" in whole(page).decode()
    assert not world.north.switches.get(feature="orders").on
    entry = Entry.objects.get(event="connection.feature_off")
    assert entry.actor_id == world.cast.alice.pk
    page = alice.post(path, {"on": "yes"}, follow=True)
    assert "Orders is on." in whole(page).decode()


@pytest.mark.parametrize(
    ("feature", "on"),
    [("account", "no"), ("nothing", "yes"), ("orders", "maybe"), ("orders", "")],
)
def test_only_a_real_switch_can_be_turned(
    world: World, alice: Client, feature: str, on: str
) -> None:
    path = f"/s/north/connections/{world.north.pk}/features/{feature}"
    assert alice.post(path, {"on": on}).status_code == 404


def test_sync_now_queues_ids_and_asks_nobody_in_the_request(
    world: World, alice: Client
) -> None:
    page = alice.post(f"/s/north/connections/{world.north.pk}/sync", follow=True)
    assert "The sync is asked for" in whole(page).decode()
    (queued,) = OrmQ.objects.all()
    assert queued.task["args"][0] == str(world.north.pk)


def test_a_sync_that_was_asked_for_is_watched_until_it_is_over(
    world: World, alice: Client
) -> None:
    def looks_again(address: str) -> bool:
        return "hx-get" in whole(alice.get(address)).decode()

    page = world.paths["connection"]
    assert not looks_again(page)
    watched = alice.post(f"{page}/sync")["Location"]
    assert watched.startswith(f"{page}?asked=")
    assert looks_again(watched)  # no worker has begun yet
    run = rows.synced(world.north, Feature.ORDERS, "amazon.searchOrders")
    times = {"started_at": timezone.now(), "finished_at": None, "outcome": "running"}
    SyncRun.unfenced.filter(pk=run.pk).update(**times)
    assert looks_again(watched)
    times |= {"finished_at": timezone.now(), "outcome": "done"}
    SyncRun.unfenced.filter(pk=run.pk).update(**times)
    assert looks_again(watched)  # the next feature's run is about to begin
    times |= {"finished_at": timezone.now() - timedelta(seconds=30)}
    SyncRun.unfenced.filter(pk=run.pk).update(
        **times | {"started_at": timezone.now() + timedelta(seconds=1)}
    )
    assert not looks_again(watched)


def test_a_sync_that_ends_at_the_account_is_every_features_failure(
    world: World, alice: Client
) -> None:
    before = rows.synced(world.north, Feature.ORDERS, "amazon.searchOrders")
    watched = alice.post(f"{world.paths['connection']}/sync")["Location"]
    times = {"started_at": timezone.now(), "finished_at": timezone.now()}
    failed = SyncRun.objects.create(
        seller=world.north.seller,
        connection=world.north,
        feature=Feature.ACCOUNT,
        outcome=SyncRun.Outcome.FAILED,
        trouble="marketplace down",
        **times,
    )
    for address in (watched, world.paths["connections"], world.paths["dashboard"]):
        assert "Failed" in whole(alice.get(address)).decode(), address
    text = whole(alice.get(watched)).decode()
    assert "A sync is about to begin" not in text
    assert "Amazon didn&#x27;t answer" in text
    assert "last sync failed" in whole(alice.get(world.paths["orders"])).decode()

    after = rows.synced(world.north, Feature.ORDERS, "amazon.searchOrders")
    assert before.pk < failed.pk < after.pk
    text = whole(alice.get(world.paths["connections"])).decode()
    assert "Failed" not in text  # the pass went on, and each feature has its own run


@pytest.mark.parametrize("asked", ["", "x", "-1", "1", "9" * 10, "9" * 40, "²", "1e3"])
def test_nonsense_about_a_sync_is_passed_over(
    world: World, alice: Client, asked: str
) -> None:
    page = alice.get(world.paths["connection"], {"asked": asked})
    assert page.status_code == 200
    assert "hx-get" not in whole(page).decode()


def test_an_account_that_ended_says_since_when(world: World, alice: Client) -> None:
    alice.post(f"/s/north/connections/{world.north.pk}/disconnect")
    world.north.ended_at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    world.north.save(update_fields=["ended_at"])
    text = whole(alice.get(world.paths["connection"])).decode()
    assert "since 4 Mar 2026, 05:06" in text
    assert "Authorisation good until" not in text
    assert "<h2>Features</h2>" not in text


def test_disconnecting_says_what_it_does_before_it_does_it(
    world: World, alice: Client
) -> None:
    path = f"/s/north/connections/{world.north.pk}/disconnect"
    text = whole(alice.get(path)).decode()
    for fact in ("No call is made", "credentials are deleted", "stays visible"):
        assert fact in text
    page = alice.post(path, follow=True)
    assert "is disconnected" in whole(page).decode()
    world.north.refresh_from_db()
    assert not world.north.is_live
    page = alice.post(f"/s/north/connections/{world.north.pk}/sync", follow=True)
    assert "connected any more" in whole(page).decode().replace("&#x27;", "'")
    assert not OrmQ.objects.exists()


def test_disconnecting_asks_for_the_second_factor_again(world: World) -> None:
    unsure = signed_in(world.cast.alice, confirmed=False)
    path = f"/s/north/connections/{world.north.pk}/disconnect"
    for asked in (unsure.get(path), unsure.post(path)):
        assert asked["Location"].startswith("/account/confirm/code")
    world.north.refresh_from_db()
    assert world.north.is_live


def test_disconnected_rows_stay_visible(world: World, alice: Client) -> None:
    alice.post(f"/s/north/connections/{world.north.pk}/disconnect")
    assert "111-NORTHERN" in whole(alice.get("/s/north/orders")).decode()
    assert alice.get(world.paths["connection"]).status_code == 200


class TestOnTheWayToTheMarketplace:
    def test_the_form_may_go_to_that_consent_page_only(
        self, world: World, alice: Client
    ) -> None:
        """What the policy of this page allows is where the seller is sent."""
        policies = {}
        for path in ("new/amazon/na", "new/amazon/eu", "new/walmart/us"):
            page = alice.get(f"/s/north/connections/{path}")
            policies[path] = form_action(page)
        assert policies["new/amazon/na"] == {
            "'self'",
            "https://sellercentral.amazon.com",
        }
        assert len(policies["new/amazon/eu"] - {"'self'"}) == 1
        assert policies["new/amazon/eu"] != policies["new/amazon/na"]
        assert form_action(alice.get("/s/north/connections")) == {"'self'"}

    def test_the_seller_is_sent_where_the_policy_says(
        self, world: World, alice: Client, simulator: Simulator
    ) -> None:
        path = "/s/north/connections/new/amazon/na"
        allowed = form_action(alice.get(path))
        sent = alice.post(path, {"features": ["orders", "listings"]})
        address = urlsplit(sent["Location"])
        assert f"{address.scheme}://{address.netloc}" in allowed
        attempt = ConnectAttempt.objects.get()
        assert attempt.features == ["listings", "orders"]
        assert attempt.seller == world.cast.north

    def test_least_is_ticked(self, world: World, alice: Client) -> None:
        text = whole(alice.get("/s/north/connections/new/amazon/na")).decode()
        assert text.count(" checked") == 1
        assert 'value="listings"' in text.partition(" checked")[0][-200:]

    def test_connecting_again_ticks_what_is_on_and_names_the_account(
        self, world: World, alice: Client, simulator: Simulator
    ) -> None:
        world.north.switches.filter(feature="catalog").update(on=False)
        path = f"/s/north/connections/new/amazon/na?renews={world.north.pk}"
        text = whole(alice.get(path)).decode()
        assert text.count(" checked") == 4
        assert world.north.account_id in text
        alice.post(path, {"features": ["orders"]})
        assert ConnectAttempt.objects.get().renews == world.north

    @pytest.mark.parametrize(
        "renews", ["x", "%00", "foreign", "unknown", "00000000-0000-0000-0000-00000000"]
    )
    def test_only_an_own_account_can_be_renewed(
        self, world: World, alice: Client, renews: str
    ) -> None:
        told = {"foreign": str(world.south.pk), "unknown": str(uuid4())}
        path = "/s/north/connections/new/amazon/na?renews=" + told.get(renews, renews)
        assert alice.get(path).status_code == 404

    @pytest.mark.parametrize(
        "place", ["amazon/xx", "ebay/na", "walmart/na", "amazon/NA", "AMAZON/na"]
    )
    def test_an_unknown_place_is_nothing(
        self, world: World, alice: Client, place: str
    ) -> None:
        assert alice.get(f"/s/north/connections/new/{place}").status_code == 404

    @pytest.mark.parametrize("features", [[], ["account"], ["orders", "payments"]])
    def test_a_form_without_a_real_feature_is_asked_again(
        self, world: World, alice: Client, features: list[str]
    ) -> None:
        page = alice.post("/s/north/connections/new/amazon/na", {"features": features})
        assert page.status_code == 400
        assert not ConnectAttempt.objects.exists()

    def test_an_installation_without_an_app_says_so(
        self, world: World, alice: Client, settings: Any
    ) -> None:
        settings.MARKETPLACE_APPS = {
            name: dict.fromkeys(app, "")
            for name, app in settings.MARKETPLACE_APPS.items()
        }
        page = alice.post("/s/north/connections/new/amazon/na", {"features": "orders"})
        assert page.status_code == 200
        assert "registered at Amazon yet" in whole(page).decode()


class TestTheWayBack:
    """The callback's address holds a code; it goes nowhere else."""

    PATH = "/connections/amazon/callback"
    QUERY = {"spapi_oauth_code": CODE, "state": "S", "selling_partner_id": "A1"}

    def test_a_refusal_is_told_in_words_and_the_code_is_gone(
        self, world: World, alice: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        first = alice.get(self.PATH, self.QUERY)
        assert first.status_code == 302
        assert first["Location"] == "/"
        assert first["Referrer-Policy"] == "no-referrer"
        text = whole(alice.get("/s/north/")).decode()
        assert "Nothing was connected" in text
        assert CODE not in text + caplog.text + str(first.headers)
        assert not any(CODE in str(e.additional_data) for e in Entry.objects.all())

    def test_a_session_that_ended_is_not_asked_to_carry_the_code(
        self, world: World
    ) -> None:
        client = Client()
        response = client.get(self.PATH, self.QUERY)
        assert response["Location"] == "/sign-in"
        assert response["Referrer-Policy"] == "no-referrer"
        text = whole(client.get("/sign-in")).decode()
        assert "nothing was connected" in text
        assert CODE not in text

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "state=%00",
            "state=" + "x" * 5000,
            "state=a&state=b",
            "spapi_oauth_code=%ED%A0%80&state=%FF",
            "error=access_denied&state=x",
        ],
    )
    def test_a_malformed_callback_changes_nothing(
        self, world: World, alice: Client, query: str
    ) -> None:
        before = list(Connection.objects.of_seller(world.cast.north).values("status"))
        assert alice.get(f"{self.PATH}?{query}")["Location"] == "/"
        after = list(Connection.objects.of_seller(world.cast.north).values("status"))
        assert after == before

    def test_another_marketplace_is_nothing(self, alice: Client) -> None:
        assert alice.get("/connections/ebay/callback").status_code == 404


def form_action(response: Any) -> set[str]:
    """Where the page's forms may lead."""
    directives = response["Content-Security-Policy"].split(";")
    (told,) = [d.split() for d in directives if d.strip().startswith("form-action")]
    return set(told[1:])


def test_trouble_and_an_end_that_nears_are_told_in_words(
    world: World, alice: Client
) -> None:
    world.north.trouble = "Amazon refuses Orders. Nothing was lost."
    world.north.reconnect_by = rows.NOW + timedelta(days=20)
    world.north.save(update_fields=["trouble", "reconnect_by"])
    for page in ("connections", "connection"):
        text = whole(alice.get(world.paths[page])).decode()
        assert "Amazon refuses Orders" in text
        assert "ends this authorisation on" in text
        assert f"?renews={world.north.pk}" in text
    text = whole(signed_in(world.cast.bob).get(world.paths["connection"])).decode()
    assert "An owner or manager can connect it again" in text
    assert "?renews=" not in text
