"""`GET /v3/inventories` and `GET /v3/wfs/inventory`: pieces at each place."""

import dataclasses

import msgspec
from msgspec.structs import replace

from marketplaces.adapters.walmart.reading import answers
from marketplaces.adapters.walmart.reading.answers import Unfit
from marketplaces.adapters.walmart.structures import (
    InventoriesEnvelope,
    Inventory,
    Node,
    WfsEnvelope,
    WfsInventory,
    WfsItem,
    WfsUnavailable,
)
from marketplaces.contract import Ask, Checkpoint, Page, Response, Skipped, Unreadable
from marketplaces.datamap import Operation
from marketplaces.records import StockRecord

AGAIN = "Walmart's page token had died, so the list was begun again."
MOST_BEGINNINGS = 50  # of one list in one pass, crashes included, before it ends
LONGEST_CURSOR = 4_096


class _Key(msgspec.Struct, gc=False):
    key: str = msgspec.field(name="sku")


class _WfsKey(msgspec.Struct, gc=False):
    item_information: WfsItem = msgspec.field(name="itemInformation")

    @property
    def key(self) -> str:
        return self.item_information.sku


_NODES = answers.shape(InventoriesEnvelope, Inventory, _Key)
_WFS = answers.shape(WfsEnvelope, WfsInventory, _WfsKey)


def read_nodes(
    operation: Operation, checkpoint: Checkpoint, ask: Ask, response: Response
) -> Page:
    """Stock at the seller's own ship nodes; Unreadable if it isn't a page.

    Page tokens are good once and in order. A used one is answered with 404, as an
    empty list is; so after a crash the list is begun again.
    """
    at = answers.begun(checkpoint, ask)
    if response.status == 404:
        return _dead_token(at) if at.cursor else answers.nothing(at)
    answer, rows, skipped = answers.decode(
        operation, response, _NODES, lambda envelope: envelope.elements.inventories
    )
    count = len(rows) + len(skipped)
    records: list[StockRecord] = []
    for row in rows:
        for node in row.nodes:
            try:
                records.append(_at_node(row.sku, node))
            except Unfit as unfit:
                skipped.append(Skipped(str(unfit), row.sku[:100]))
    cursor = answer.meta.next_cursor if answer.meta else None
    at = replace(at, seen=at.seen + count)
    page = Page(tuple(records), at, True, lane_done=True, skipped=tuple(skipped))
    if not cursor:
        total = answer.meta.total_count if answer.meta else None
        short = total is not None and at.seen < total
        return answers.broken_off(at, page) if short else page
    if cursor == checkpoint.cursor or len(cursor) > LONGEST_CURSOR:
        raise Unreadable(f"{operation.key}: the page token is a repeated or odd one.")
    following = replace(at, cursor=cursor)
    return dataclasses.replace(
        page, checkpoint=following, finished=False, lane_done=False
    )


def _dead_token(at: Checkpoint) -> Page:
    """Begin again, but not for ever: then end without calling anything gone."""
    beginnings = int(at.after or "1") + 1
    if beginnings > MOST_BEGINNINGS:
        return answers.broken_off(at)
    fresh = replace(at, cursor="", seen=0, after=str(beginnings))
    return Page((), fresh, False, skipped=(Skipped(AGAIN),))


def _at_node(sku: str, node: Node) -> StockRecord:
    if node.errors:
        raise Unfit(answers.LEFT_OUT)
    if not node.ship_node:
        raise Unfit("The stock's ship node isn't named.")
    sellable, reserved = node.avail_to_sell_qty, node.reserved_qty
    return StockRecord(
        sku=answers.sku_of(sku),
        market=answers.MARKET,
        location=node.ship_node,
        channel="seller",
        available=answers.pieces(sellable.amount if sellable else None),
        reserved=answers.pieces(reserved.amount if reserved else None),
    )


def read_wfs(
    operation: Operation, checkpoint: Checkpoint, ask: Ask, response: Response
) -> Page:
    """Stock in Walmart's warehouses; Unreadable if it isn't a page."""
    at = answers.begun(checkpoint, ask)
    if response.status == 404:
        return answers.broken_off(at) if at.seen else answers.nothing(at)
    answer, rows, skipped = answers.decode(
        operation, response, _WFS, lambda envelope: envelope.payload.inventory
    )
    count = len(rows) + len(skipped)
    first = rows[0].item_information.sku if rows else ""
    if at.seen and first and first == at.after:
        raise Unreadable(f"{operation.key}: this is the page before once more.")
    records: list[StockRecord] = []
    for row in rows:
        try:
            records.append(_at_walmart(row))
        except Unfit as unfit:
            skipped.append(Skipped(str(unfit), row.item_information.sku[:100]))
    total = answer.headers.total_count if answer.headers else None
    at = replace(at, after=first)
    return answers.offset_page(
        operation, at, records, skipped, count=count, total=total
    )


def _at_walmart(row: WfsInventory) -> StockRecord:
    data = row.inventory_data
    return StockRecord(
        sku=answers.sku_of(row.item_information.sku),
        market=answers.MARKET,
        location="WFS",
        channel="marketplace",
        available=answers.pieces(data.available_units),
        reserved=answers.pieces(data.reserved_units),
        inbound=answers.pieces(data.inbound_units),
        unsellable=_unsellable(data.unavailable_units),
    )


def _unsellable(units: WfsUnavailable | None) -> int | None:
    """Pieces under review or on the move: there, but not for sale."""
    told = (
        (units.inventory_review_units, units.inventory_movement_units) if units else ()
    )
    counts = [count for count in map(answers.pieces, told) if count is not None]
    return sum(counts) if counts else None
