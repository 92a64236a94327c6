"""Items, prices and stock; nothing unseen counts as gone by mistake."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest

from marketplaces.adapters.walmart import ADAPTER
from marketplaces.contract import Checkpoint, Unreadable, Word
from marketplaces.datamap import Operation
from marketplaces.records import (
    GrantRecord,
    Issue,
    ListingRecord,
    MarketRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
)
from tests.adapters.walmart.examples import (
    DETAIL,
    ITEMS,
    LISTS,
    NODES,
    NOW,
    WFS,
    answer,
    example,
    read,
    request,
)

CURSOR = "QW4gb3BhcXVlIGN1cnNvcg=="
EARLY = "Walmart's list ended before all that it had announced."
NOT_FOUND = {"errors": [{"code": "CONTENT_NOT_FOUND.GMP_INVENTORY_API"}]}


def _item(sku: str = "A", **changes: Any) -> dict[str, Any]:
    return {
        "sku": sku,
        "wpid": f"W{sku}",
        "productName": "Mug",
        "productType": "Mugs",
        "price": {"currency": "USD", "amount": 7.5},
        "publishedStatus": "PUBLISHED",
        "lifecycleStatus": "ACTIVE",
    } | changes


def _items(*rows: Any, total: int | None = None, cursor: str | None = CURSOR) -> Any:
    told = {"ItemResponse": list(rows), "totalItems": total or len(rows)}
    return told | ({"nextCursor": cursor} if cursor else {})


def _of(records: Any, kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def _asked(operation: Operation, at: Checkpoint) -> dict[str, str]:
    return dict(parse_qsl(request(operation, at).query))


# Items


def test_an_item_is_a_listing_a_product_and_a_price() -> None:
    page = read(ITEMS, _items(_item()))
    assert page.records == (
        ListingRecord(
            sku="A",
            market="US",
            product_id="WA",
            title="Mug",
            status="PUBLISHED,ACTIVE",
        ),
        ProductRecord(external_id="WA", market="US", title="Mug", category="Mugs"),
        PriceRecord(
            sku="A", market="US", kind="offer", amount=Decimal("7.5"), currency="USD"
        ),
    )
    assert page.finished


def test_the_official_example_is_read_and_zero_is_no_price() -> None:
    official = example("items_list.200.json")
    page = read(ITEMS, official)
    rows = official["ItemResponse"]
    assert [r.sku for r in _of(page.records, ListingRecord)] == [r["sku"] for r in rows]
    prices = {r.sku: r.amount for r in _of(page.records, PriceRecord)}
    assert prices == {
        r["sku"]: Decimal(r["price"]["amount"]) for r in rows if r["price"]["amount"]
    }
    assert 0 < len(prices) < len(rows)
    issues = _of(page.records, ListingRecord)[0].issues
    assert issues[2] == Issue(
        "UNPUBLISHED", "ERROR", "No price was found for this listing."
    )
    # 32,614 are announced and no way to them is given: nothing may count as gone.
    assert page.finished
    assert not page.checkpoint.full
    assert [skipped.reason for skipped in page.skipped] == [EARLY]


@pytest.mark.parametrize(
    ("shelf", "category"),
    [
        ('["Home","Kitchen"]', "Kitchen"),
        ('["UNNAV"]', None),
        ("[]", None),
        ("not json", None),
        (None, None),
    ],
)
def test_without_a_product_type_the_innermost_shelf_is_the_category(
    shelf: str | None, category: str | None
) -> None:
    page = read(ITEMS, _items(_item(productType=None, shelf=shelf)))
    assert _of(page.records, ProductRecord)[0].category == category


@pytest.mark.parametrize(
    "price",
    [
        {"currency": "USD", "amount": -8},
        {"currency": "ZZZ9", "amount": 8},
        {"currency": "USD", "amount": 1e30},
        {"currency": "USD", "amount": "Infinity"},
    ],
)
def test_a_price_that_cant_be_is_skipped_and_the_listing_stays(price: Any) -> None:
    page = read(ITEMS, _items(_item("A", price=price), _item("B")))
    assert [r.sku for r in _of(page.records, ListingRecord)] == ["A", "B"]
    assert [r.sku for r in _of(page.records, PriceRecord)] == ["B"]
    assert [skipped.key for skipped in page.skipped] == ["A"]


def test_a_row_of_wrong_types_is_skipped_alone() -> None:
    page = read(ITEMS, _items(_item("A"), _item("B", publishedStatus=1), {"sku": 5}))
    assert [r.sku for r in _of(page.records, ListingRecord)] == ["A"]
    assert [skipped.key for skipped in page.skipped] == ["B", ""]


def test_a_sku_listed_twice_on_a_page_is_read_once() -> None:
    page = read(ITEMS, _items(_item("A"), _item("A"), _item("B")))
    assert [r.sku for r in _of(page.records, ListingRecord)] == ["A", "B"]
    assert [skipped.key for skipped in page.skipped] == ["A"]
    assert page.finished


@pytest.mark.parametrize("sku", ["MUG/BLUE 11", "100%+#", "SOCKS-🧦-XL", "a=b?c;d'e"])
def test_awkward_skus_come_through_as_they_are(sku: str) -> None:
    page = read(ITEMS, _items(_item(sku)))
    assert _of(page.records, ListingRecord)[0].sku == sku


def test_items_are_walked_with_one_cursor_and_a_growing_offset() -> None:
    at, seen = Checkpoint(started=NOW), []
    assert _asked(ITEMS, at) == {"limit": "200", "nextCursor": "*"}
    for start in (0, 200, 400):
        rows = [_item(str(n)) for n in range(start, min(start + 200, 450))]
        page = read(ITEMS, _items(*rows, total=450), at)
        seen += [r.sku for r in _of(page.records, ListingRecord)]
        at = page.checkpoint
        if not page.finished:
            assert _asked(ITEMS, at) == {
                "limit": "200",
                "nextCursor": CURSOR,
                "offset": str(start + 200),
            }
    assert page.finished
    assert at.full
    assert len(set(seen)) == 450


def test_beyond_the_furthest_offset_only_the_cursor_leads_on() -> None:
    asked = _asked(ITEMS, Checkpoint(started=NOW, cursor=CURSOR, seen=10_200))
    assert asked == {"limit": "200", "nextCursor": CURSOR}


@pytest.mark.parametrize("operation", [ITEMS, WFS])
def test_the_page_before_once_more_is_unreadable(operation: Operation) -> None:
    value = _many(operation, 0, total=900)
    first = read(operation, value)
    with pytest.raises(Unreadable):
        read(operation, value, first.checkpoint)


@pytest.mark.parametrize("operation", [ITEMS, WFS])
def test_a_short_page_before_the_end_means_that_nothing_counts_as_gone(
    operation: Operation,
) -> None:
    short = _many(operation, 0, total=900, count=50)
    page = read(operation, short)
    assert not page.finished
    assert not page.checkpoint.full
    assert [skipped.reason for skipped in page.skipped] == [EARLY]


@pytest.mark.parametrize("operation", [ITEMS, WFS])
@pytest.mark.parametrize("status", [200, 404])
def test_a_list_that_ends_early_means_that_nothing_counts_as_gone(
    operation: Operation, status: int
) -> None:
    first = read(operation, _many(operation, 0, total=900))
    assert first.checkpoint.full
    value = NOT_FOUND if status == 404 else _many(operation, 0, total=900, count=0)
    page = read(operation, value, first.checkpoint, status)
    assert page.finished
    assert not page.checkpoint.full
    assert [skipped.reason for skipped in page.skipped] == [EARLY]


def _many(operation: Operation, start: int, *, total: int, count: int = -1) -> Any:
    skus = [str(n) for n in range(start, start + operation.page_size)]
    skus = skus if count < 0 else skus[:count]
    if operation is ITEMS:
        return _items(*map(_item, skus), total=total)
    return _wfs(*({"sku": sku} for sku in skus), total=total)


@pytest.mark.parametrize("operation", LISTS, ids=lambda o: o.key)
def test_an_empty_list_is_a_404_and_complete(operation: Operation) -> None:
    assert ADAPTER.failure(operation, answer(NOT_FOUND, 404)) is None
    page = read(operation, NOT_FOUND, status=404)
    assert page.records == ()
    assert page.lane_done
    assert page.skipped == ()
    assert page.checkpoint.full


def test_a_dead_cursor_of_items_is_stale() -> None:
    told = {
        "error": [{"code": "X.GMP_ITEM_QUERY_API", "description": "Invalid Cursor"}]
    }
    failure = ADAPTER.failure(ITEMS, answer(told, 400))
    assert failure
    assert failure.word is Word.STALE


# Stock


def _nodes(*rows: Any, cursor: str | None = None, total: int | None = None) -> Any:
    meta: dict[str, Any] = {"totalCount": total or len(rows)}
    if cursor:
        meta["nextCursor"] = cursor
    return {"meta": meta, "elements": {"inventories": list(rows)}}


def _node(name: str = "1", amount: Any = 5, reserved: Any = 1) -> dict[str, Any]:
    return {
        "shipNode": name,
        "availToSellQty": {"unit": "EACH", "amount": amount},
        "reservedQty": {"unit": "EACH", "amount": reserved},
    }


def test_stock_is_kept_per_ship_node() -> None:
    page = read(NODES, example("inventories_all_nodes.200.json"))
    assert page.records[:2] == (
        StockRecord(
            sku="AI-IGH4-5509",
            market="US",
            location="361451354333223041",
            channel="seller",
            available=93,
            reserved=0,
        ),
        StockRecord(
            sku="AI-IGH4-5509",
            market="US",
            location="100009",
            channel="seller",
            available=433,
            reserved=3,
        ),
    )
    assert not page.finished


def test_a_node_with_an_error_inside_of_a_200_is_skipped_and_the_others_stay() -> None:
    lost = {"shipNode": "2", "errors": [{"code": "X", "description": "for A"}]}
    page = read(NODES, _nodes({"sku": "A", "nodes": [_node("1"), lost, _node("3")]}))
    assert [r.location for r in _of(page.records, StockRecord)] == ["1", "3"]
    (skipped,) = page.skipped
    assert skipped.key == "A"
    assert "for A" not in skipped.reason


@pytest.mark.parametrize("amount", [-1, 2**40])
def test_a_count_that_cant_be_is_skipped(amount: int) -> None:
    page = read(
        NODES, _nodes({"sku": "A", "nodes": [_node("1", amount), _node("2", 0)]})
    )
    assert [(r.location, r.available) for r in _of(page.records, StockRecord)] == [
        ("2", 0)
    ]
    assert len(page.skipped) == 1


def test_a_count_that_isnt_told_is_missing_and_not_zero() -> None:
    page = read(NODES, _nodes({"sku": "A", "nodes": [{"shipNode": "1"}]}))
    assert _of(page.records, StockRecord)[0].available is None


def test_stock_goes_on_by_page_token_and_a_short_page_is_not_the_end() -> None:
    row = {"sku": "A", "nodes": [_node()]}
    page = read(NODES, _nodes(row, cursor="a+/=", total=3))
    assert not page.finished
    assert _asked(NODES, page.checkpoint) == {"limit": "50", "nextCursor": "a+/="}
    assert "%2B%2F%3D" in request(NODES, page.checkpoint).query
    last = read(NODES, _nodes(row, row, total=3), page.checkpoint)
    assert last.finished
    assert last.checkpoint.full
    assert last.skipped == ()


def test_stock_without_a_token_before_all_was_seen_is_an_early_end() -> None:
    page = read(NODES, _nodes({"sku": "A", "nodes": [_node()]}, total=99))
    assert page.finished
    assert not page.checkpoint.full
    assert [skipped.reason for skipped in page.skipped] == [EARLY]


def test_a_used_up_page_token_begins_the_list_again_but_not_for_ever() -> None:
    at = read(
        NODES, _nodes({"sku": "A", "nodes": [_node()]}, cursor="t", total=2)
    ).checkpoint
    beginnings = 0
    while True:
        page = read(NODES, NOT_FOUND, at, 404)
        if page.finished:
            break
        beginnings += 1
        assert page.checkpoint.cursor == ""
        assert page.checkpoint.seen == 0
        assert page.skipped
        at = msgspec.structs.replace(page.checkpoint, cursor="t")
    assert 30 < beginnings < 100  # many crashes, but an end
    assert not page.checkpoint.full


def test_a_repeated_page_token_is_unreadable() -> None:
    value = _nodes({"sku": "A", "nodes": [_node()]}, cursor="t", total=2)
    with pytest.raises(Unreadable):
        read(NODES, value, read(NODES, value).checkpoint)


def test_a_partial_answer_is_kept_and_nothing_counts_as_gone() -> None:
    value = _nodes({"sku": "A", "nodes": [_node()]})
    assert ADAPTER.failure(NODES, answer(value, 206)) is None
    page = read(NODES, value, status=206)
    assert len(page.records) == 1
    assert not page.checkpoint.full
    assert page.skipped


def _wfs(*rows: dict[str, Any], total: int | None = None) -> Any:
    told = [
        {
            "itemInformation": {"sku": row.get("sku", "A")},
            "inventoryData": {"availableUnits": 3}
            | {k: v for k, v in row.items() if k != "sku"},
        }
        for row in rows
    ]
    headers = {"totalCount": len(rows) if total is None else total}
    return {"headers": headers, "payload": {"inventory": told}}


def test_stock_in_walmarts_warehouses_is_the_marketplaces() -> None:
    unavailable = {"inventoryReviewUnits": 2, "inventoryMovementUnits": 1}
    row = {"reservedUnits": 1, "inboundUnits": 9, "unavailableUnits": unavailable}
    page = read(WFS, _wfs(row))
    assert page.records == (
        StockRecord(
            sku="A",
            market="US",
            location="WFS",
            channel="marketplace",
            available=3,
            reserved=1,
            inbound=9,
            unsellable=3,
        ),
    )
    assert page.finished


def test_stock_at_walmart_is_walked_by_offset() -> None:
    first = read(WFS, _many(WFS, 0, total=450))
    assert _asked(WFS, first.checkpoint) == {"limit": "300", "offset": "300"}
    last = read(WFS, _many(WFS, 300, total=450, count=150), first.checkpoint)
    assert last.finished
    assert last.checkpoint.full


def test_the_synthetic_example_has_no_sku_and_is_skipped() -> None:
    page = read(WFS, example("wfs_inventory.200.SYNTH.json"))
    assert page.records == ()
    assert len(page.skipped) == 1


# The account


def test_an_account_sells_in_one_store_and_tells_what_we_may_do() -> None:
    page = read(DETAIL, example("token_detail.200.json"))
    assert page.finished
    assert page.records[0] == MarketRecord(
        market="US",
        name="Walmart US",
        country="US",
        currency="USD",
        participating=True,
    )
    grants = {r.scope: r.level for r in _of(page.records, GrantRecord)}
    assert grants["orders"] == "full_access"
    assert grants["price"] == "no_access"
    assert len(grants) == 9


def test_a_scope_with_an_odd_name_or_level_is_skipped() -> None:
    page = read(DETAIL, {"scopes": {"a b": "view_only", "orders": "root", "item": "x"}})
    assert _of(page.records, GrantRecord) == []
    assert len(page.skipped) == 3


@pytest.mark.parametrize("operation", [ITEMS, NODES, WFS, DETAIL], ids=lambda o: o.key)
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"<html>", b'{"x":' + b"[" * 99999]
)
def test_an_answer_that_isnt_a_page_is_unreadable(
    operation: Operation, body: bytes
) -> None:
    with pytest.raises(Unreadable) as caught:
        read(operation, body)
    assert operation.key in str(caught.value)


def test_a_pass_that_was_begun_without_a_time_writes_it_down() -> None:
    page = read(ITEMS, _items(_item(), total=300), Checkpoint())
    assert page.checkpoint.started == NOW
    assert NOW - page.checkpoint.started < timedelta(seconds=1)
