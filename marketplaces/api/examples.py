"""Answers as they look, for the description; all of it is made up."""

from typing import Any

_HOST = "https://seller.example.org/api/v1/sellers"
_AT = "0b9f8a52-4a63-4a77-9d3c-2f1f3f9f1a10"
_STORE = "ATVPDKIKX0DER"


def _from(operation: str) -> dict[str, Any]:
    return {
        "as_of": "2026-11-24T11:48:00Z",
        "fetched_at": "2026-11-24T11:50:00Z",
        "operation": operation,
        "sync_run": "7-0123456789abcdef",
    }


def _row(kind: str, key: str, operation: str, /, **told: Any) -> dict[str, Any]:
    return {
        "url": f"{_HOST}/north/{kind}/{_AT}/{key}",
        "connection": _AT,
        "market": _STORE,
        "provenance": _from(operation),
        "absent": {},
        **told,
    }


_ORDER = _row(
    "orders",
    "111-0000000-0000000",
    "amazon.searchOrders",
    number="111-0000000-0000000",
    status="UNSHIPPED",
    channel="seller",
    placed_at="2026-11-24T09:30:00Z",
    ship_by=None,
    total={"amount": "19.9000", "currency": "USD"},
    absent={"ship_by": "not_told"},
    items=[
        {
            "id": "1",
            "sku": "MUG/BLUE 11",
            "product_id": "B000000001",
            "title": "Blue mug",
            "status": None,
            "quantity": 2,
            "quantity_shipped": 0,
            "quantity_cancelled": 0,
            "unit_price": {"amount": "9.9500", "currency": "USD"},
            "absent": {"status": "not_told"},
        }
    ],
)
_LISTING = _row(
    "listings",
    f"{_STORE}/MUG~2FBLUE~2011",
    "amazon.searchListingsItems",
    sku="MUG/BLUE 11",
    product_id="B000000001",
    title="Blue mug",
    status="BUYABLE",
    condition="new_new",
    channel="seller",
    image=None,
    issue_count=0,
    issues=[],
    listed_at="2026-03-01T08:00:00Z",
    gone_at=None,
    absent={"image": "not_told"},
)
_PRICE = _row(
    "prices",
    f"{_STORE}/MUG~2FBLUE~2011/offer",
    "amazon.searchListingsItems",
    sku="MUG/BLUE 11",
    kind="offer",
    price={"amount": "9.9500", "currency": "USD"},
)
_STOCK = _row(
    "inventory",
    f"{_STORE}/MUG~2FBLUE~2011/FBA",
    "amazon.getInventorySummaries",
    sku="MUG/BLUE 11",
    location="FBA",
    channel="marketplace",
    available=40,
    reserved=0,
    inbound=None,
    unsellable=None,
    gone_at=None,
    absent={"inbound": "not_told", "unsellable": "not_told"},
)


def _page(row: dict[str, Any]) -> dict[str, Any]:
    return {"results": [row], "next": None, "previous": None, "why_empty": []}


EXAMPLES: dict[str, dict[str, Any]] = {
    "orders_list": _page(_ORDER),
    "order": _ORDER,
    "listings_list": _page(_LISTING),
    "listing": _LISTING,
    "prices_list": _page(_PRICE),
    "price": _PRICE,
    "inventory_list": _page(_STOCK),
    "stock": _STOCK,
}
PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Bad Request",
    "status": 400,
    "detail": "A parameter can't be used.",
    "errors": [{"parameter": "page", "detail": "This list has no such parameter."}],
}
