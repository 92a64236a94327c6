"""`GET /v3/items`: listings, what they are, and the price asked."""

import msgspec
from msgspec.structs import replace

from marketplaces.adapters.walmart.reading import answers
from marketplaces.adapters.walmart.reading.answers import Unfit
from marketplaces.adapters.walmart.structures import Item, ItemsEnvelope
from marketplaces.contract import Ask, Checkpoint, Page, Response, Skipped, Unreadable
from marketplaces.datamap import Operation
from marketplaces.records import (
    Issue,
    ListingRecord,
    PriceRecord,
    ProductRecord,
    Record,
)


class _Key(msgspec.Struct, gc=False):
    key: str = msgspec.field(name="sku")


_SHAPE = answers.shape(ItemsEnvelope, Item, _Key)
_shelf = msgspec.json.Decoder(list[str]).decode


def read(
    operation: Operation, checkpoint: Checkpoint, ask: Ask, response: Response
) -> Page:
    """A page of items; Unreadable if it isn't one or is the page before once more.

    Walmart's cursor stays the same for all pages; the offset moves on. The list is at
    its end when as many rows were seen as announced, or when a page is empty.
    """
    at = answers.begun(checkpoint, ask)
    if response.status == 404:
        return answers.broken_off(at) if at.seen else answers.nothing(at)
    answer, items, skipped = answers.decode(
        operation, response, _SHAPE, lambda envelope: envelope.item_response
    )
    count = len(items) + len(skipped)
    first = items[0].sku if items else ""
    if at.seen and first and first == at.after:
        raise Unreadable(f"{operation.key}: this is the page before once more.")
    records: list[Record] = []
    skus: set[str] = set()
    for item in items:
        if item.sku in skus:
            skipped.append(Skipped(answers.TWICE, item.sku[:100]))
            continue
        skus.add(item.sku)
        try:
            records += _records(item, skipped)
        except Unfit as unfit:
            skipped.append(Skipped(str(unfit), item.sku[:100]))
    at = replace(at, cursor=answer.next_cursor or at.cursor, after=first)
    page = answers.offset_page(
        operation, at, records, skipped, count=count, total=answer.total_items
    )
    if page.finished or at.cursor:
        return page
    return answers.broken_off(page.checkpoint, page)  # no cursor: no way on


def _records(item: Item, skipped: list[Skipped]) -> list[Record]:
    """Listing, product and price of an item; a price that can't be is skipped alone."""
    sku = answers.sku_of(item.sku)
    reasons = item.unpublished_reasons.reason if item.unpublished_reasons else ()
    status = (item.published_status, item.lifecycle_status)
    records: list[Record] = [
        ListingRecord(
            sku=sku,
            market=answers.MARKET,
            product_id=item.wpid,
            title=item.product_name,
            status=",".join(word for word in status if word),
            issues=tuple(Issue("UNPUBLISHED", "ERROR", reason) for reason in reasons),
        )
    ]
    if item.wpid:
        product = ProductRecord(
            external_id=item.wpid,
            market=answers.MARKET,
            title=item.product_name,
            category=item.product_type or _shelf_end(item.shelf),
        )
        records.append(product)
    try:
        price = _price(item, sku)
    except Unfit as unfit:
        skipped.append(Skipped(str(unfit), sku[:100]))
    else:
        records += [price] if price else []
    return records


def _price(item: Item, sku: str) -> PriceRecord | None:
    """None where no price is set: Walmart says 0 then, which nobody asks."""
    if item.price is None or item.price.amount == 0:
        return None
    amount = answers.money(item.price.amount, item.price.currency)
    if amount < 0:
        raise Unfit("A price is below zero.")
    return PriceRecord(
        sku=sku,
        market=answers.MARKET,
        kind="offer",
        amount=amount,
        currency=answers.CURRENCY,
    )


def _shelf_end(shelf: str | None) -> str | None:
    """The innermost shelf of `'["Home","Kitchen"]'`; "UNNAV" is on none."""
    try:
        names = _shelf(shelf or "[]")
    except (msgspec.DecodeError, RecursionError):
        return None
    return names[-1] if names and names[-1] != "UNNAV" else None
