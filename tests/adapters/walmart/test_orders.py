"""Orders: no buyer, every lane and window, and a mark that never runs ahead."""

import dataclasses
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import example as sample
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.adapters.walmart import ADAPTER
from marketplaces.contract import Checkpoint, Page, Unreadable
from marketplaces.datamap import unwanted_paths
from marketplaces.records import OrderItemRecord, OrderRecord
from tests.adapters.walmart.examples import (
    ASK,
    NOW,
    ORDERS,
    an_order,
    answer,
    example,
    leaves,
    orders,
    read,
    request,
)

FIRST = Checkpoint(started=NOW)
MARK = datetime(2026, 11, 24, 11, 59, 5, tzinfo=UTC)  # a minute before Walmart's Date
CURSOR = "?limit=200&hasMoreElements=true&soIndex=450&poIndex=200&sellerId=8"


def _asked(checkpoint: Checkpoint) -> dict[str, str]:
    return dict(parse_qsl(request(ORDERS, checkpoint).query))


def _one(page: Page) -> OrderRecord:
    (record,) = page.records
    assert isinstance(record, OrderRecord)
    return record


# What is kept


def test_an_order_is_kept_without_its_buyer() -> None:
    assert _one(read(ORDERS, orders(an_order()))) == OrderRecord(
        external_id="1",
        market="US",
        status="Created",
        channel="seller",
        placed_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        as_of=datetime(2023, 11, 14, 22, 15, tzinfo=UTC),
        currency="USD",
        total=Decimal(10),
        items=(
            OrderItemRecord(
                external_id="1",
                sku="MUG/BLUE 11",
                title="Mug",
                status="Created",
                quantity=2,
                quantity_shipped=0,
                quantity_cancelled=0,
                unit_price=Decimal(5),
                currency="USD",
            ),
        ),
    )


def test_the_official_example_leaves_no_personal_data() -> None:
    official = example("orders_list.200.json")
    page = read(ORDERS, official)
    assert len(page.records) == 11
    assert page.skipped == ()
    told = repr((page.records, page.dropped, page.skipped, page.unknown))
    personal = set(unwanted_paths(ORDERS.structure))
    for path, value in leaves(official):
        bare = path.replace("order[].order.", "order[].")
        hidden = bare in personal or any(bare.startswith(f"{p}.") for p in personal)
        if hidden and isinstance(value, str) and len(value) > 5:
            assert value not in told, path
    assert "Test Buyer" not in told
    assert "relay.walmart.com" not in told


def test_what_arrived_unasked_is_counted_by_path_and_null_is_nothing() -> None:
    official = example("orders_list.200.json")
    dropped = read(ORDERS, official).dropped
    # Walmart wraps one order of the example in a further "order".
    arrived: dict[str, int] = {}
    for path, value in leaves(official):
        bare = path.replace("order[].order.", "order[].")
        if value is not None and bare in unwanted_paths(ORDERS.structure):
            arrived[bare] = arrived.get(bare, 0) + 1
    assert dropped == arrived
    assert dropped["list.elements.order[].shippingInfo.phone"] == 11
    assert dropped["list.elements.order[].shippingInfo.postalAddress.address2"] == 2


def _with_everything() -> dict[str, Any]:
    """An order with a marked value at every unwanted path."""
    order = an_order()
    for path in unwanted_paths(ORDERS.structure):
        target: Any = order
        steps = path.removeprefix("list.elements.order[].").split(".")
        for step in steps[:-1]:
            name = step.removesuffix("[]")
            fresh: Any = [{}] if step.endswith("[]") else {}
            target = target.setdefault(name, fresh)
            target = target[0] if isinstance(target, list) else target
        target[steps[-1]] = {"deep": ["SECRET", {"SECRET": "SECRET"}]}
    return order


