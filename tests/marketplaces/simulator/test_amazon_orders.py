"""searchOrders pages, filters and refuses as Amazon's does."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from tests.marketplaces.simulator.caller import Caller

NOW = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_pages_hold_every_order_once(caller: Caller) -> None:
    first = caller.orders(maxResultsPerPage=100).json()
    assert len(first["orders"]) == 100
    ids = [order["orderId"] for order in caller.all_orders(maxResultsPerPage=100)]
    assert len(ids) == len(set(ids)) == 450
    assert caller.all_orders(maxResultsPerPage=7) == caller.all_orders()


def test_the_last_page_has_no_pagination_and_each_echoes_its_mark(
    caller: Caller,
) -> None:
    pages = [caller.orders(maxResultsPerPage=225).json() for _ in range(1)]
    assert "errors" in pages[0]  # more than 100 isn't allowed
    page = caller.orders().json()
    echo = page["lastUpdatedBefore"]
    marks = {echo}
    while "pagination" in page:
        page = caller.orders(paginationToken=page["pagination"]["nextToken"]).json()
        marks.add(page["lastUpdatedBefore"])
    assert marks == {echo}


def test_a_token_is_good_only_with_the_same_parameters(caller: Caller) -> None:
    token = caller.orders().json()["pagination"]["nextToken"]
    changed = caller.orders(
        paginationToken=token, lastUpdatedAfter="2021-01-01T00:00:00Z"
    )
    assert changed.status_code == 400
    assert changed.json()["errors"][0]["code"] == "InvalidInput"
    freed = caller.orders(
        paginationToken=token, maxResultsPerPage=5, includedData="FULFILLMENT"
    )
    assert freed.status_code == 200
    assert caller.orders(paginationToken="garbage").status_code == 400


def test_a_token_dies_after_a_day() -> None:
    clock = [NOW]
    with Simulator(
        orders=150,
        limits=False,
        clock=lambda: clock[0],
        access_seconds={"amazon": 10**6, "walmart": 900},
    ) as simulator:
        caller = Caller(simulator).signed_in()
        token = caller.orders().json()["pagination"]["nextToken"]
        clock[0] += timedelta(hours=23, minutes=59)
        assert caller.orders(paginationToken=token).status_code == 200
        clock[0] += timedelta(minutes=2)
        assert caller.orders(paginationToken=token).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"createdAfter": "2020-01-01T00:00:00Z"},
        {"lastUpdatedAfter": None},
        {"createdBefore": "2020-01-01T00:00:00Z"},
        {"lastUpdatedBefore": "2019-01-01T00:00:00Z"},
        {"lastUpdatedAfter": "yesterday"},
        {"lastUpdatedAfter": "2020-01-01T00:00:00"},
        {"maxResultsPerPage": 0},
        {"maxResultsPerPage": 101},
        {"includedData": "PROCEEDS,EVERYTHING"},
        {"fulfillmentStatuses": "CANCELED"},
        {"marketplaceIds": ",".join(f"A{n}" for n in range(51))},
    ],
)
def test_wrong_parameters_are_refused(caller: Caller, wrong: dict[str, Any]) -> None:
    answer = caller.orders(**wrong)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "InvalidInput"


def test_a_mark_younger_than_two_minutes_is_refused() -> None:
    with Simulator(orders=5, limits=False, clock=lambda: NOW) as simulator:
        caller = Caller(simulator).signed_in()
        young = _iso(NOW - timedelta(seconds=100))
        old = _iso(NOW - timedelta(seconds=121))
        assert caller.orders(lastUpdatedBefore=young).status_code == 400
        answer = caller.orders(lastUpdatedBefore=old)
        assert answer.json()["lastUpdatedBefore"] == old
        untold = caller.orders().json()["lastUpdatedBefore"]
        assert untold == _iso(NOW - timedelta(minutes=2))


def test_status_and_money_come_only_if_asked_for(caller: Caller) -> None:
    bare = caller.orders(includedData=None).json()["orders"]
    assert not any("fulfillment" in o or "proceeds" in o for o in bare)
    asked = caller.orders().json()["orders"]
    assert all("fulfillment" in order for order in asked)
    assert any("proceeds" in order for order in asked)


def test_pending_orders_have_no_prices_and_totals_add_up(caller: Caller) -> None:
    statuses = set()
    for order in caller.all_orders():
        status = order["fulfillment"]["fulfillmentStatus"]
        statuses.add(status)
        if status.startswith("PENDING"):
            assert "proceeds" not in order
            assert "price" not in order["orderItems"][0]["product"]
            continue
        parts = [
            Decimal(part["subtotal"]["amount"])
            for part in order["proceeds"]["breakdowns"]
        ]
        assert Decimal(order["proceeds"]["grandTotal"]["amount"]) == sum(parts)
        items = [
            Decimal(item["proceeds"]["proceedsTotal"]["amount"])
            for item in order["orderItems"]
        ]
        assert parts[0] == sum(items)
    assert {"PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"} <= statuses
    assert "CANCELLED" in statuses


def test_filters_divide_the_orders(caller: Caller) -> None:
    everything = {order["orderId"] for order in caller.all_orders()}
    by_channel = [
        {order["orderId"] for order in caller.all_orders(fulfilledBy=who)}
        for who in ("AMAZON", "MERCHANT")
    ]
    by_store = [
        {order["orderId"] for order in caller.all_orders(marketplaceIds=market.id)}
        for market in caller.account.markets
    ]
    for parts in (by_channel, by_store):
        assert set.union(*parts) == everything
        assert sum(map(len, parts)) == len(everything)
    foreign = caller.orders(marketplaceIds="A1PA6795UKMFR9")
    assert foreign.status_code == 403


def test_changes_are_seen_after_time_has_passed() -> None:
    with Simulator(orders=120, limits=False) as simulator:
        caller = Caller(simulator).signed_in()
        before = {order["orderId"]: order for order in caller.all_orders()}
        mark = caller.orders().json()["lastUpdatedBefore"]
        simulator.advance()
        overlap = datetime.fromisoformat(mark) - timedelta(minutes=5)
        changed = caller.all_orders(lastUpdatedAfter=_iso(overlap))
        new = [order for order in changed if order["orderId"] not in before]
        moved = [
            order
            for order in changed
            if order["orderId"] in before and order != before[order["orderId"]]
        ]
        assert len(new) >= 3
        assert moved
        after = {order["orderId"]: order for order in caller.all_orders()}
        differing = {key for key in after if after[key] != before.get(key)}
        assert differing == {order["orderId"] for order in (*new, *moved)}
