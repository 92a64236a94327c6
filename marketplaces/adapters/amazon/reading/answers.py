"""What reading any of Amazon's answers needs: decoding, skipping, stepping on.

The usual answer is decoded whole in one go. Only if that fails is it taken apart row
by row, so that a row that isn't what the model says is skipped with its reason while
its page is kept. A page that lacks what makes it a page is Unreadable: an empty answer
must never look like "no more orders".
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from marketplaces.adapters.amazon.asking import lanes
from marketplaces.adapters.amazon.failing import moment_of
from marketplaces.adapters.amazon.structures import Problem
from marketplaces.contract import Ask, Checkpoint, Page, Response, Skipped, Unreadable
from marketplaces.currencies import CURRENCIES
from marketplaces.datamap import Operation
from marketplaces.records import Record

SETTLED = timedelta(minutes=3)  # Amazon's data of the last two minutes may still move
MOST = Decimal(10**10)  # what a money column holds, in both directions
PLACES = 4

_number = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Answer = TypeVar("Answer")
Row = TypeVar("Row")


class Unkeepable(Exception):
    """A row, or a fact of it, that can't be kept; the text holds no value of it."""


@dataclass(slots=True)
class Reading:
    """One answer, and what has been read of it so far."""

    operation: Operation
    checkpoint: Checkpoint
    ask: Ask
    response: Response
    records: list[Record] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def market(self) -> str:
        """The store of this lane."""
        return self.ask.markets[self.checkpoint.lane]

    def skip(self, reason: str, key: str) -> None:
        self.skipped.append(Skipped(f"Can't be kept: {reason}.", key))

    def unreadable(self, reason: str) -> Unreadable:
        return Unreadable(f"{self.operation.key}: {reason}.")

    def page(
        self, checkpoint: Checkpoint, *, finished: bool, lane_done: bool = False
    ) -> Page:
        body = self.response.body
        if b"\\" in body and b"\\u0000" in body:  # the first look is the quick one
            self.records = list(self._storable())
        return Page(
            records=tuple(self.records),
            checkpoint=checkpoint,
            finished=finished,
            lane_done=lane_done,
            dropped=self.dropped,
            skipped=tuple(self.skipped),
        )

    def _storable(self) -> Iterator[Record]:
        """The records without those that hold NUL, which PostgreSQL can't store."""
        for record in self.records:
            if _holds_nul(record):
                self.skip("a text holds the character NUL", "")
            else:
                yield record


class Form(Generic[Answer, Row]):
    """How one operation's answer is decoded. The decoders are made once."""

    def __init__(
        self,
        *,
        whole: type[Answer],
        apart: type[Answer],
        row: type[Row],
        rows: Callable[[Answer], list[Any]],
        key: str,
    ) -> None:
        self._whole = msgspec.json.Decoder(whole)
        self._apart = msgspec.json.Decoder(apart)
        self._row = msgspec.json.Decoder(row)
        self._rows = rows
        key_only = msgspec.defstruct("Key", [("key", str)], rename={"key": key})
        self._key: msgspec.json.Decoder[Any] = msgspec.json.Decoder(key_only)

    def open(self, reading: Reading) -> tuple[Answer, list[Row]]:
        """The answer and its good rows; the others are skipped.

        Unreadable if it isn't JSON or lacks what makes it a page.
        """
        answer = None
        with suppress(ValueError, RecursionError):  # broken UTF-8 is a ValueError too
            answer = self._whole.decode(reading.response.body)
        if answer is None:
            return self._take_apart(reading)
        return answer, self._rows(answer)

    def _take_apart(self, reading: Reading) -> tuple[Answer, list[Row]]:
        try:
            answer = self._apart.decode(mended(reading.response.body))
        except (ValueError, RecursionError) as error:
            reason = _reason(error)
        else:
            good = (self._row_of(raw, reading) for raw in self._rows(answer))
            return answer, [row for row in good if row is not None]
        # Raised out here, so that what failed, which may hold the body, isn't chained.
        raise reading.unreadable(reason)

    def _row_of(self, raw: msgspec.Raw, reading: Reading) -> Row | None:
        try:
            return self._row.decode(raw)
        except (ValueError, RecursionError) as error:
            reading.skip(_reason(error), self._key_of(raw))
            return None

    def _key_of(self, raw: msgspec.Raw) -> str:
        try:
            key: str = self._key.decode(raw).key
        except (ValueError, RecursionError):
            return ""
        return key if len(key) <= 255 and key.isprintable() else ""


