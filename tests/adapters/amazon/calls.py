"""Short ways to ask and read, for the tests of the Amazon adapter."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from marketplaces.adapters.amazon import ADAPTER
from marketplaces.contract import Access, App, Ask, Checkpoint, Page, Response, Secret
from marketplaces.datamap import Operation

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
STARTED = Checkpoint(started=NOW)
OPERATIONS = {o.key.removeprefix("amazon."): o for o in ADAPTER.operations}
APP = App(
    application_id="amzn1.sellerapps.app.1",
    client_id="amzn1.application-oa2-client.1",
    client_secret=Secret("amzn1.oa2-cs.v1.hush/+="),
    redirect_uri="https://plug.example/connect/amazon",
)
ASK = Ask(
    region=ADAPTER.regions[0],
    account_id="A2SELLER0NORTH",
    markets=(US,),
    access=Access(Secret("Atza|token"), NOW + timedelta(hours=1)),
    now=NOW,
    correlation_id="c-1",
)


def operation(name: str) -> Operation:
    return OPERATIONS[name]


def ask(*, markets: tuple[str, ...] = (US,), keys: tuple[str, ...] = ()) -> Ask:
    return replace(ASK, markets=markets, keys=keys)


def sent(
    name: str, checkpoint: Checkpoint = STARTED, asked: Ask = ASK
) -> dict[str, str]:
    """The parameters of the next call."""
    request = ADAPTER.request(operation(name), checkpoint, asked)
    assert request is not None
    return dict(parse_qsl(request.query, strict_parsing=bool(request.query)))


def answer(body: Any, *, status: int = 200, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers=headers, body=raw)


def read(
    name: str,
    body: Any,
    *,
    checkpoint: Checkpoint = STARTED,
    asked: Ask = ASK,
    sample: bool = False,
    **headers: str,
) -> Page:
    response = replace(answer(body), headers=headers)
    return ADAPTER.read(operation(name), checkpoint, asked, response, sample=sample)


def order(number: str = "111-0000001-0000001", **changes: Any) -> dict[str, Any]:
    """An order as the model says, without anything optional but a price and status."""
    return {
        "orderId": number,
        "createdTime": "2026-11-20T10:00:00Z",
        "lastUpdatedTime": "2026-11-21T10:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US},
        "proceeds": {"grandTotal": {"amount": "21.98", "currencyCode": "USD"}},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [order_item()],
        **changes,
    }


def order_item(**changes: Any) -> dict[str, Any]:
    return {
        "orderItemId": "1",
        "quantityOrdered": 2,
        "product": {
            "asin": "B000000001",
            "title": "A cup",
            "sellerSku": "CUP/1",
            "price": {"unitPrice": {"amount": "10.99", "currencyCode": "USD"}},
        },
        "fulfillment": {"quantityFulfilled": 1, "quantityUnfulfilled": 1},
        **changes,
    }


def listing(sku: str, created: str, **changes: Any) -> dict[str, Any]:
    return {
        "sku": sku,
        "summaries": [
            {
                "marketplaceId": US,
                "asin": "B000000001",
                "productType": "CUP",
                "conditionType": "new_new",
                "status": ["DISCOVERABLE", "BUYABLE"],
                "itemName": "A cup",
                "createdDate": created,
                "lastUpdatedDate": created,
                "mainImage": {"link": "https://m.media/1.jpg", "height": 1, "width": 1},
            }
        ],
        **changes,
    }


def stock(sku: str, **details: Any) -> dict[str, Any]:
    return {"sellerSku": sku, "lastUpdatedTime": "", "inventoryDetails": details}
