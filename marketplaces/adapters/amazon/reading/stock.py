"""getInventorySummaries: what lies in Amazon's warehouses."""

from datetime import datetime
from typing import Any

import msgspec

from marketplaces.adapters.amazon.reading.answers import (
    Form,
    Reading,
    Unkeepable,
    must_be_complete,
    settled,
    step,
    utc,
)
from marketplaces.adapters.amazon.structures import (
    Inventory,
    InventoryDetails,
    InventorySummary,
    Moment,
)
from marketplaces.contract import Page
from marketplaces.records import StockRecord

_form: Form[Inventory[Any], InventorySummary] = Form(
    whole=Inventory[InventorySummary],
    apart=Inventory[msgspec.Raw],
    row=InventorySummary,
    rows=lambda answer: answer.payload.inventorySummaries,
    key="sellerSku",
)
_nothing_told = InventoryDetails()


def read(reading: Reading) -> Page:
    """Pieces by SKU; a quantity Amazon leaves out stays unknown, it isn't 0."""
    answer, rows = _form.open(reading)
    must_be_complete(reading, answer.errors)
    for row in rows:
        try:
            reading.records.append(_stock(row, reading.market))
        except Unkeepable as error:
            reading.skip(str(error), row.sellerSku)
    token = answer.pagination.nextToken if answer.pagination else None
    count = len(answer.payload.inventorySummaries)
    return step(reading, token=token, rows=count, until=settled(reading))


def _stock(row: InventorySummary, market: str) -> StockRecord:
    details = row.inventoryDetails or _nothing_told
    reserved, unsellable = details.reservedQuantity, details.unfulfillableQuantity
    return StockRecord(
        sku=row.sellerSku,
        market=market,
        location="FBA",
        channel="marketplace",
        available=details.fulfillableQuantity,
        reserved=reserved.totalReservedQuantity if reserved else None,
        inbound=_inbound(details),
        unsellable=unsellable.totalUnfulfillableQuantity if unsellable else None,
        as_of=_moment(row.lastUpdatedTime),
    )


def _inbound(details: InventoryDetails) -> int | None:
    told = [
        quantity
        for quantity in (
            details.inboundWorkingQuantity,
            details.inboundShippedQuantity,
            details.inboundReceivingQuantity,
        )
        if quantity is not None
    ]
    return sum(told) if told else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return utc(msgspec.convert(text, Moment))
    except msgspec.ValidationError:
        raise Unkeepable("a time that can't be read") from None
