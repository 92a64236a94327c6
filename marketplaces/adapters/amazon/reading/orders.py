"""searchOrders: the one loop here that is run a million times, so it is kept lean."""

from datetime import UTC
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
from marketplaces.adapters.amazon.structures import Order, OrderItem, Orders
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
    records, dropped = reading.records, reading.dropped
    for row in rows:
        count_unwanted(row, dropped)
        try:
            records.append(_order(row))
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


def count_unwanted(row: Order, dropped: dict[str, int]) -> None:
    """USE-4: where buyers' data arrived unasked. Only that it did is looked at."""
    if row.buyer is not ABSENT:
        _drop(dropped, "orders[].buyer", row.buyer)
    if row.recipient is not ABSENT:
        _drop(dropped, "orders[].recipient", row.recipient)
    if row.orderAliases is not ABSENT:
        _drop(dropped, "orders[].orderAliases", row.orderAliases)
    if row.payment is not ABSENT:
        _drop(dropped, "orders[].payment", row.payment)
    if row.tax is not ABSENT:
        _drop(dropped, "orders[].tax", row.tax)
    if row.packages is not ABSENT:
        _drop(dropped, "orders[].packages", row.packages)
    for item in row.orderItems:
        product, fulfillment = item.product, item.fulfillment
        if item.cancellation is not ABSENT:
            _drop(dropped, "orders[].orderItems[].cancellation", item.cancellation)
        if product.serialNumbers is not ABSENT:
            path = "orders[].orderItems[].product.serialNumbers"
            _drop(dropped, path, product.serialNumbers)
        if product.customization is not ABSENT:
            path = "orders[].orderItems[].product.customization"
            _drop(dropped, path, product.customization)
        if fulfillment is not None and fulfillment.packing is not None:
            gift = fulfillment.packing.giftOption
            if gift is not None and gift.giftMessage is not ABSENT:
                path = "orders[].orderItems[].fulfillment.packing.giftOption"
                _drop(dropped, f"{path}.giftMessage", gift.giftMessage)


def _drop(dropped: dict[str, int], path: str, raw: msgspec.Raw) -> None:
    if bytes(raw) != b"null":
        dropped[path] = dropped.get(path, 0) + 1
