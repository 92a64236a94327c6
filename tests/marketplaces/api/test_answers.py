"""What the answers say: pages, money, times, where from, what is absent and why."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from marketplaces.datamap import Feature
from marketplaces.models import FeatureSwitch, Order
from plugseller.accounts.converters import Unguessable
from plugseller.audit.models import Entry
from tests.marketplaces.api.conftest import V1, Key, key_of
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World

ORDERS = f"{V1}/sellers/north/orders"


def test_an_order_is_told_whole(world: World, key: Key) -> None:
    rows.order(world.north, "222", skus=("A/B", "C"), ship_by=rows.NOW)
    [told] = key.get(ORDERS, {"q": "222"}).json()["results"]
    assert told["number"] == "222"
    assert told["total"] == {"amount": "19.9000", "currency": "USD"}
    assert told["placed_at"].endswith("Z")
    assert told["provenance"] == {
        "as_of": f"{rows.NOW - timedelta(minutes=12):%Y-%m-%dT%H:%M:%SZ}",
        "fetched_at": f"{rows.NOW - timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}",
        "operation": "amazon.searchOrders",
        "sync_run": Unguessable().to_url(7),
    }
    assert [i["sku"] for i in told["items"]] == ["A/B", "C"]
    assert told["items"][0]["unit_price"] == {"amount": "9.9500", "currency": "USD"}
    assert told["items"][0]["absent"]["quantity_shipped"] == "not_told"
    assert told["absent"] == {}
    alone = key.get(told["url"].removeprefix("http://localhost:8000")).json()
    assert alone == told


def test_absent_is_not_zero(world: World, key: Key) -> None:
    rows.order(world.north, "1", status="PENDING", total=None, currency=None)
    rows.order(world.north, "2", total=Decimal("0"))
    rows.order(world.north, "3", total=None, currency=None)
    told = {o["number"]: o for o in key.get(ORDERS).json()["results"]}
    assert told["1"]["total"] is None
    assert told["1"]["absent"]["total"] == "not_yet_known"
    assert told["2"]["total"] == {"amount": "0.0000", "currency": "USD"}
    assert "total" not in told["2"]["absent"]
    assert told["3"]["absent"] == {"total": "not_told", "ship_by": "not_told"}
    rows.stock(world.north, "NONE", None, reserved=0)
    path = f"{V1}/sellers/north/inventory"
    [place] = key.get(path, {"q": "NONE"}).json()["results"]
    assert place["available"] is None
    assert place["reserved"] == 0
    assert "reserved" not in place["absent"]
    assert place["absent"]["available"] == "not_told"


def test_an_empty_list_says_why(world: World) -> None:
    key = key_of(world.cast.charlie, world.cast.south)
    path = f"{V1}/sellers/south/orders"
    Order.objects.of_seller(world.cast.south).delete()
    [why] = key.get(path).json()["why_empty"]
    assert why["reason"] == "Amazon NA answered: no orders."
    assert why["answered_at"].endswith("Z")
    FeatureSwitch.objects.filter(connection=world.south, feature=Feature.ORDERS).update(
        on=False
    )
    [why] = key.get(path).json()["why_empty"]
    assert "Orders is off" in why["reason"]
    assert why["connection"] == str(world.south.pk)


def _walk(key: Key, path: str, data: dict[str, str], link: str) -> list[list[Any]]:
    pages, answer = [], key.get(path, data).json()
    while True:
        pages.append([row["number"] for row in answer["results"]])
        if not answer[link]:
            return pages
        assert answer[link].startswith(f"http://localhost:8000{path}?")
        answer = key.get(answer[link].removeprefix("http://localhost:8000")).json()


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_hold_every_order_once_there_and_back(
    world: World, key: Key, sort: str
) -> None:
    rows.many_orders(world.north, 95)
    data = {"size": "20", "sort": sort, "market": rows.US}
    there = _walk(key, ORDERS, data, "next")
    assert [len(page) for page in there] == [20, 20, 20, 20, 16]
    flat = [number for page in there for number in page]
    assert len(set(flat)) == 96
    answer = key.get(ORDERS, data).json()
    assert answer["previous"] is None
    second = key.get(answer["next"].removeprefix("http://localhost:8000")).json()
    first = key.get(second["previous"].removeprefix("http://localhost:8000")).json()
    assert first["results"] == answer["results"]


@pytest.mark.parametrize("size", [1, 200])
def test_a_page_is_as_long_as_asked(world: World, key: Key, size: int) -> None:
    rows.many_orders(world.north, 205)
    told = key.get(ORDERS, {"size": str(size)}).json()
    assert len(told["results"]) == size
    assert set(told) == {"results", "next", "previous", "why_empty"}


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"status": "UNSHIPPED"}, {"late", "soon"}),
        ({"late": "true"}, {"late"}),
        ({"late": "false", "status": "UNSHIPPED"}, {"late", "soon"}),
        ({"channel": "marketplace"}, {"soon"}),
        ({"q": "SKU-NORTHERN"}, {"111-NORTHERN"}),
        ({"since": "2001-01-01", "until": "2001-01-02"}, set()),
    ],
)
def test_filters_are_those_of_the_pages(
    world: World, key: Key, asked: dict[str, str], numbers: set[str]
) -> None:
    hour = timedelta(hours=1)
    rows.order(world.north, "late", status="UNSHIPPED", ship_by=rows.NOW - hour)
    rows.order(
        world.north,
        "soon",
        status="UNSHIPPED",
        ship_by=rows.NOW + hour,
        channel="marketplace",
    )
    told = key.get(ORDERS, asked).json()["results"]
    assert {order["number"] for order in told} == numbers


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"late": "maybe"}, "One of: true, false."),
        ({"sort": "price"}, "One of: newest, oldest."),
        ({"size": "201"}, "Ensure this value is less than or equal to 200."),
        ({"since": "24/11/2026"}, "A day as YYYY-MM-DD. Enter a valid date."),
    ],
)
def test_a_wrong_value_is_told_what_would_be_right(
    key: Key, asked: dict[str, str], detail: str
) -> None:
    answer = key.get(ORDERS, asked)
    assert answer.status_code == 400
    [name] = asked
    assert answer.json()["errors"] == [{"parameter": name, "detail": detail}]


def test_awkward_skus_are_reached_by_their_own_address(world: World, key: Key) -> None:
    for sku in rows.NASTY_SKUS:
        rows.listing(world.north, sku)
    told = key.get(f"{V1}/sellers/north/listings").json()["results"]
    assert {row["sku"] for row in told} >= set(rows.NASTY_SKUS)
    for row in told:
        path = row["url"].removeprefix("http://localhost:8000")
        assert key.get(path).json() == row


def test_connections_and_runs_are_told_without_secrets(
    world: World, key: Key, paths: dict[str, str]
) -> None:
    [account] = key.get(paths["connections"]).json()["results"]
    assert account["account_id"] == "ANORTH"
    assert account["markets"][0]["currency"] == "USD"
    assert {
        k: v
        for f in account["features"]
        if f["feature"] == "orders"
        for k, v in f.items()
        if k != "switched_at"
    } == {"feature": "orders", "on": True}
    assert "credentials" not in account
    assert key.get(paths["connection"]).json() == account
    run = key.get(paths["sync_run"]).json()
    assert run["dropped"] == {"orders[].buyer": 5}
    runs = key.get(paths["sync_runs"], {"feature": "orders"}).json()["results"]
    assert runs == [run]
    assert run["url"].endswith(f"/{run['id']}")
    assert key.get(paths["sync_runs"], {"outcome": "failed"}).json()["results"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["orders", "order", "listings", "stock"])
def test_what_cannot_be_logged_is_not_told(
    key: Key, paths: dict[str, str], name: str
) -> None:
    key.get(paths["seller"])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry RENAME TO audit_gone")
    try:
        answer = key.get(paths[name])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_gone RENAME TO audit_entry")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "60"
    assert "NORTHERN" not in answer.content.decode()
    assert key.get(paths[name]).status_code == 200


def test_an_empty_page_is_a_read_too(world: World, key: Key) -> None:
    key.get(ORDERS, {"q": "nothing has this"})
    [entry] = Entry.objects.filter(event="read.orders.list")
    assert entry.rows == 0