_escape = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a good pair
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\."
)


def mended(body: bytes) -> bytes:
    """The body with halves of surrogate pairs replaced by the replacement character.

    A text cut in the middle of an emoji ends in such a half. It is no Unicode, so the
    decoder refuses the whole answer for it; what was cut off can't be had back.
    """
    if b"\\u" not in body:
        return body
    return _escape.sub(lambda m: b"\\ufffd" if m["half"] else m[0], body)


def _reason(error: Exception) -> str:
    """What the decoder says: types, limits and places, never a value."""
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    if isinstance(error, UnicodeError):
        return "a text isn't UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "it isn't whole JSON"


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, tuple):
        return any(map(_holds_nul, value))
    if isinstance(value, msgspec.Struct):
        return _holds_nul(msgspec.structs.astuple(value))
    return False


def must_be_complete(reading: Reading, errors: list[Problem]) -> None:
    """An error beside the payload means that something is missing from it."""
    if errors:
        raise reading.unreadable("the answer reports an error beside its payload")


@lru_cache(maxsize=4096)
def money(text: str, currency: str) -> Decimal:
    """The amount, if it can be stored as it is and its currency exists.

    Remembered, because a shop has few prices and a million orders.
    """
    if not _number.fullmatch(text):
        raise Unkeepable("an amount that is no decimal number")
    return payable(Decimal(text), currency)


def payable(amount: Decimal, currency: str) -> Decimal:
    if currency not in CURRENCIES:
        raise Unkeepable("a currency that ISO 4217 doesn't know")
    if not amount.is_finite() or abs(amount) >= MOST:
        raise Unkeepable("an amount that is out of range")
    if -amount.as_tuple()[2] > PLACES:  # type: ignore[operator]  # finite: an int
        exact = round(amount, PLACES)
        if exact != amount:
            raise Unkeepable("an amount with more than four decimals")
        return exact
    return amount


def utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Unkeepable("a time before the year 1 or after 9999") from None


def settled(reading: Reading) -> datetime:
    """The mark a pass leaves: changes before it have been seen.

    By Amazon's clock (the answer's Date), never after the pass's own start, which
    closes what was asked for; and of the pass's first answer, so that what changes
    while it runs is seen by the next one.
    """
    if reading.checkpoint.until:
        return reading.checkpoint.until
    sent = moment_of(reading.response.headers.get("date", ""))
    started = reading.checkpoint.started or reading.ask.now
    return min(sent, started) - SETTLED if sent else started - SETTLED


def step(reading: Reading, *, token: str | None, rows: int, until: datetime) -> Page:
    """On to the next page, or to the next lane where there is none.

    Amazon sometimes repeats a page, and then the very token that was sent comes back:
    asking with it once more leads on. Whether it goes on forever, the caller sees.
    """
    if not token:
        return next_lane(reading, until=until)
    now = reading.checkpoint
    onward = msgspec.structs.replace(
        now, cursor=token, seen=now.seen + rows, until=until
    )
    return reading.page(onward, finished=False)


def next_lane(reading: Reading, *, until: datetime) -> Page:
    now = reading.checkpoint
    checkpoint = msgspec.structs.replace(
        now, lane=now.lane + 1, cursor="", seen=0, after="", until=until
    )
    finished = checkpoint.lane >= lanes(reading.operation, reading.ask)
    return reading.page(checkpoint, finished=finished, lane_done=True)


def next_keys(reading: Reading) -> Page:
    """On to the next batch of keys; the caller knows when a lane's keys are used up."""
    now = reading.checkpoint
    checkpoint = msgspec.structs.replace(
        now, seen=now.seen + len(reading.ask.keys), after=reading.ask.keys[-1]
    )
    return reading.page(checkpoint, finished=False)
