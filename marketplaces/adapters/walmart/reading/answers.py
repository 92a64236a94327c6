"""From bytes to rows, and what all readers of answers share."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from marketplaces.contract import (
    Ask,
    Checkpoint,
    Page,
    Response,
    Skipped,
    Unreadable,
)
from marketplaces.datamap import Operation
from marketplaces.records import Record

CURRENCY = "USD"  # the only one of Walmart's US market
MARKET = "US"
MOST_PIECES = 2_147_483_647  # 32 bits; no warehouse holds more
MOST_MONEY = Decimal(10**10)  # exclusive
CENT_PARTS = Decimal("0.0001")

_LATEST = 4_102_444_800_000  # 2100, in milliseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = timedelta(minutes=1)  # Walmart's servers may tell slightly different times
_NOT_READ = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

WRONG_TYPE = (
    "A field of this row is missing or has another type than Walmart documents."
)
TWICE = "Walmart listed this row twice on one page."
LEFT_OUT = "Walmart left this out of its answer and said so with an error."
ABSURD = "A number of pieces is negative or absurdly high."
OTHER_LANE = "Walmart's page was of another kind of ship node than was asked for."
ENDED_EARLY = "Walmart's list ended before all that it had announced."


class Unfit(Exception):
    """A row that can't be kept; the text is the reason, without a value of the row."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """How an answer is read: whole, or, if a row is of the wrong type, row by row."""

    whole: Callable[[bytes], Any]
    loose: Callable[[bytes], Any]  # rows stay bytes
    row: Callable[[msgspec.Raw], Any]
    key: Callable[[msgspec.Raw], Any]  # a row of which only the key is read
    wrapped: Callable[[msgspec.Raw], Any] | None = None  # another form of a row


def shape(envelope: Any, row: Any, key: Any, wrapped: Any | None = None) -> Shape:
    """Decoders for `envelope[row]`; `key` is a structure with the one member `key`."""
    return Shape(
        whole=msgspec.json.Decoder(envelope[row]).decode,
        loose=msgspec.json.Decoder(envelope[msgspec.Raw]).decode,
        row=msgspec.json.Decoder(row).decode,
        key=msgspec.json.Decoder(key).decode,
        wrapped=msgspec.json.Decoder(wrapped).decode if wrapped else None,
    )


def decode(
    operation: Operation, response: Response, shape: Shape, rows: Callable[[Any], Any]
) -> tuple[Any, list[Any], list[Skipped]]:
    """The envelope, its good rows, and the rows that can't be read.

    `rows` finds the rows in the envelope. Raises Unreadable for an answer that isn't
    JSON or lacks the envelope that Walmart documents.
    """
    try:
        answer = shape.whole(response.body)
    except _NOT_READ:
        pass
    else:
        return answer, rows(answer), []
    try:
        answer = shape.loose(response.body)
    except _NOT_READ as error:
        raise Unreadable(f"{operation.key}: {_place(error)}") from None
    good: list[Any] = []
    skipped: list[Skipped] = []
    for raw in rows(answer):
        row = _row(raw, shape)
        if row is None:
            skipped.append(Skipped(WRONG_TYPE, _key(raw, shape)))
        else:
            good.append(row)
    return answer, good, skipped


def _row(raw: msgspec.Raw, shape: Shape) -> Any | None:
    try:
        return shape.row(raw)
    except _NOT_READ:
        pass
    if shape.wrapped is None:
        return None
    try:
        return shape.wrapped(raw).order
    except _NOT_READ:
        return None


def _key(raw: msgspec.Raw, shape: Shape) -> str:
    try:
        return str(shape.key(raw).key)[:100]
    except _NOT_READ:
        return ""


def _place(error: Exception) -> str:
    """Where it doesn't fit, without the value that the library may quote."""
    if isinstance(error, msgspec.ValidationError):
        found = re.search(r"`(\$[\w.\[\]]*)`$", str(error))
        return f"another form than documented at {found[1] if found else '$'}."
    return "not JSON, or cut off."


