"""`GET /v3/orders`: lanes, windows, and an order without its buyer."""

import dataclasses
from datetime import datetime
from decimal import Decimal
from itertools import chain

import msgspec
from msgspec.structs import replace

from marketplaces.adapters.walmart import asking
from marketplaces.adapters.walmart.reading import answers, dropping
from marketplaces.adapters.walmart.reading.answers import Unfit
from marketplaces.adapters.walmart.structures import (
    Order,
    OrderLine,
    OrdersEnvelope,
    WrappedOrder,
)
from marketplaces.contract import Ask, Checkpoint, Page, Response, Skipped, Unreadable
from marketplaces.datamap import Operation
from marketplaces.records import OrderItemRecord, OrderRecord

MOST_PER_QUERY = 10_000  # Walmart refuses to page further
LONGEST_CURSOR = 4_096
CHANNELS = {
    "SellerFulfilled": "seller",
    "WFSFulfilled": "marketplace",
    "3PLFulfilled": "third-party",
}
_PROGRESS = ("Created", "Acknowledged", "Shipped", "Delivered")
_SENT = frozenset({"Shipped", "Delivered"})
_PATH = "list.elements.order[]"


class _Key(msgspec.Struct, gc=False):
    key: str = msgspec.field(name="purchaseOrderId")


_SHAPE = answers.shape(OrdersEnvelope, Order, _Key, WrappedOrder)


def read(
    operation: Operation, checkpoint: Checkpoint, ask: Ask, response: Response
) -> Page:
    """The orders of a page; Unreadable if it isn't one or repeats its page token."""
    at = _marked(answers.begun(checkpoint, ask), response)
    if response.status == 404:  # Walmart's empty list; after a page, one that broke off
        return _end_of_window(at, ask, Page((), at, finished=False))
    answer, rows, skipped = answers.decode(
        operation, response, _SHAPE, lambda envelope: envelope.list.elements.order
    )
    meta = answer.list.meta
    if not at.cursor:
        window = asking.window(at, ask)
        total = (meta.total_count if meta else None) or 0
        half = window.half(now=asking.started(at, ask))
        if total > MOST_PER_QUERY and half:
            return Page((), replace(at, after=str(half)), finished=False)
        at = replace(at, after=str(dataclasses.replace(window, announced=total)))
    cursor = _next_cursor(operation, at, meta.next_cursor if meta else None)
    at = replace(at, seen=at.seen + len(rows) + len(skipped))
    records: list[OrderRecord] = []
    for row in rows:
        try:
            records.append(_order(row, at.lane))
        except Unfit as unfit:
            skipped.append(Skipped(str(unfit), row.purchase_order_id[:100]))
    if answer.list.errors:
        skipped.append(Skipped(answers.LEFT_OUT))
        at = _held(at)
    if _is_of_another_lane(rows, at.lane):
        skipped.append(Skipped(answers.OTHER_LANE))
        at = _held(at)
    page = Page(
        tuple(records),
        replace(at, cursor=cursor),
        finished=False,
        dropped=dropping.count(rows, _PATH),
        skipped=tuple(skipped),
    )
    return page if cursor and (rows or skipped) else _end_of_window(at, ask, page)


def _end_of_window(at: Checkpoint, ask: Ask, page: Page) -> Page:
    """On to the next window of this lane, or the next lane, or the end.

    Where fewer orders came than announced, the mark stays where it was, so that the
    next pass asks for the same again.
    """
    window = asking.window(at, ask)
    skipped = page.skipped
    if at.seen < window.announced:
        at, skipped = _held(at), (*skipped, Skipped(answers.ENDED_EARLY))
    following = window.following(now=asking.started(at, ask))
    lane_done = following is None
    finished = lane_done and at.lane + 1 >= len(asking.SHIP_NODE_TYPES)
    checkpoint = replace(
        at,
        lane=at.lane + 1 if lane_done and not finished else at.lane,
        cursor="",
        seen=0,
        after=str(following) if following else "",
    )
    return dataclasses.replace(
        page,
        checkpoint=checkpoint,
        finished=finished,
        lane_done=lane_done,
        skipped=skipped,
    )


def _is_of_another_lane(rows: list[Order], lane: int) -> bool:
    """Whether the page answers another ship-node type than was asked for."""
    node = rows[0].ship_node if rows else None
    others = set(asking.SHIP_NODE_TYPES) - {asking.SHIP_NODE_TYPES[lane]}
    return node is not None and node.type in others


def _marked(at: Checkpoint, response: Response) -> Checkpoint:
    """With the mark that this pass will leave, taken from its first answer.

    Without a Date header nothing is known of Walmart's clock, and the mark stays.
    """
    if at.until is not None:
        return at
    return replace(at, until=answers.mark(response) or _old_mark(at))


def _held(at: Checkpoint) -> Checkpoint:
    """With the mark of the pass before: this one hasn't seen everything."""
    return replace(at, until=_old_mark(at))