def test_no_personal_path_leaves_a_trace() -> None:
    order = _with_everything()
    broken = deepcopy(order) | {"purchaseOrderId": "2", "orderDate": "SECRET"}
    page = read(ORDERS, orders(order, broken), sample=True)
    assert len(page.records) == 1
    assert len(page.skipped) == 1
    assert set(page.dropped) == set(unwanted_paths(ORDERS.structure))
    assert "SECRET" not in repr(page)


@pytest.mark.parametrize(
    ("statuses", "order_status", "shipped", "cancelled"),
    [
        ([("Created", 2)], "Created", 0, 0),
        ([("Shipped", 1), ("Acknowledged", 1)], "PartiallyShipped", 1, 0),
        ([("Delivered", 1), ("Shipped", 1)], "Shipped", 2, 0),
        ([("Cancelled", 1), ("Delivered", 1)], "Delivered", 1, 1),
        ([("Cancelled", 2)], "Cancelled", 0, 2),
        ([("Acknowledged", 1), ("Created", 1)], "Created", 0, 0),
        ([("OnHold", 1), ("Created", 1)], "OnHold", 0, 0),
    ],
)
def test_the_status_of_an_order_follows_from_its_pieces(
    statuses: list[tuple[str, int]], order_status: str, shipped: int, cancelled: int
) -> None:
    told = [
        {"status": status, "statusQuantity": {"amount": str(count)}}
        for status, count in statuses
    ]
    line = {"orderLineStatuses": {"orderLineStatus": told}}
    record = _one(read(ORDERS, orders(an_order(line=line))))
    assert record.status == order_status
    assert record.items[0].quantity_shipped == shipped
    assert record.items[0].quantity_cancelled == cancelled


def test_an_amount_that_isnt_told_is_missing_and_not_zero() -> None:
    record = _one(read(ORDERS, orders(an_order(line={"charges": None}))))
    assert (record.total, record.currency) == (None, None)
    assert record.items[0].unit_price is None


def test_discounts_count_and_shipping_and_tax_do_not() -> None:
    def charge(kind: str, amount: float) -> dict[str, Any]:
        return {
            "chargeType": kind,
            "chargeAmount": {"currency": "USD", "amount": amount},
            "tax": {"taxName": "T", "taxAmount": {"currency": "USD", "amount": 3}},
        }

    charges = [charge("PRODUCT", 10), charge("PRODUCT", -0.99), charge("SHIPPING", 4)]
    record = _one(read(ORDERS, orders(an_order(line={"charges": {"charge": charges}}))))
    assert record.total == Decimal("9.01")
    assert record.items[0].unit_price == Decimal("4.505")


@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        ("SellerFulfilled", "seller"),
        ("WFSFulfilled", "marketplace"),
        ("3PLFulfilled", "third-party"),
    ],
)
def test_who_ships_is_told_by_the_ship_node_or_else_by_the_lane(
    kind: str, channel: str
) -> None:
    lane = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled").index(kind)
    at = Checkpoint(started=NOW, lane=lane)
    assert _one(read(ORDERS, orders(an_order()), at)).channel == channel
    named = an_order(shipNode={"type": kind})
    assert _one(read(ORDERS, orders(named), at)).channel == channel


# Rows that can't be kept


