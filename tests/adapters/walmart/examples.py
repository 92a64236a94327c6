"""Walmart's own examples, and the answers and questions that tests are made of."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from marketplaces.adapters.walmart import ADAPTER
from marketplaces.contract import (
    Access,
    Ask,
    Checkpoint,
    Page,
    Request,
    Response,
    Secret,
)
from marketplaces.datamap import Operation
from tests.specs import need_specs

NOW = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 12:00:05 GMT"
ASK = Ask(
    region=ADAPTER.regions[0],
    account_id="10001700011",
    markets=("US",),
    access=Access(token=Secret("a-token"), expires_at=NOW),
    now=NOW,
    correlation_id="11111111-2222-3333-4444-555555555555",
)
OPERATIONS = {operation.key: operation for operation in ADAPTER.operations}
DETAIL, ITEMS, NODES, WFS, ORDERS = OPERATIONS.values()
LISTS = (ITEMS, NODES, WFS, ORDERS)
EXAMPLES = {
    DETAIL.key: "token_detail.200.json",
    ITEMS.key: "items_list.200.json",
    NODES.key: "inventories_all_nodes.200.json",
    WFS.key: "wfs_inventory.200.SYNTH.json",
    ORDERS.key: "orders_list.200.json",
}


def example(name: str) -> Any:
    """An official example, parsed."""
    return json.loads((need_specs() / "walmart" / "examples" / name).read_text())


def answer(
    value: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer: bytes as they are, anything else as JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Response(status, {"date": DATE} | (headers or {}), body)


def request(operation: Operation, checkpoint: Checkpoint | None = None) -> Request:
    made = ADAPTER.request(operation, checkpoint or Checkpoint(started=NOW), ASK)
    assert made is not None
    return made


def read(
    operation: Operation,
    value: object,
    checkpoint: Checkpoint | None = None,
    status: int = 200,
    sample: bool = False,
) -> Page:
    at = checkpoint or Checkpoint(started=NOW)
    return ADAPTER.read(operation, at, ASK, answer(value, status), sample=sample)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an answer under its path: "list.elements.order[].orderDate"."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def an_order(number: str = "1", **changes: Any) -> dict[str, Any]:
    """An order of two pieces for ten dollars."""
    line = {
        "lineNumber": "1",
        "item": {"productName": "Mug", "sku": "MUG/BLUE 11"},
        "charges": {
            "charge": [
                {
                    "chargeType": "PRODUCT",
                    "chargeAmount": {"currency": "USD", "amount": 10},
                }
            ]
        },
        "orderLineQuantity": {"unitOfMeasurement": "EACH", "amount": "2"},
        "statusDate": 1_700_000_100_000,
        "orderLineStatuses": {
            "orderLineStatus": [
                {"status": "Created", "statusQuantity": {"amount": "2"}}
            ]
        },
    }
    return {
        "purchaseOrderId": number,
        "orderDate": 1_700_000_000_000,
        "orderLines": {"orderLine": [line | changes.pop("line", {})]},
    } | changes


def orders(*rows: object, cursor: str | None = None, total: int | None = None) -> Any:
    """An answer of /v3/orders."""
    count = len(rows) if total is None else total
    meta = {"totalCount": count, "limit": 200}
    if cursor is not None:
        meta["nextCursor"] = cursor  # type: ignore[assignment]  # a JSON object
    return {"list": {"meta": meta, "elements": {"order": list(rows)}}}
