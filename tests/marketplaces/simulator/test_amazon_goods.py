"""Listings, stock, prices and catalogue page and refuse as Amazon's do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplaces.simulator.goods import AWKWARD_SKUS
from marketplaces.simulator.server import Simulator
from tests.marketplaces.simulator.caller import Caller

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _paged(caller: Caller, **parameters: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = caller.listings(**parameters).json()
    while True:
        found += page["items"]
        if "pagination" not in page:
            return found
        token = page["pagination"]["nextToken"]
        page = caller.listings(pageToken=token, **parameters).json()


def test_awkward_skus_arrive_whole(caller: Caller) -> None:
    skus = {item["sku"] for item in _paged(caller)}
    assert set(AWKWARD_SKUS) <= skus
    assert any("/" in sku for sku in skus)
    assert len(skus) == caller.listings().json()["numberOfResults"]


def test_no_more_than_a_thousand_listings_can_be_paged_through() -> None:
    with Simulator(orders=0, listings=1_100, limits=False) as simulator:
        caller = Caller(simulator).signed_in()
        usual = {"sortBy": "createdDate", "sortOrder": "ASC"}
        found = _paged(caller, **usual)
        assert caller.listings(**usual).json()["numberOfResults"] == 1_100
        assert len({item["sku"] for item in found}) == 1_000
        last = found[-1]["summaries"][0]["createdDate"]
        rest = _paged(caller, createdAfter=last, **usual)
        assert len({i["sku"] for i in (*found, *rest)}) == 1_100


def test_listings_can_be_asked_for_by_change(caller: Caller) -> None:
    usual = {"sortBy": "lastUpdatedDate", "sortOrder": "ASC"}
    every = _paged(caller, **usual)
    dates = [item["summaries"][0]["lastUpdatedDate"] for item in every]
    assert dates == sorted(dates)
    late = _paged(caller, lastUpdatedAfter=dates[20], **usual)
    early = _paged(caller, lastUpdatedBefore=dates[20], **usual)
    assert len(late) + len(early) == len(every) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"pageSize": 21},
        {"sortBy": "price"},
        {"includedData": "buyers"},
        {"marketplaceIds": ""},
        {"pageToken": "AAAA"},
        {"identifiers": "X"},
    ],
)
def test_wrong_listing_parameters_are_refused(
    caller: Caller, wrong: dict[str, Any]
) -> None:
    assert caller.listings(**wrong).status_code == 400


def test_another_sellers_listings_are_refused(caller: Caller) -> None:
    answer = caller.get(
        "/listings/2021-08-01/items/A3SOUTHNA7SIM", marketplaceIds="ATVPDKIKX0DER"
    )
    assert answer.status_code == 403


def test_stock_pages_in_one_go_or_not_at_all() -> None:
    clock = [NOW]
    with Simulator(
        orders=0, listings=130, limits=False, clock=lambda: clock[0]
    ) as simulator:
        caller = Caller(simulator).signed_in()
        first = caller.stock().json()
        assert len(first["payload"]["inventorySummaries"]) == 50
        token = first["pagination"]["nextToken"]
        second = caller.stock(nextToken=token).json()
        assert len(second["payload"]["inventorySummaries"]) == 15
        assert "pagination" not in second
        start = "2026-01-01T00:00:00Z"
        changed = caller.stock(nextToken=token, startDateTime=start)
        assert changed.status_code == 400
        clock[0] += timedelta(seconds=31)
        assert caller.stock(nextToken=token).status_code == 400


def test_stock_is_one_store_and_at_most_18_months_of_changes(caller: Caller) -> None:
    both = "ATVPDKIKX0DER,A2EUQ1WTGCTBG2"
    assert caller.stock(marketplaceIds=both).status_code == 400
    assert caller.stock(granularityId="A2EUQ1WTGCTBG2").status_code == 400
    assert caller.stock(startDateTime="2020-01-01T00:00:00Z").status_code == 400
    bare = caller.stock(details="false").json()["payload"]["inventorySummaries"]
    assert not any("inventoryDetails" in summary for summary in bare)
    full = caller.stock().json()["payload"]["inventorySummaries"]
    amounts = [s["inventoryDetails"]["fulfillableQuantity"] for s in full]
    assert 0 in amounts
    assert any(0 < amount < 10 for amount in amounts)


def test_prices_name_each_sku_asked_for(caller: Caller) -> None:
    asked = ["Tüte, groß", "MUG/BLUE 11", "nothing of the kind"]
    prices = caller.prices(Skus=",".join(asked)).json()["payload"]
    assert [price["SellerSKU"] for price in prices] == asked
    assert [p["status"] for p in prices] == ["Success", "Success", "ClientError"]
    too_many = ",".join(f"S{number}" for number in range(21))
    assert caller.prices(Skus=too_many).status_code == 400


def test_the_catalogue_knows_brand_and_category(caller: Caller) -> None:
    asins = [item.product_id for item in caller.account.items[:12]]
    page = caller.catalog(identifiers=",".join(asins)).json()
    assert page["numberOfResults"] == 12
    assert len(page["items"]) == 10
    token = page["pagination"]["nextToken"]
    rest = caller.catalog(identifiers=",".join(asins), pageToken=token).json()
    assert len(rest["items"]) == 2
    assert page["items"][0]["summaries"][0]["brand"]
    assert caller.catalog(keywords="mug").status_code == 400


def test_time_changes_prices_stock_and_listings() -> None:
    with Simulator(orders=10, limits=False) as simulator:
        caller = Caller(simulator).signed_in()
        before = {item["sku"]: item for item in _paged(caller)}
        simulator.advance()
        after = {item["sku"]: item for item in _paged(caller)}
        assert len(before.keys() - after.keys()) == 1
        dearer = [sku for sku in after if after[sku]["offers"] != before[sku]["offers"]]
        assert len(dearer) == 1
