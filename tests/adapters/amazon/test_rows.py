"""Rows that can't be kept are skipped with their reason; their page is kept."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplaces.contract import Skipped, Unreadable
from marketplaces.records import (
    ListingRecord,
    MarketRecord,
    OrderRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
)
from tests.adapters.amazon.calls import (
    US,
    ask,
    listing,
    operation,
    order,
    order_item,
    read,
    stock,
)

GOOD = order("111-0000002-0000002")
USD = "USD"


def total(amount: Any, currency: Any = USD) -> dict[str, Any]:
    return {"grandTotal": {"amount": amount, "currencyCode": currency}}


BAD: dict[str, Any] = {
    "negative quantity": order(orderItems=[order_item(quantityOrdered=-1)]),
    "huge quantity": order(orderItems=[order_item(quantityOrdered=2**40)]),
    "quantity as text": order(orderItems=[order_item(quantityOrdered="CANARY")]),
    "unknown currency": order(proceeds=total("1.00", "XQZ")),
    "ill-formed currency": order(proceeds=total("1.00", "CANARY")),
    "amount no number": order(proceeds=total("CANARY")),
    "amount NaN": order(proceeds=total("NaN")),
    "amount infinite": order(proceeds=total("Infinity")),
    "amount in other digits": order(proceeds=total("١٢")),
    "amount too large": order(proceeds=total("12345678901.00")),
    "amount too fine": order(proceeds=total("1.00001")),
    "amount is null": order(proceeds=total(None)),
    "no time": {k: v for k, v in order().items() if k != "createdTime"},
    "naive time": order(createdTime="2026-11-20T10:00:00"),
    "time is no time": order(lastUpdatedTime="CANARY"),
    "time out of range": order(createdTime="0001-01-01T00:00:00+14:00"),
    "order number too long": order("CANARY" * 20),
    "order number is a number": order(1),  # type: ignore[arg-type]
    "SKU too long": order(
        orderItems=[order_item(product={"sellerSku": "CANARY" * 50})]
    ),
    "title too long": order(orderItems=[order_item(product={"title": "C" * 1001})]),
    "status too long": order(fulfillment={"fulfillmentStatus": "CANARY" * 20}),
    "items are no list": order(orderItems={"CANARY": 1}),
    "no product": order(orderItems=[{"orderItemId": "1", "quantityOrdered": 1}]),
    "row is a text": "CANARY",
    "row is null": None,
    "row is a list": [],
    "NUL in a title": order(orderItems=[order_item(product={"title": "A\0CANARY"})]),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_order_is_skipped_and_the_others_of_its_page_are_kept(bad: Any) -> None:
    page = read(
        "searchOrders", {"orders": [bad, GOOD], "pagination": {"nextToken": "T"}}
    )

    assert [r.external_id for r in page.records if isinstance(r, OrderRecord)] == [
        "111-0000002-0000002"
    ]
    (skipped,) = page.skipped
    assert skipped.reason.startswith("Can't be kept: ")
    assert "CANARY" not in skipped.reason
    assert page.checkpoint.cursor == "T"
    assert page.checkpoint.seen == 2


def test_a_skipped_order_is_named_if_its_number_can_be_read() -> None:
    page = read("searchOrders", {"orders": [BAD["negative quantity"]]})

    assert page.skipped == (
        Skipped(
            "Can't be kept: Expected `int` >= 0 - at "
            "`$.orderItems[0].quantityOrdered`.",
            "111-0000001-0000001",
        ),
    )


def test_personal_data_of_a_page_with_a_bad_row_is_counted_all_the_same() -> None:
    bad = BAD["negative quantity"]

    page = read("searchOrders", {"orders": [bad, order(buyer={"buyerName": "CANARY"})]})

    assert page.dropped == {"orders[].buyer": 1}
    assert "CANARY" not in repr(page)


def test_null_in_a_personal_place_is_no_arrival() -> None:
    page = read("searchOrders", {"orders": [order(buyer=None, recipient=None)]})

    assert page.dropped == {}


def test_a_text_that_is_no_utf_8_costs_its_row_only() -> None:
    body = json.dumps({"orders": [order("X" * 9), GOOD]}).encode()

    page = read("searchOrders", body.replace(b"XXXXXXXXX", b"\xff"))

    assert len(page.records) == 1
    assert [s.reason for s in page.skipped] == ["Can't be kept: a text isn't UTF-8."]


def test_an_emoji_cut_in_half_costs_nothing() -> None:
    item = order_item(product={"title": "Gift \ud83c", "sellerSku": "G \\ud83c 🎁"})

    page = read("searchOrders", {"orders": [order(orderItems=[item])]})

    assert page.skipped == ()
    (record,) = page.records
    assert isinstance(record, OrderRecord)
    assert record.items[0].title == "Gift �"
    assert record.items[0].sku == "G \\ud83c 🎁"


NO_PAGE = {
    "empty": b"",
    "HTML": b"<html><body>503 CANARY</body></html>",
    "cut off": b'{"orders": [{"orderId": "CANARY',
    "empty object": b"{}",
    "null": b"null",
    "a list": b"[]",
    "an error with 200": b'{"errors": [{"code": "X", "message": "CANARY"}]}',
    "no UTF-8": b"\xff\xfe",
    "rows are null": b'{"orders":null,"items":null,"payload":null,"numberOfResults":1}',
    "nested deeply": b'{"x":' + b"[" * 100_000,
    "ten megabytes of nothing": b" " * 10_000_000,
}


@pytest.mark.parametrize("body", NO_PAGE.values(), ids=NO_PAGE)
@pytest.mark.parametrize(
    "name",
    [
        "getMarketplaceParticipations",
        "searchListingsItems",
        "getInventorySummaries",
        "getPricing",
        "searchOrders",
        "searchCatalogItems",
    ],
)
def test_what_is_no_page_is_refused_and_never_an_empty_page(
    name: str, body: bytes
) -> None:
    with pytest.raises(Unreadable) as refused:
        read(name, body, asked=ask(keys=("A",)))

    assert str(refused.value).startswith(f"amazon.{name}: ")
    assert "CANARY" not in str(refused.value)
    assert refused.value.__context__ is None


def test_a_payload_beside_an_error_is_not_complete() -> None:
    body = {"payload": {"inventorySummaries": []}, "errors": [{"code": "X"}]}

    with pytest.raises(Unreadable, match="error beside its payload"):
        read("getInventorySummaries", body)


def test_a_pending_order_has_no_price_rather_than_none_to_pay() -> None:
    item = order_item(product={"sellerSku": "A"}, fulfillment=None)
    pending = order(orderItems=[item], fulfillment={"fulfillmentStatus": "PENDING"})
    del pending["proceeds"]

    (record,) = read("searchOrders", {"orders": [pending]}).records

    assert isinstance(record, OrderRecord)
    assert (record.total, record.currency) == (None, None)
    assert (record.status, record.channel, record.ship_by) == ("PENDING", "", None)
    assert record.items[0].unit_price is None
    assert record.items[0].quantity_shipped is None


def test_unknown_words_of_amazon_are_no_error() -> None:
    new = order(fulfillment={"fulfillmentStatus": "ON_THE_MOON", "fulfilledBy": "X"})

    (record,) = read("searchOrders", {"orders": [new]}).records

    assert isinstance(record, OrderRecord)
    assert (record.status, record.channel) == ("ON_THE_MOON", "")


def test_times_of_any_zone_become_utc() -> None:
    (record,) = read(
        "searchOrders", {"orders": [order(createdTime="2026-11-20T01:30:00+05:30")]}
    ).records

    assert isinstance(record, OrderRecord)
    assert record.placed_at.isoformat() == "2026-11-19T20:00:00+00:00"


def test_a_listing_becomes_product_listing_price_and_own_stock() -> None:
    row = listing(
        "CUP #1, 50%",
        "2025-01-01T00:00:00Z",
        issues=[
            {
                "code": "1",
                "message": "No picture",
                "severity": "ERROR",
                "categories": [],
            }
        ],
        offers=[
            {"marketplaceId": US, "offerType": t, "price": p}
            for t, p in (
                ("B2B", {"amount": "9.00", "currencyCode": USD}),
                ("B2C", {"amount": "10.50", "currencyCode": USD}),
            )
        ],
        fulfillmentAvailability=[{"fulfillmentChannelCode": "DEFAULT", "quantity": 0}],
    )

    page = read("searchListingsItems", {"numberOfResults": 1, "items": [row]})

    product, shown, price, pieces = page.records
    assert isinstance(product, ProductRecord)
    assert (product.external_id, product.title) == ("B000000001", "A cup")
    assert isinstance(shown, ListingRecord)
    assert (shown.sku, shown.status) == ("CUP #1, 50%", "BUYABLE,DISCOVERABLE")
    assert (shown.channel, shown.image) == ("seller", "https://m.media/1.jpg")
    assert [i.message for i in shown.issues] == ["No picture"]
    assert isinstance(price, PriceRecord)
    assert (price.kind, price.amount) == ("offer", Decimal("10.50"))
    assert isinstance(pieces, StockRecord)
    assert (pieces.location, pieces.available) == ("DEFAULT", 0)


def test_a_listing_with_a_bad_price_is_kept_without_it() -> None:
    price = {"amount": "1", "currencyCode": "XQZ"}
    row = listing(
        "A",
        "2025-01-01T00:00:00Z",
        offers=[{"marketplaceId": US, "offerType": "B2C", "price": price}],
    )

    page = read("searchListingsItems", {"numberOfResults": 1, "items": [row]})

    assert {type(r) for r in page.records} == {ListingRecord, ProductRecord}
    assert [s.key for s in page.skipped] == ["A"]


@pytest.mark.parametrize("link", ["http://m.media/1.jpg", "javascript:alert(1)", "x"])
def test_an_image_that_is_no_https_address_is_no_image(link: str) -> None:
    row = listing("A", "2025-01-01T00:00:00Z")
    row["summaries"][0]["mainImage"]["link"] = link

    page = read("searchListingsItems", {"numberOfResults": 1, "items": [row]})

    assert {getattr(record, "image", None) for record in page.records} == {None}


def test_stock_of_amazon_counts_what_is_told_and_leaves_the_rest_unknown() -> None:
    told = stock(
        "A",
        fulfillableQuantity=5,
        inboundWorkingQuantity=1,
        inboundReceivingQuantity=2,
        reservedQuantity={"totalReservedQuantity": 3},
        unfulfillableQuantity={"totalUnfulfillableQuantity": 4},
    )
    told["lastUpdatedTime"] = "2026-11-01T00:00:00Z"
    rows = [told, {"sellerSku": "B"}, stock("C", fulfillableQuantity=-1)]

    page = read("getInventorySummaries", {"payload": {"inventorySummaries": rows}})

    known, unknown = page.records
    assert isinstance(known, StockRecord)
    assert (known.available, known.inbound, known.reserved, known.unsellable) == (
        5,
        3,
        3,
        4,
    )
    assert (known.location, known.channel, known.market) == ("FBA", "marketplace", US)
    assert unknown == StockRecord(
        sku="B", market=US, location="FBA", channel="marketplace"
    )
    assert [s.key for s in page.skipped] == ["C"]


def test_prices_are_kept_for_the_skus_that_were_asked_for() -> None:
    def offer(sku: str, amount: float) -> dict[str, Any]:
        price = {"CurrencyCode": USD, "Amount": amount}
        return {
            "SellerSKU": sku,
            "RegularPrice": price,
            "BuyingPrice": {"ListingPrice": price, "LandedPrice": price},
        }

    body = {
        "payload": [
            {"status": "Success", "Product": {"Offers": [offer("A", 10.10)]}},
            {"status": "Success", "Product": {"Offers": [offer("Z", 1)]}},
            {"status": "ClientError", "SellerSKU": "B"},
        ]
    }

    page = read("getPricing", body, asked=ask(keys=("A", "B")))

    assert [
        (r.sku, r.kind, str(r.amount))
        for r in page.records
        if isinstance(r, PriceRecord)
    ] == [("A", "regular", "10.1"), ("A", "landed", "10.1")]
    assert [s.key for s in page.skipped] == ["B"]


def test_brand_and_category_come_from_the_store_that_was_asked() -> None:
    def summary(market: str, brand: str) -> dict[str, Any]:
        browse = {"displayName": "Cups", "classificationId": "1"}
        return {
            "marketplaceId": market,
            "brand": brand,
            "browseClassification": browse,
        }

    body = {
        "items": [
            {"asin": "B1", "summaries": [summary("A2", "No"), summary(US, "Yes")]}
        ]
    }

    page = read("searchCatalogItems", body, asked=ask(keys=("B1",)))

    assert page.records == (
        ProductRecord(external_id="B1", market=US, brand="Yes", category="Cups"),
    )


def test_a_store_that_amazon_names_is_told_with_its_participation() -> None:
    store = {
        "marketplace": {
            "id": US,
            "name": "Amazon.com",
            "countryCode": "US",
            "defaultCurrencyCode": USD,
            "defaultLanguageCode": "en_US",
            "domainName": "www.amazon.com",
        },
        "participation": {"isParticipating": False, "hasSuspendedListings": False},
    }

    page = read("getMarketplaceParticipations", {"payload": [store]})

    assert page.records == (
        MarketRecord(
            market=US,
            name="Amazon.com",
            country="US",
            currency=USD,
            participating=False,
        ),
    )
    assert page.finished


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = sorted({*order(), "buyer", "tax"})


@given(field=st.sampled_from(FIELDS), value=JSON)
def test_no_value_of_any_field_takes_the_page_with_it(field: str, value: Any) -> None:
    page = read("searchOrders", {"orders": [order(**{field: value}), GOOD]})

    assert len(page.records) + len(page.skipped) == 2
    assert page.finished


def test_a_new_field_is_told_by_name_when_sampled_and_never_kept() -> None:
    new = order(surprise={"name": "CANARY"}, buyer={"new": "CANARY"})
    new["orderItems"][0]["product"]["CANARY@example.test"] = 1

    page = read("searchOrders", {"orders": [new]}, sample=True)

    assert page.unknown == ("orders[].orderItems[].product.?", "orders[].surprise")
    assert "CANARY" not in repr(page)
    assert read("searchOrders", {"orders": [new]}).unknown == ()


def test_the_structure_of_orders_names_no_buyer() -> None:
    assert not {"buyer", "recipient", "deliveryAddress"} & set(
        OrderRecord.__struct_fields__
    )
    assert operation("searchOrders").key == "amazon.searchOrders"