@pytest.mark.parametrize(
    "changes",
    [
        {"orderDate": "yesterday"},
        {"orderDate": -1},
        {"orderDate": 10**30},
        {"orderLines": {"orderLine": []}},
        {"orderLines": None},
        {"purchaseOrderId": ""},
        {"purchaseOrderId": 17},
        {"line": {"orderLineQuantity": {"amount": "-2"}}},
        {"line": {"orderLineQuantity": {"amount": "1.5"}}},
        {"line": {"orderLineQuantity": {"amount": "9" * 30}}},
        {"line": {"orderLineQuantity": {"amount": "²"}}},
        {"line": {"item": {"sku": ""}}},
        {"line": {"item": {"sku": None}}},
        {
            "line": {
                "charges": {
                    "charge": [
                        {
                            "chargeType": "PRODUCT",
                            "chargeAmount": {"currency": "ZZZ9", "amount": 1},
                        }
                    ]
                }
            }
        },
        {
            "line": {
                "charges": {
                    "charge": [
                        {
                            "chargeType": "PRODUCT",
                            "chargeAmount": {"currency": "USD", "amount": "NaN"},
                        }
                    ]
                }
            }
        },
        {
            "line": {
                "charges": {
                    "charge": [
                        {
                            "chargeType": "PRODUCT",
                            "chargeAmount": {"currency": "USD", "amount": "1e400"},
                        }
                    ]
                }
            }
        },
    ],
)
def test_an_order_that_cant_be_kept_is_skipped_and_the_others_stay(
    changes: dict[str, Any],
) -> None:
    page = read(ORDERS, orders(an_order("1"), an_order("2", **changes), an_order("3")))
    assert [r.external_id for r in page.records if isinstance(r, OrderRecord)] == [
        "1",
        "3",
    ]
    (skipped,) = page.skipped
    assert skipped.key in ("2", "")
    assert "2" not in skipped.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"list":{}}',
        b'{"list":{"elements":{"order":{}}}}',
        b"<html>Reference #18.6f1c2b17</html>",
        b"<ns2:list/>",
        b'{"list":{"elements":{"order":[' + b"[" * 100_000,
        b'{"list":{"elements":{"order":["\xff"]}}',
        b"\x00\x7f not json " * 1000,
    ],
)
def test_an_answer_that_isnt_a_page_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read(ORDERS, body)
    assert "walmart.getAllOrders" in str(caught.value)
    assert "Reference" not in str(caught.value)
    assert caught.value.__cause__ is None


# Lanes, windows, marks


def test_a_first_load_asks_for_all_three_kinds_of_ship_node_in_turn() -> None:
    at, kinds = FIRST, []
    for _ in range(3):
        asked = _asked(at)
        kinds.append(asked["shipNodeType"])
        assert asked["createdStartDate"] == "2026-05-29T12:00:30Z"  # 179 days
        assert set(asked) == {"limit", "shipNodeType", "createdStartDate"}
        page = read(ORDERS, orders(an_order(kinds[-1])), at)
        assert page.lane_done
        at = page.checkpoint
    assert kinds == ["SellerFulfilled", "WFSFulfilled", "3PLFulfilled"]
    assert page.finished
    assert ADAPTER.lanes(ORDERS, ASK) == 3


def test_changes_are_asked_for_with_overlap_and_with_the_whole_history() -> None:
    since = NOW - timedelta(hours=1)
    asked = _asked(Checkpoint(full=False, since=since, started=NOW))
    assert asked["lastModifiedStartDate"] == "2026-11-24T10:50:30Z"
    assert asked["createdStartDate"] == "2026-05-29T12:00:30Z"


def test_a_mark_older_than_walmarts_history_is_brought_up_to_it() -> None:
    since = NOW - timedelta(days=400)
    asked = _asked(Checkpoint(full=False, since=since, started=NOW))
    assert asked["lastModifiedStartDate"] == "2026-05-29T12:00:30Z"


def test_the_mark_comes_from_the_first_answers_own_date_and_stays() -> None:
    first = read(ORDERS, orders(an_order(), cursor=CURSOR, total=2), FIRST)
    assert first.checkpoint.until == MARK
    later = ADAPTER.read(
        ORDERS,
        first.checkpoint,
        ASK,
        answer(orders(an_order()), headers={"date": "Tue, 24 Nov 2026 18:00:00 GMT"}),
    )
    assert later.checkpoint.until == MARK