def _old_mark(at: Checkpoint) -> datetime | None:
    if at.since or not at.started:
        return at.since
    return at.started - asking.HISTORY  # so old that the next pass asks for all


def _next_cursor(operation: Operation, at: Checkpoint, cursor: str | None) -> str:
    """Walmart's token for the next page, exactly as it came; empty at the end.

    It is a query string. It is looked at but never parsed, decoded or put together
    anew: Walmart refuses it then. It may hold printable ASCII only and no fragment,
    so that it can't be anything but a query.
    """
    if not cursor or "hasMoreElements=false" in cursor:
        return ""
    plain = (
        cursor.isascii() and cursor.isprintable() and not set(' #"<>\\') & set(cursor)
    )
    if not plain or len(cursor) > LONGEST_CURSOR:
        raise Unreadable(f"{operation.key}: the page token isn't a query string.")
    if cursor == at.cursor:
        raise Unreadable(f"{operation.key}: the page repeats its own page token.")
    return cursor


# An order


def _order(order: Order, lane: int) -> OrderRecord:
    """Raises Unfit if a value in it can't be."""
    lines = order.order_lines.order_line
    if not order.purchase_order_id or not lines:
        raise Unfit("The order has no number or no lines.")
    items = [_Line.of(line) for line in lines]
    shipping, node = order.shipping_info, order.ship_node
    ship_by = shipping.estimated_ship_date if shipping else None
    placed = answers.moment(order.order_date)
    newest = max((line.status_date or 0 for line in lines), default=0)
    amounts = [item.total for item in items]
    known = [amount for amount in amounts if amount is not None]
    total = sum(known, Decimal(0)) if len(known) == len(amounts) else None
    kind = (node.type if node else None) or asking.SHIP_NODE_TYPES[lane]
    return OrderRecord(
        external_id=order.purchase_order_id,
        market=answers.MARKET,
        status=_status(list(chain.from_iterable(item.statuses for item in items))),
        channel=CHANNELS.get(kind, CHANNELS[asking.SHIP_NODE_TYPES[lane]]),
        placed_at=placed,
        as_of=answers.moment(newest) if newest else placed,
        ship_by=answers.moment(ship_by) if ship_by else None,
        currency=answers.CURRENCY if total is not None else None,
        total=total,
        items=tuple(item.record for item in items),
    )


@dataclasses.dataclass(slots=True)
class _Line:
    """A line of an order, and what the order as a whole needs of it."""

    record: OrderItemRecord
    statuses: list[str]
    total: Decimal | None

    @classmethod
    def of(cls, line: OrderLine) -> "_Line":
        """Raises Unfit if a value in it can't be."""
        quantity = answers.pieces_said(line.order_line_quantity.amount)
        statuses: list[str] = []
        shipped = cancelled = 0
        for told in line.order_line_statuses.order_line_status:
            count = answers.pieces_said(told.status_quantity.amount)
            statuses.append(told.status)
            if told.status in _SENT:
                shipped += count
            elif told.status == "Cancelled":
                cancelled += count
        total = _product_charges(line)
        record = OrderItemRecord(
            external_id=line.line_number,
            sku=answers.sku_of(line.item.sku),
            title=line.item.product_name,
            status=_status(statuses) if statuses else None,
            quantity=quantity,
            quantity_shipped=shipped,
            quantity_cancelled=cancelled,
            unit_price=_unit_price(total, quantity),
            currency=answers.CURRENCY if total is not None else None,
        )
        return cls(record, statuses, total)


def _product_charges(line: OrderLine) -> Decimal | None:
    """What the line's goods cost, without tax and shipping; None if not told.

    Walmart's specification gives charges to the line, so an amount is taken as the
    whole line's, not a piece's; a discount is a further PRODUCT charge below 0.
    """
    total: Decimal | None = None
    for charge in line.charges.charge if line.charges else ():
        amount = charge.charge_amount
        if charge.charge_type == "PRODUCT" and amount is not None:
            total = (total or 0) + answers.money(amount.amount, amount.currency)
    return total


def _unit_price(total: Decimal | None, quantity: int) -> Decimal | None:
    if total is None or quantity <= 1:
        return total
    return (total / quantity).quantize(answers.CENT_PARTS)


def _status(told: list[str]) -> str:
    """One word for all pieces, in Walmart's spelling; it has none for whole orders.

    Cancelled pieces count only if all are. Where some have left and others haven't it
    is "PartiallyShipped", else the least advanced. A word we don't know wins, so that
    it is seen.
    """
    kept = [status for status in told if status != "Cancelled"]
    if not kept:
        return "Cancelled" if told else "Unknown"
    first = kept[0]
    if kept.count(first) == len(kept):
        return first
    for status in kept:
        if status not in _PROGRESS:
            return status
    sent = sum(status in _SENT for status in kept)
    if 0 < sent < len(kept):
        return "PartiallyShipped"
    return min(kept, key=_PROGRESS.index)
