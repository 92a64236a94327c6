"""USE-1, ACC-1: each page for each person; foreign and unknown are the same 404."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from tests.conftest import Cast, person, signed_in
from tests.marketplaces.console.conftest import World, whole

PAGES = (
    "dashboard",
    "orders",
    "order",
    "listings",
    "sku",
    "inventory",
    "prices",
    "what_we_fetch",
    "connections",
    "connection",
    "progress",
    "run",
)
FILES = ("orders_file", "listings_file", "inventory_file", "prices_file")
MANAGING = ("choose_marketplace", "connect", "disconnect")
ACTIONS = ("sync_now", "switch")
# Taking everything along has tests of its own, in ../exporting.
EXPORTS = ("export", "export_progress", "export_file", "export_end")
SHIPPING_SEES = {"dashboard", "orders", "order", "what_we_fetch"}


HTMX = {"HX-Request": "true"}  # without it the part that moves leads to its page


def body(response: Any) -> str:
    return whole(response).decode()


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
def test_the_owner_sees_every_page_with_own_rows_only(world: World, page: str) -> None:
    response = signed_in(world.cast.alice).get(world.paths[page], headers=HTMX)
    text = body(response)
    assert response.status_code == 200
    assert "SOUTHERN" not in text
    if page in ("dashboard", "orders", "order", "listings", "sku", "inventory"):
        assert "NORTHERN" in text


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees_every_page(world: World, page: str) -> None:
    client = signed_in(world.cast.bob)
    assert client.get(world.paths[page], headers=HTMX).status_code == 200


@pytest.mark.parametrize("page", [*FILES, *MANAGING])
def test_a_viewer_neither_exports_nor_manages(world: World, page: str) -> None:
    assert signed_in(world.cast.bob).get(world.paths[page]).status_code == 403


@pytest.mark.parametrize("page", ["orders", "connection", "dashboard"])
def test_a_viewer_is_offered_no_button_that_refuses(world: World, page: str) -> None:
    text = body(signed_in(world.cast.bob).get(world.paths[page]))
    assert ".csv" not in text
    assert "Sync now" not in text
    assert "Disconnect" not in text


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
def test_shipping_sees_orders_only(world: World, page: str) -> None:
    expected = 200 if page in SHIPPING_SEES else 403
    response = signed_in(world.sam).get(world.paths[page])
    if page == "sku":  # nothing of a SKU is left to see for shipping
        expected = 404
    assert response.status_code == expected


def test_shipping_sees_no_stock_listing_or_price_on_the_dashboard(world: World) -> None:
    text = body(signed_in(world.sam).get(world.paths["dashboard"]))
    assert "Orders per day" in text
    for hidden in ("Problem NORTHERN", "Low stock", "SKU-NORTHERN", "Listing problems"):
        assert hidden not in text


@pytest.mark.parametrize("page", FILES)
def test_an_analyst_exports(world: World, page: str) -> None:
    assert signed_in(world.ann).get(world.paths[page]).status_code == 200


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
@pytest.mark.parametrize("who", ["charlie", "olga", "carl", "superuser"])
def test_strangers_and_staff_get_the_answer_of_an_unknown_seller(
    world: World, page: str, who: str
) -> None:
    person: User = getattr(world.cast, "olga" if who == "superuser" else who)
    if who == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    client, path = signed_in(person), world.paths[page]
    foreign = client.get(path)
    unknown = client.get(path.replace("/s/north/", "/s/nobody/"))
    assert foreign.status_code == unknown.status_code == 404
    assert body(foreign) == body(unknown)


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
def test_nobody_gets_in_without_signing_in(world: World, page: str) -> None:
    response = Client().get(world.paths[page])
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=/s/north/")


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
def test_a_deactivated_person_is_signed_out(world: World, page: str) -> None:
    client = signed_in(world.cast.alice)
    User.objects.filter(pk=world.cast.alice.pk).update(is_active=False)
    assert client.get(world.paths[page]).status_code == 302


@pytest.mark.parametrize("page", [*PAGES, *FILES, *MANAGING])
def test_pages_are_kept_by_no_cache_and_named_to_no_other_site(
    world: World, page: str
) -> None:
    response = signed_in(world.cast.alice).get(world.paths[page])
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in response["Content-Security-Policy"]


def test_ids_of_another_seller_under_my_own_name_are_unknown(world: World) -> None:
    """Nested addresses with mixed parents: /s/north/.../<something of South>."""
    client, south = signed_in(world.cast.alice), world.south
    foreign = south.runs.latest("pk")
    for path in (
        f"/s/north/orders/{south.pk}/111-SOUTHERN",
        f"/s/north/skus/{south.pk}/ATVPDKIKX0DER/SKU-SOUTHERN",
        f"/s/north/connections/{south.pk}",
        f"/s/north/connections/{south.pk}/progress",
        f"/s/north/connections/{south.pk}/disconnect",
        reverse("console:run", args=["north", world.north.pk, foreign.pk]),
        reverse("console:run", args=["north", south.pk, foreign.pk]),
        f"/s/north/connections/{world.north.pk}/runs/{world.run.pk}",  # a bare number
        f"/s/north/connections/{world.north.pk}/runs/{world.run.pk}-{'0' * 16}",
    ):
        assert client.get(path).status_code == 404, path
    for path in (
        f"/s/north/connections/{south.pk}/sync",
        f"/s/north/connections/{south.pk}/features/orders",
        f"/s/north/connections/{south.pk}/disconnect",
    ):
        assert client.post(path, {"on": "no"}).status_code == 404, path
    assert south.switches.get(feature="orders").on


def test_every_address_of_the_console_is_in_these_tests() -> None:
    names = {
        pattern.name
        for part in get_resolver("marketplaces.console.urls").url_patterns
        for pattern in getattr(part, "url_patterns", [])
    }
    assert names == {*PAGES, *FILES, *MANAGING, *ACTIONS, *EXPORTS}


def test_one_seller_is_opened_at_once(world: World) -> None:
    response = signed_in(world.cast.alice).get("/")
    assert response["Location"] == "/s/north/"


def test_the_start_page_lists_own_sellers_only(world: World) -> None:
    cast = world.cast
    join(actor=None, seller=cast.south, user=cast.bob, role=Role.VIEWER)
    assert "South" in body(signed_in(cast.bob).get("/"))
    nobody = body(signed_in(person("nora")).get("/"))
    assert "North" not in nobody
    assert "don't belong to a seller" in nobody.replace("&#x27;", "'")


def test_staff_are_led_to_their_desk(cast: Cast) -> None:
    assert signed_in(cast.olga).get("/")["Location"] == "/admin/"