@pytest.mark.parametrize("header", ["", "soon", "Tue, 24 Nov 2026 12:00:05"])
def test_without_walmarts_clock_the_mark_doesnt_move(header: str) -> None:
    since = NOW - timedelta(hours=1)
    at = Checkpoint(full=False, since=since, started=NOW, lane=2)
    response = answer(orders(an_order()), headers={"date": header})
    page = ADAPTER.read(ORDERS, at, ASK, response)
    assert page.finished
    assert page.checkpoint.until == since
    first = ADAPTER.read(ORDERS, Checkpoint(started=NOW, lane=2), ASK, response)
    assert first.checkpoint.until == NOW - timedelta(days=179)


def test_no_orders_is_a_404_and_ends_the_lane() -> None:
    gone = example("orders_error.404.json")
    assert ADAPTER.failure(ORDERS, answer(gone, 404)) is None
    page = read(ORDERS, gone, status=404)
    assert (page.records, page.lane_done, page.finished) == ((), True, False)
    assert page.checkpoint.until == MARK
    assert page.skipped == ()


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"errors": [{"code": "NOT_FOUND.GMP_ORDER_API"}]}, 404),
        (orders(an_order("9")), 200),
    ],
)
def test_a_list_that_breaks_off_doesnt_move_the_mark(value: Any, status: int) -> None:
    since = NOW - timedelta(hours=1)
    at = Checkpoint(full=False, since=since, started=NOW, lane=2)
    first = read(ORDERS, orders(an_order(), cursor=CURSOR, total=450), at)
    page = read(ORDERS, value, first.checkpoint, status)
    assert page.finished
    assert page.checkpoint.until == since
    assert [skipped.reason for skipped in page.skipped] == [
        "Walmart's list ended before all that it had announced."
    ]


def test_a_page_of_another_lane_doesnt_move_the_mark() -> None:
    since = NOW - timedelta(hours=1)
    at = Checkpoint(full=False, since=since, started=NOW, lane=1)
    page = read(ORDERS, orders(an_order(shipNode={"type": "SellerFulfilled"})), at)
    assert page.checkpoint.until == since
    assert _one(page).channel == "seller"
    assert page.skipped


def test_errors_beside_orders_keep_the_orders_and_hold_the_mark() -> None:
    since = NOW - timedelta(hours=1)
    value = orders(an_order())
    value["list"]["errors"] = [{"code": "SOME_CONTENT_NOT_FOUND", "info": "PO 17"}]
    assert ADAPTER.failure(ORDERS, answer(value)) is None
    page = read(ORDERS, value, Checkpoint(full=False, since=since, started=NOW))
    assert len(page.records) == 1
    assert page.skipped
    assert page.checkpoint.until == since


def _walk(created: list[datetime], most: int = 10_000) -> tuple[set[str], int]:
    """A whole pass over orders with these dates, at a Walmart that pages by 200."""
    at, found = FIRST, set[str]()
    for calls in range(1, 2_000):
        made = ADAPTER.request(ORDERS, at, ASK)
        assert made is not None
        asked = dict(parse_qsl(made.query))
        begin = datetime.fromisoformat(asked["createdStartDate"])
        end = datetime.fromisoformat(asked.get("createdEndDate", NOW.isoformat()))
        offset = int(asked.get("poIndex", "0"))
        assert offset < most, "Walmart refuses to page further"
        chosen = [
            str(number)
            for number, instant in enumerate(created)
            if begin <= instant <= end
        ]
        if asked.get("shipNodeType", "SellerFulfilled") != "SellerFulfilled":
            chosen = []
        rows = chosen[offset : offset + 200]
        cursor = None
        if offset + 200 < len(chosen):
            cursor = (
                f"?limit=200&hasMoreElements=true&poIndex={offset + 200}"
                f"&createdStartDate={asked['createdStartDate']}"
                f"&createdEndDate={end:%Y-%m-%dT%H:%M:%SZ}"
            )
        value = orders(*map(an_order, rows), cursor=cursor, total=len(chosen))
        page = read(ORDERS, value, at)
        found |= {r.external_id for r in page.records if isinstance(r, OrderRecord)}
        at = page.checkpoint
        if page.finished:
            assert page.checkpoint.until == MARK
            return found, calls
    raise AssertionError("The pass doesn't end.")


