"""Rows as CSV: streamed, readable by spreadsheets, safe to open.

Cells that a spreadsheet could take for a formula are disarmed as OWASP advises ("CSV
Injection"): an apostrophe in front, every cell in quotes. Numbers of ours stay numbers.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import StringIO
from itertools import islice
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db import models

from plugseller.keyset import Ordering, after, cut

BATCH = 1_000
MOST_ROWS = 200_000
_AT_ONCE = 100  # lines handed on together: each time costs the server a write
_BOM = "\ufeff"  # spreadsheets take a file without it for their country's old charset
_TRIGGERS = frozenset("=+-@\t\r\n＝＋－＠")
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"

Row = TypeVar("Row", bound=models.Model)
Cell = str | int | Decimal | datetime | None
Told = TypeVar("Told")


@dataclass(frozen=True)  # with slots, Python 3.11 can't make a Column[Row]
class Column(Generic[Told]):
    """A column of a list, on the page and in the file."""

    head: str
    cell: Callable[[Told], Cell]
    timed: bool = False  # the head names the zone its times are told in


def disarmed(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula; NUL bytes left out."""
    if text[:1].isalnum() and "\x00" not in text:  # nearly every cell
        return text
    text = text.replace("\x00", "")
    seen = text.lstrip(_INVISIBLE + " \u00a0")
    if text[:1] in _TRIGGERS or seen[:1] in _TRIGGERS:
        return f"'{text}"
    return text


def csv_lines(
    columns: tuple[Column[Told], ...], rows: Iterable[Told], zone: ZoneInfo
) -> Iterator[bytes]:
    """The file in UTF-8, some lines at a time, with times told in the zone."""
    text, rows = StringIO(_BOM, newline=""), iter(rows)
    text.seek(len(_BOM))
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([f"{c.head} ({zone.key})" if c.timed else c.head for c in columns])
    cells = [column.cell for column in columns]
    while text.tell():
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
        for row in islice(rows, _AT_ONCE):
            writer.writerow([_spoken(cell(row), zone) for cell in cells])


def in_batches(
    rows: "models.QuerySet[Row]", ordering: Ordering, *, may_go_on: Callable[[], None]
) -> Iterator[list[Row]]:
    """All rows in their order, a batch at a time, each by its own short query.

    `may_go_on` is called before each batch and raises when the reader lost the right.
    """
    cursor = None
    while True:
        may_go_on()
        batch = cut(rows, ordering, cursor, size=BATCH).rows
        if batch:
            yield batch
        if len(batch) < BATCH:
            return
        cursor = after(batch[-1], ordering)


def _spoken(value: Cell, zone: ZoneInfo) -> Any:
    if isinstance(value, str):
        return disarmed(value)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(" ", "seconds")[:19]
    return value
