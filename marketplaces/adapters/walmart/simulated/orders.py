"""`/v3/orders`, as Walmart's specification describes it, buyers and all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from marketplaces.adapters.walmart.simulated.answers import (
    Refused,
    error_list,
    instant,
    json_answer,
    number,
)
from marketplaces.adapters.walmart.simulated.ordertext import order
from marketplaces.simulator.words import Answer, Call

DEPTH = timedelta(days=180)
USUAL_START = timedelta(days=7)  # of createdStartDate, also beside other dates
MOST = 10_000  # orders that a query shows
_CHANNELS = {
    "SellerFulfilled": "seller",
    "WFSFulfilled": "marketplace",
    "3PLFulfilled": "third-party",
}
_TOKEN_FIRST = "hasMoreElements"  # noqa: S105 (a parameter's name)


class Orders:
    """Pages of orders, oldest first."""

    def __init__(self, *, overshare: bool) -> None:
        self._overshare = overshare

    def page(self, call: Call) -> Answer:
        """A page. The page token is a whole query and must come back as it went."""
        size = number(call, "limit", least=1, most=200, default=100)
        offset = number(call, "poIndex", least=0, most=10**9, default=0)
        kind = call.value("shipNodeType", "SellerFulfilled")
        if kind not in _CHANNELS:
            raise Refused(_bad())
        dates = _dates(call)
        found = _found(call, _CHANNELS[kind], *dates)
        total = number(call, "soIndex", least=0, most=10**9, default=len(found))
        query = partial(_query, call, size=size, total=total, kind=kind, dates=dates)
        if call.value(_TOKEN_FIRST) and call.raw_query != query(offset):
            raise Refused(_bad())  # not the token that was given
        if offset >= MOST:
            raise Refused(_bad())
        rows = found[offset : offset + size]
        if not rows:
            raise Refused(_not_found())
        meta: dict[str, object] = {"totalCount": len(found), "limit": size}
        if offset + size < len(found):
            meta["nextCursor"] = "?" + query(offset + size)
        orders = [
            order(call.owner, index, kind, overshare=self._overshare) for index in rows
        ]
        return json_answer({"list": {"meta": meta, "elements": {"order": orders}}})


def _dates(call: Call) -> tuple[datetime, datetime, datetime | None, datetime]:
    """Begin and end of the orders' dates, and of their last changes."""
    now = call.now.replace(microsecond=0)
    begin = call.value("createdStartDate")
    end = call.value("createdEndDate")
    changed = call.value("lastModifiedStartDate")
    until = call.value("lastModifiedEndDate")
    first = instant(begin) if begin else now - USUAL_START
    return (
        max(first, now - DEPTH) if not call.value(_TOKEN_FIRST) else first,
        instant(end) if end else now,
        instant(changed) if changed else None,
        instant(until) if until else now,
    )


def _found(
    call: Call,
    channel: str,
    begin: datetime,
    end: datetime,
    changed: datetime | None,
    until: datetime,
) -> Sequence[int]:
    book, channels = call.owner.book, frozenset({channel})
    first, last = int(begin.timestamp()), int(end.timestamp())
    if changed is None:
        return book.select(by="created", after=first, before=last, channels=channels)
    found = book.select(
        by="updated",
        after=int(changed.timestamp()),
        before=int(until.timestamp()),
        channels=channels,
    )
    return [index for index in found if first <= book.created[index] <= last]


def _query(
    call: Call,
    offset: int,
    *,
    size: int,
    total: int,
    kind: str,
    dates: tuple[datetime, datetime, datetime | None, datetime],
) -> str:
    """The query that asks for the page at an offset.

    Colons stand bare and the plus sign coded, so that it is the same no more when
    somebody decodes it or codes it anew.
    """
    begin, end, changed, until = dates
    told = [
        ("limit", str(size)),
        (_TOKEN_FIRST, "true"),
        ("soIndex", str(total)),
        ("poIndex", str(offset)),
        ("partnerId", call.owner.account_id),
        ("sellerId", call.owner.account_id[-3:]),
        ("shipNodeType", kind),
        ("createdStartDate", begin.isoformat()),
        ("createdEndDate", end.isoformat()),
    ]
    if changed is not None:
        told.append(("lastModifiedStartDate", changed.isoformat()))
        told.append(("lastModifiedEndDate", until.isoformat()))
    return "&".join(f"{name}={quote(value, safe=':')}" for name, value in told)


def _bad() -> Answer:
    return error_list(
        400, "INVALID_REQUEST_CONTENT.GMP_ORDER_API", "Invalid request content."
    )


def _not_found() -> Answer:
    return error_list(404, "NOT_FOUND.GMP_ORDER_API", "Resource not found.")
