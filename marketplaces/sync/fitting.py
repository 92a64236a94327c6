"""Which records fit their columns.

A marketplace says things no column can hold: negative pieces, a currency nobody knows,
endless names. Such a row is skipped with its reason before anything is written, so
that nothing is written by halves and the rest of its page is kept.

Columns are looked at as a whole, because that is quick; only if one doesn't fit are
its values looked at one by one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from django.db import models

from marketplaces.currencies import CURRENCIES
from marketplaces.sync.tables import Table

Values = Sequence[Any]
Check = Callable[[Values], bool]  # whether all values fit

_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Fit:
    """What a column holds, and how to say that a value doesn't."""

    fits: Check
    reason: str  # "Its title is longer than 1,000 characters."


def misfits(table: Table, columns: Sequence[Values]) -> dict[int, str]:
    """Row number -> why it can't be kept; empty for an honest page.

    `columns` holds the values of `table.told`, column by column.
    """
    found: dict[int, str] = {}
    for fit, values in zip(_fits(table.model, table.told), columns, strict=True):
        if fit is None or _all_fit(fit, values):
            continue
        for number, value in enumerate(values):
            if not _all_fit(fit, (value,)):
                found.setdefault(number, fit.reason)
    return found


def _all_fit(fit: Fit, values: Values) -> bool:
    try:
        return fit.fits(values)
    except (TypeError, ValueError, InvalidOperation):  # another type, not a number
        return False


@cache
def _fits(model: type[models.Model], names: tuple[str, ...]) -> tuple[Fit | None, ...]:
    return tuple(_fit(model._meta.get_field(name)) for name in names)  # type: ignore[arg-type]


def _fit(column: "models.Field[Any, Any]") -> Fit | None:
    name = str(column.verbose_name)
    null = column.null
    match column:
        case models.CharField() if column.name == "currency":
            return Fit(_currencies(null), "Its currency isn't one that ISO 4217 knows.")
        case models.CharField():
            most = column.max_length or 0
            return Fit(
                _texts(most, null),
                f"Its {name} is missing, longer than {most:,} characters, or no text.",
            )
        case models.IntegerField():
            return Fit(
                _counts(null), f"Its {name} is missing, negative or absurdly high."
            )
        case models.DecimalField():
            most_digits = (column.max_digits or 0) - (column.decimal_places or 0)
            return Fit(
                _amounts(Decimal(10) ** most_digits, null),
                f"Its {name} is missing or no amount that can be kept.",
            )
        case models.DateTimeField():
            return Fit(_present(null), f"Its {name} is missing.")
    return None


def _told(values: Values, null: bool) -> Values:
    """The values that aren't None; TypeError if None isn't allowed and comes."""
    if None not in values:
        return values
    if not null:
        raise TypeError
    return [value for value in values if value is not None]


def _texts(most: int, null: bool) -> Check:
    def fits(values: Values) -> bool:
        told = _told(values, null)
        if max(map(len, told), default=0) > most:
            return False
        whole = "".join(told)
        if whole.isascii():
            return "\0" not in whole
        whole.encode()  # half of a surrogate pair: UnicodeEncodeError, a ValueError
        return "\0" not in whole

    return fits


def _currencies(null: bool) -> Check:
    return lambda values: CURRENCIES.issuperset(_told(values, null))


def _counts(null: bool) -> Check:
    def fits(values: Values) -> bool:
        told = _told(values, null)
        return min(told, default=0) >= 0 and max(told, default=0) <= _INT32

    return fits


def _amounts(limit: Decimal, null: bool) -> Check:
    def fits(values: Values) -> bool:
        told = _told(values, null)
        zero = Decimal()
        return -limit < min(told, default=zero) and max(told, default=zero) < limit

    return fits


def _present(null: bool) -> Check:
    return lambda values: null or None not in values
