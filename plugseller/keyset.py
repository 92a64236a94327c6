"""Walks a long table page by page without OFFSET and without counting.

A cursor names the row a page ends at, by the value the rows are sorted by and the id.
The condition has the form `value <= v AND (value < v OR id < i)`, which every engine
answers from the index; `value < v OR (value = v AND id < i)` makes SQLite and
PostgreSQL read the whole range.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q

Row = TypeVar("Row", bound=models.Model)

_LARGEST_ID = 2**63 - 1
_LONGEST_TEXT = 255


class BadCursor(ValueError):
    """A cursor that wasn't made for this order of rows."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """A way to sort that an index serves; `field` and then the id, same direction."""

    key: str  # how it is called in an address
    label: str
    field: str  # never null within the rows it is used on
    type: type[datetime] | type[str] | type[int]
    descending: bool = False
    note: str = ""  # what the reader should know, such as which rows it leaves out


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: after (value, id) in the order, or before it."""

    back: bool
    value: Any
    id: int


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows and the cursors of its neighbours; empty where there is none."""

    rows: list[Row]
    before: str
    after: str


def cut(
    rows: models.QuerySet[Row], ordering: Ordering, cursor: Cursor | None, *, size: int
) -> Slice[Row]:
    """The page of `size` rows that begins, or going back ends, at the cursor."""
    back = bool(cursor and cursor.back)
    downward = ordering.descending is not back
    if cursor:
        rows = rows.filter(_beyond(ordering.field, cursor, downward=downward))
    sign = "-" if downward else ""
    found = list(rows.order_by(f"{sign}{ordering.field}", f"{sign}id")[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    before = found and (more if back else cursor is not None)
    after = found and (more or back)
    return Slice(
        rows=found,
        before=_cursor_at(found[0], ordering, back=True) if before else "",
        after=_cursor_at(found[-1], ordering, back=False) if after else "",
    )


def after(row: models.Model, ordering: Ordering) -> Cursor:
    """The place right after a row."""
    return Cursor(back=False, value=getattr(row, ordering.field), id=row.pk)


def _beyond(field: str, cursor: Cursor, *, downward: bool) -> Q:
    side = "lt" if downward else "gt"
    return Q(**{f"{field}__{side}e": cursor.value}) & (
        Q(**{f"{field}__{side}": cursor.value}) | Q(**{f"id__{side}": cursor.id})
    )


def _cursor_at(row: models.Model, ordering: Ordering, *, back: bool) -> str:
    value = getattr(row, ordering.field)
    told = value.isoformat() if isinstance(value, datetime) else value
    # Other keys than numbers are walked too, by files, which show no cursor.
    text = json.dumps([ordering.key, back, told, row.pk], default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cursor_from(text: str, ordering: Ordering) -> Cursor | None:
    """The cursor an address carries, None for the first page.

    It only says where in the reader's own rows to begin, so it needs no signature, but
    each part is checked. Raises BadCursor.
    """
    if not text:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        key, back, told, row_id = parts
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadCursor(text[:20]) from None
    if key != ordering.key or type(back) is not bool or type(row_id) is not int:
        raise BadCursor(ordering.key)
    if not 0 <= row_id <= _LARGEST_ID:
        raise BadCursor(ordering.key)
    return Cursor(back=back, value=_value(told, ordering), id=row_id)


def _value(told: Any, ordering: Ordering) -> datetime | str | int:
    wanted = ordering.type
    if wanted is int and type(told) is int and abs(told) <= _LARGEST_ID:
        return told
    if wanted is str and type(told) is str and len(told) <= _LONGEST_TEXT:
        return _storable(told)
    if wanted is datetime and type(told) is str:
        return _instant(told)
    raise BadCursor(ordering.key)


def _storable(text: str) -> str:
    """The text, if a database can be asked for it at all."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadCursor("text") from None
    if "\x00" in text:
        raise BadCursor("text")
    return text


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadCursor("time") from None
    if instant.tzinfo is None or not 1900 < instant.year < 9000:
        raise BadCursor("time")
    return instant
