"""Items, stock at ship nodes, and stock in Walmart's warehouses."""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from itertools import count
from threading import Lock

from marketplaces.adapters.walmart.simulated.answers import (
    Refused,
    error_array,
    error_list,
    json_answer,
    number,
)
from marketplaces.simulator.goods import Item
from marketplaces.simulator.words import Answer, Call

CURSOR_SECONDS = 120
FURTHEST_OFFSET = 10_000
_NODES = ("100009", "361451354333223041")
_UNPUBLISHED = (
    "Shipping information was not added. Resubmit this item with a shipping price.",
    "Your item is unpublished because its end date has passed.",
)


class Items:
    """`/v3/items`: one cursor for all pages, two minutes long, beside an offset.

    A call without an offset goes on where the cursor was left.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._places: dict[str, int] = {}

    def page(self, call: Call) -> Answer:
        """At most `limit` items, in the order of the list."""
        size = number(call, "limit", least=1, most=1_000, default=20)
        offset = number(call, "offset", least=0, most=FURTHEST_OFFSET, default=-1)
        cursor = call.value("nextCursor", "*")
        listed = call.owner.listed
        if not listed:
            raise Refused(
                error_array(
                    404,
                    "CONTENT_NOT_FOUND.GMP_ITEM_QUERY_API",
                    "data",
                    "Requested content could not be found.",
                )
            )
        if cursor == "*":
            issued = (
                f"{call.now.timestamp():.3f}|{call.owner.key}|{next(self._numbers)}"
            )
            cursor = b64encode(issued.encode()).decode()
        elif not _is_fresh(cursor, call):
            raise Refused(
                error_array(
                    400,
                    "INVALID_REQUEST_PARAM.GMP_ITEM_QUERY_API",
                    "nextCursor",
                    "Invalid Cursor",
                )
            )
        with self._lock:
            start = self._places.get(cursor, 0) if offset < 0 else offset
            self._places = dict(list(self._places.items())[-50:])
            self._places[cursor] = start + size
        rows = [_item(item) for item in listed[start : start + size]]
        answer = {"ItemResponse": rows, "totalItems": len(listed), "nextCursor": cursor}
        return json_answer(answer)


def _is_fresh(cursor: str, call: Call) -> bool:
    try:
        issued, key, _ = b64decode(cursor, validate=True).decode().split("|")
        age = call.now.timestamp() - float(issued)
    except (NotBase64, ValueError):
        return False
    return key == call.owner.key and age <= CURSOR_SECONDS


def _item(item: Item) -> dict[str, object]:
    published = item.buyable and not item.troubled
    cents = item.prices["US"] if item.buyable else 0
    told: dict[str, object] = {
        "mart": "WALMART_US",
        "sku": item.sku,
        "availability": "In_stock" if item.stock else "Out_of_stock",
        "wpid": item.product_id,
        "gtin": item.gtin,
        "productName": item.title,
        "shelf": json.dumps(["Home Page", item.category]),
        "productType": item.category,
        "price": {"currency": "USD", "amount": cents / 100},
        "publishedStatus": "PUBLISHED" if published else "UNPUBLISHED",
        "lifecycleStatus": "ACTIVE",
        "isDuplicate": False,
    }
    if not published:
        told["unpublishedReasons"] = {"reason": list(_UNPUBLISHED)}
    return told


class Inventories:
    """`/v3/inventories`: page tokens good once and in order, else 404."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._open: dict[str, tuple[str, int]] = {}  # account -> the one good token

    def page(self, call: Call) -> Answer:
        """At most `limit` SKUs with all their nodes."""
        size = number(call, "limit", least=1, most=50, default=10)
        account = call.owner
        own = [item for item in account.listed if item.channel != "marketplace"]
        token = call.value("nextCursor")
        with self._lock:
            good, start = self._open.pop(account.key, ("", 0))
            if token and token != good:
                raise Refused(_not_found())
            start = start if token else 0
            rows = own[start : start + size]
            if not rows:
                raise Refused(_not_found())
            meta: dict[str, object] = {"totalCount": len(own)}
            if start + size < len(own):
                text = f"{account.key} {next(self._numbers)} {start + size}"
                token = b64encode(text.encode()).decode()
                self._open[account.key] = (token, start + size)
                meta["nextCursor"] = token
        inventories = [{"sku": item.sku, "nodes": _nodes(item)} for item in rows]
        return json_answer({"meta": meta, "elements": {"inventories": inventories}})


def _not_found() -> Answer:
    return error_list(
        404, "CONTENT_NOT_FOUND.GMP_INVENTORY_API", "Requested content is not found."
    )


def _nodes(item: Item) -> list[dict[str, object]]:
    """Every third SKU lies at two places."""
    places = _NODES if item.number % 3 == 0 else _NODES[:1]
    return [
        {
            "shipNode": place,
            "inputQty": _each(item.stock + item.reserved),
            "availToSellQty": _each(item.stock if place == _NODES[0] else item.inbound),
            "reservedQty": _each(item.reserved if place == _NODES[0] else 0),
        }
        for place in places
    ]


def _each(amount: int) -> dict[str, object]:
    return {"unit": "EACH", "amount": amount}


def wfs(call: Call) -> Answer:
    """`/v3/wfs/inventory`: what lies in Walmart's warehouses, by offset."""
    size = number(call, "limit", least=1, most=300, default=10)
    offset = number(call, "offset", least=0, most=1_000_000, default=0)
    stored = [item for item in call.owner.listed if item.channel == "marketplace"]
    rows = [_stored(item) for item in stored[offset : offset + size]]
    headers = {"totalCount": len(stored), "limit": size, "offset": offset}
    return json_answer({"headers": headers, "payload": {"inventory": rows}})


def _stored(item: Item) -> dict[str, object]:
    return {
        "itemInformation": {
            "itemName": item.title,
            "gtin": item.gtin,
            "sku": item.sku,
            "itemID": str(500_000_000 + item.number),
            "offerID": item.product_id,
            "brand": item.brand,
            "itemCondition": item.condition.title(),
        },
        "inventoryData": {
            "publishingStatus": "PUBLISHED" if item.buyable else "UNPUBLISHED",
            "itemLifecycle": "ACTIVE",
            "stockStatus": "In stock" if item.stock else "Out of stock",
            "availableUnits": item.stock,
            "reservedUnits": item.reserved,
            "inboundUnits": item.inbound,
            "unavailableUnits": {
                "inventoryReviewUnits": item.unsellable,
                "inventoryMovementUnits": 0,
            },
            "onhandUnits": item.stock + item.reserved + item.unsellable,
            "firstInStockDate": item.created.date().isoformat(),
        },
    }
