"""Operation and checkpoint -> the next request.

Everything sent is derived from what a pass holds fixed (its checkpoint), so that a page
asked for again after a crash is the same page.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from marketplaces.adapters.walmart.access import SERVICE
from marketplaces.contract import Ask, Checkpoint, Request
from marketplaces.datamap import Operation

SHIP_NODE_TYPES = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")
"""The lanes of orders: unasked, Walmart shows the first kind only."""

HISTORY = timedelta(days=179)  # Walmart knows orders of 180 days
OVERLAP = timedelta(minutes=10)  # changes may show up late in Walmart's list
FURTHEST_OFFSET = 10_000  # of /v3/items; beyond, only the cursor leads on
NARROWEST = timedelta(minutes=1)  # a window that isn't halved any more


@dataclass(frozen=True, slots=True)
class Window:
    """A span of order dates, asked for by itself; open at the end if `end` is None.

    A query shows 10,000 orders at most, so a busy seller's history is walked in
    several. `Checkpoint.after` holds it, empty for the whole history; once its first
    page is read, with the number of orders that Walmart announced for it.
    """

    begin: datetime
    end: datetime | None
    announced: int = 0

    def __str__(self) -> str:
        end = instant(self.end) if self.end else ""
        return f"{instant(self.begin)}/{end}/{self.announced}"

    def half(self, *, now: datetime) -> "Window | None":
        """The first half, or None if it is as narrow as windows get."""
        width = ((self.end or now) - self.begin) / 2
        if width < NARROWEST:
            return None
        return Window(self.begin, self.begin + width)

    def following(self, *, now: datetime) -> "Window | None":
        """The next one, as wide; open again when it reaches `now`. None after that."""
        if self.end is None:
            return None
        end = self.end + (self.end - self.begin)
        return Window(self.end, end if end < now else None)


def lanes(operation: Operation, ask: Ask) -> int:
    """Three for orders, one for all else."""
    return len(SHIP_NODE_TYPES) if operation.key == "walmart.getAllOrders" else 1


def request(operation: Operation, checkpoint: Checkpoint, ask: Ask) -> Request | None:
    """The next call; None once all lanes are walked."""
    if checkpoint.lane >= lanes(operation, ask):
        return None
    verbatim = operation.cursor_verbatim and bool(checkpoint.cursor)
    if verbatim:
        query = checkpoint.cursor.removeprefix("?")
    else:
        asked = (*operation.parameters, *_ASKING[operation.key](checkpoint, ask))
        query = urlencode(asked, safe=":*")
    return Request(
        operation=operation,
        endpoint="api",
        method=operation.method,
        path=operation.path,
        query=query,
        headers=(
            ("WM_SEC.ACCESS_TOKEN", ask.access.token.reveal()),
            ("WM_SVC.NAME", SERVICE),
            ("WM_QOS.CORRELATION_ID", ask.correlation_id),
            ("Accept", "application/json"),  # otherwise some answer in XML
        ),
        cursor=checkpoint.cursor if verbatim else "",
    )


def started(checkpoint: Checkpoint, ask: Ask) -> datetime:
    """When the pass began, to the second."""
    return (checkpoint.started or ask.now).replace(microsecond=0)


def oldest(checkpoint: Checkpoint, ask: Ask) -> datetime:
    """Before that no order is asked for: Walmart knows none, or we keep none."""
    return started(checkpoint, ask) - min(HISTORY, ask.reach or HISTORY)


def window(checkpoint: Checkpoint, ask: Ask) -> Window:
    """The span of order dates that the pass is walking."""
    if not checkpoint.after:
        return Window(oldest(checkpoint, ask), None)
    begin, end, announced = checkpoint.after.split("/")
    return Window(
        datetime.fromisoformat(begin),
        datetime.fromisoformat(end) if end else None,
        int(announced),
    )


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, rounded down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _token_detail(checkpoint: Checkpoint, ask: Ask) -> list[tuple[str, str]]:
    return []


def _items(checkpoint: Checkpoint, ask: Ask) -> list[tuple[str, str]]:
    """`*` asks for a cursor, which then stays the same while the offset grows."""
    asked = [("limit", "200"), ("nextCursor", checkpoint.cursor or "*")]
    if 0 < checkpoint.seen <= FURTHEST_OFFSET:
        asked.append(("offset", str(checkpoint.seen)))
    return asked


def _inventories(checkpoint: Checkpoint, ask: Ask) -> list[tuple[str, str]]:
    asked = [("limit", "50")]
    if checkpoint.cursor:
        asked.append(("nextCursor", checkpoint.cursor))
    return asked


def _wfs_inventory(checkpoint: Checkpoint, ask: Ask) -> list[tuple[str, str]]:
    return [("limit", "300"), ("offset", str(checkpoint.seen))]


def _orders(checkpoint: Checkpoint, ask: Ask) -> list[tuple[str, str]]:
    """`createdStartDate` goes with every call: left out, it is seven days ago, and
    changes of older orders would silently be missing."""
    span = window(checkpoint, ask)
    asked = [
        ("limit", "200"),
        ("shipNodeType", SHIP_NODE_TYPES[checkpoint.lane]),
        ("createdStartDate", instant(span.begin)),
    ]
    if span.end:
        asked.append(("createdEndDate", instant(span.end)))
    if not checkpoint.full and checkpoint.since:
        since = max(checkpoint.since - OVERLAP, oldest(checkpoint, ask))
        asked.append(("lastModifiedStartDate", instant(since)))
    return asked


_ASKING = {
    "walmart.getTokenDetail": _token_detail,
    "walmart.getAllItems": _items,
    "walmart.getInventories": _inventories,
    "walmart.getWfsInventory": _wfs_inventory,
    "walmart.getAllOrders": _orders,
}
