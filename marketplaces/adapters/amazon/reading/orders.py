"""searchOrders: the one loop here that is run a million times, so it is kept lean."""

from collections.abc import Sequence
from datetime import UTC
from operator import attrgetter
from typing import Any

import msgspec

from marketplaces.adapters.amazon.reading.answers import (
    Form,
    Reading,
    Unkeepable,
    money,
    settled,
    step,
    utc,
)
from marketplaces.adapters.amazon.structures import Kept, Order, OrderItem, Orders
from marketplaces.contract import Page
from marketplaces.datamap import ABSENT
from marketplaces.records import OrderItemRecord, OrderRecord

CHANNELS = {"MERCHANT": "seller", "AMAZON": "marketplace"}

_form: Form[Orders[Any], Order] = Form(
    whole=Orders[Order],
    apart=Orders[msgspec.Raw],
    row=Order,
    rows=lambda answer: answer.orders,
    key="orderId",
)


def read(reading: Reading) -> Page:
    """Orders without their buyers.

    An unknown status or channel is kept or left empty, never an error: Amazon adds
    values unannounced. `total` is what the seller receives and missing while the
    order is pending. Amazon says how many pieces were shipped, not how many cancelled.
    """
    answer, rows = _form.open(reading)
    count_unwanted(rows, reading.dropped)
    for row in rows:
        try:
            reading.records.append(_order(row))
        except Unkeepable as error:
            reading.skip(str(error), row.orderId)
    echoed = answer.lastUpdatedBefore or answer.createdBefore
    until = reading.checkpoint.until or echoed or settled(reading)
    token = answer.pagination.nextToken if answer.pagination else None
    return step(reading, token=token, rows=len(answer.orders), until=utc(until))


def _order(row: Order) -> OrderRecord:
    placed, changed = row.createdTime, row.lastUpdatedTime
    fulfillment = row.fulfillment
    status, channel, ship_by = "", "", None
    if fulfillment is not None:
        status = fulfillment.fulfillmentStatus
        channel = CHANNELS.get(fulfillment.fulfilledBy or "", "")
        if fulfillment.shipByWindow is not None:
            ship_by = fulfillment.shipByWindow.latestDateTime
            if ship_by is not None and ship_by.tzinfo is not UTC:
                ship_by = utc(ship_by)
    total = row.proceeds.grandTotal if row.proceeds is not None else None
    return OrderRecord(
        external_id=row.orderId,
        market=row.salesChannel.marketplaceId or "",
        status=status,
        channel=channel,
        placed_at=placed if placed.tzinfo is UTC else utc(placed),
        as_of=changed if changed.tzinfo is UTC else utc(changed),
        ship_by=ship_by,
        currency=total.currencyCode if total is not None else None,
        total=money(total.amount, total.currencyCode) if total is not None else None,
        items=tuple([_item(item) for item in row.orderItems]),
    )


def _item(item: OrderItem) -> OrderItemRecord:
    product = item.product
    price = product.price.unitPrice if product.price is not None else None
    return OrderItemRecord(
        external_id=item.orderItemId,
        sku=product.sellerSku or "",
        product_id=product.asin,
        title=product.title,
        quantity=item.quantityOrdered,
        quantity_shipped=(
            item.fulfillment.quantityFulfilled if item.fulfillment is not None else None
        ),
        unit_price=money(price.amount, price.currencyCode) if price else None,
        currency=price.currencyCode if price else None,
    )


_UNWANTED = {
    "orders[]": ("buyer", "recipient", "orderAliases", "payment", "tax", "packages"),
    "orders[].orderItems[]": ("cancellation",),
    "orders[].orderItems[].product": ("serialNumbers", "customization"),
    "orders[].orderItems[].fulfillment.packing.giftOption": ("giftMessage",),
}
_NULL = msgspec.Raw(b"null")


def count_unwanted(rows: Sequence[Order], dropped: dict[str, int]) -> None:
    """USE-4: where buyers' data arrived unasked. Only that it did is looked at."""
    lines = [line for row in rows for line in row.orderItems]
    packings = [line.fulfillment.packing for line in lines if line.fulfillment]
    pieces: tuple[Sequence[Kept], ...] = (
        rows,
        lines,
        [line.product for line in lines],
        [p.giftOption for p in packings if p is not None and p.giftOption is not None],
    )
    for (place, names), found in zip(_UNWANTED.items(), pieces, strict=True):
        for name in names:
            values = list(map(attrgetter(name), found))
            came = len(values) - values.count(ABSENT) - values.count(_NULL)
            if came:
                dropped[f"{place}.{name}"] = came