def pieces(amount: int | None) -> int | None:
    """A count of pieces; Unfit if it is negative or absurd."""
    if amount is not None and not 0 <= amount <= MOST_PIECES:
        raise Unfit(ABSURD)
    return amount


def pieces_said(amount: str | int) -> int:
    """The same from the strings of orders: "1", "2.0"."""
    text = amount if isinstance(amount, str) else str(amount)
    if not text.isdecimal() or not text.isascii():
        whole, _, fraction = text.partition(".")
        if not (whole.isdecimal() and whole.isascii() and set(fraction) == {"0"}):
            raise Unfit("A number of pieces isn't a whole number.")
        text = whole
    if len(text) > 10 or (count := int(text)) > MOST_PIECES:
        raise Unfit(ABSURD)
    return count


def money(amount: Decimal, currency: str) -> Decimal:
    """An amount; Unfit if it isn't plain money in the market's currency."""
    if currency != CURRENCY:
        raise Unfit("An amount isn't in US dollars.")
    if not amount.is_finite() or abs(amount) >= MOST_MONEY:
        raise Unfit("An amount of money is absurd.")
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 (for the types: it is finite)
    return amount if -4 <= exponent <= 0 else amount.quantize(CENT_PARTS)


def moment(milliseconds: int) -> datetime:
    """An instant from milliseconds since 1970; Unfit outside of 1970 to 2100."""
    if not 0 < milliseconds < _LATEST:
        raise Unfit("A time lies outside of this century.")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def sku_of(text: str) -> str:
    """The SKU; Unfit if there is none."""
    if not text or "\0" in text:
        raise Unfit("The row names no usable SKU.")
    return text


def sent_at(response: Response) -> datetime | None:
    """The answer's own time, from its Date header."""
    try:
        sent = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return sent.astimezone(UTC) if sent.tzinfo else None


def mark(response: Response) -> datetime | None:
    """What a pass that got this as its first answer has surely seen."""
    sent = sent_at(response)
    return sent - _MARGIN if sent else None


def offset_page(
    operation: Operation,
    at: Checkpoint,
    records: Sequence[Record],
    skipped: Sequence[Skipped],
    *,
    count: int,
    total: int | None,
) -> Page:
    """A page of a list that is walked by offset, with where to go on.

    `count` rows came of `total` announced ones. The list is at its end when all were
    seen, when a page is empty, or, if no total is told, when it isn't full. A page that
    is short before the end may hide rows that a later offset steps over, so nothing
    unseen in this pass counts as gone.
    """
    seen = at.seen + count
    full_page = count >= operation.page_size
    more = count > 0 and (full_page if total is None else seen < total)
    early = total is not None and seen < total and not full_page
    at = replace(at, seen=seen)
    if early and at.full:
        at, skipped = ended_early(at), [*skipped, Skipped(ENDED_EARLY)]
    return Page(
        tuple(records), at, not more, lane_done=not more, skipped=tuple(skipped)
    )


def nothing(at: Checkpoint) -> Page:
    """An empty list."""
    return Page((), at, finished=True, lane_done=True)


def broken_off(at: Checkpoint, page: Page | None = None) -> Page:
    """The end of a list that didn't show all it had announced, after `page`."""
    told, end = page.skipped if page else (), Skipped(ENDED_EARLY)
    return dataclasses.replace(
        page or nothing(at),
        checkpoint=ended_early(at),
        finished=True,
        lane_done=True,
        skipped=told if end in told else (*told, end),
    )


def ended_early(at: Checkpoint) -> Checkpoint:
    """For a pass that can't see everything: nothing unseen counts as gone then."""
    return replace(at, full=False)


def begun(checkpoint: Checkpoint, ask: Ask) -> Checkpoint:
    """The checkpoint with the pass's beginning written down."""
    if checkpoint.started:
        return checkpoint
    return replace(checkpoint, started=ask.now)