def test_more_orders_than_a_query_shows_are_walked_in_windows() -> None:
    span = timedelta(days=170)
    created = [NOW - span * (n / 25_000) for n in range(25_000)]
    found, calls = _walk(created)
    assert len(found) == 25_000
    assert calls < 25_000 / 200 * 1.15


def test_a_rush_of_orders_is_cut_into_narrow_windows() -> None:
    busy = NOW - timedelta(days=3)
    created = [busy + timedelta(seconds=n / 2) for n in range(12_000)]
    created += [NOW - timedelta(days=100), NOW - timedelta(seconds=1)]
    found, _ = _walk(created)
    assert len(found) == 12_002


# The page token


@given(
    st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='#"<>\\'),
        min_size=1,
        max_size=200,
    )
)
@sample("limit=1&hasMoreElements=true&at=18%3a47:03+00%2B&x=%")
def test_a_page_token_goes_back_exactly_as_it_came(token: str) -> None:
    cursor = f"?{token}"
    if "hasMoreElements=false" in cursor:
        return
    page = read(ORDERS, orders(an_order(), cursor=cursor, total=450))
    assert page.checkpoint.cursor == cursor
    made = request(ORDERS, page.checkpoint)
    assert made.query == token
    assert made.cursor == cursor


@pytest.mark.parametrize(
    "cursor",
    ["?a=1#x", "?a=1 HTTP/1.1", "?a=ü", "?a=1\r\nHost: x", "?" + "a" * 5_000, '?"'],
)
def test_a_page_token_that_is_no_query_is_unreadable(cursor: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(ORDERS, orders(an_order(), cursor=cursor, total=450))
    assert cursor not in str(caught.value)


@pytest.mark.parametrize(
    "cursor", [None, "", "?limit=200&hasMoreElements=false&soIndex=1&sellerId=8"]
)
def test_a_lane_ends_without_a_page_token(cursor: str | None) -> None:
    page = read(ORDERS, orders(an_order(), cursor=cursor))
    assert page.lane_done
    assert page.checkpoint.cursor == ""
    assert page.checkpoint.lane == 1


def test_an_empty_page_ends_the_lane_whatever_its_token_says() -> None:
    page = read(ORDERS, orders(cursor=CURSOR, total=0))
    assert page.lane_done


def test_a_page_that_repeats_its_own_token_is_unreadable() -> None:
    first = read(ORDERS, orders(an_order(), cursor=CURSOR, total=450))
    with pytest.raises(Unreadable):
        read(ORDERS, orders(an_order(), cursor=CURSOR, total=450), first.checkpoint)


def test_a_page_read_twice_says_the_same() -> None:
    value = orders(an_order("1"), an_order("2"), cursor=CURSOR, total=450)
    assert read(ORDERS, value) == read(ORDERS, value)


@pytest.mark.parametrize(("days", "reaches"), [(30, 30), (179, 179), (548, 179)])
@pytest.mark.parametrize("since", [None, NOW - timedelta(days=170)])
def test_orders_older_than_the_seller_keeps_them_are_not_asked_for(
    days: int, reaches: int, since: datetime | None
) -> None:
    at = Checkpoint(started=NOW, full=since is None, since=since)
    asked = dataclasses.replace(ASK, reach=timedelta(days=days))
    made = ADAPTER.request(ORDERS, at, asked)
    assert made is not None
    told = dict(parse_qsl(made.query))
    oldest = NOW.replace(microsecond=0) - timedelta(days=reaches)
    assert datetime.fromisoformat(told["createdStartDate"]) == oldest
    if since:
        assert datetime.fromisoformat(told["lastModifiedStartDate"]) >= oldest
