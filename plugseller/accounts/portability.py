"""What a seller gets when it takes its data along: files, columns, meanings (RET-2).

Each app says in its `portable.py` which of its tables belong into the package and what
each column means; that text is the package's data dictionary. A column nobody wrote a
sentence about fails a test, so that no data is held back by forgetting.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from django.db import models

from plugseller import exports
from plugseller.accounts.tenancy import Standing
from plugseller.keyset import Ordering


class From(StrEnum):
    """Where a value comes from."""

    MARKETPLACE = "the marketplace"
    SELLER = "you or your team"
    OURS = "Plug Seller"


@dataclass(frozen=True, slots=True)
class Says:
    """One column of a file: what it means, who said it, in what unit."""

    name: str
    meaning: str
    source: From
    unit: str = ""
    path: str = ""  # where it is read on the row, "user.email"; else by its name

    def read(self, row: Any) -> Any:
        """The value on a row of the table."""
        for step in (self.path or self.name).split("."):
            row = getattr(row, step, None)
        return row


MayGoOn = Callable[[], None]  # called before each batch; raises to stop
Batches = Callable[[Standing, MayGoOn], Iterator[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Portable:
    """A table of which a seller gets everything that isn't secret."""

    model: type[models.Model]
    file: str  # "orders": the files' name without an ending
    about: str  # a sentence
    columns: tuple[Says, ...]
    batches: Batches
    left_out: Mapping[str, str] = field(default_factory=dict)  # column -> why


_portables: dict[str, Portable] = {}
PORTABLES: Mapping[str, Portable] = MappingProxyType(_portables)  # label -> Portable
_apart: dict[str, str] = {}
NOT_PORTABLE: Mapping[str, str] = MappingProxyType(_apart)  # label -> why not


def portable(
    model: type[models.Model],
    file: str,
    about: str,
    *columns: Says,
    batches: Batches,
    left_out: Mapping[str, str] | None = None,
) -> Portable:
    """Put a table into the package; ValueError if it or the file's name is taken."""
    entry = Portable(model, file, about, columns, batches, left_out or {})
    taken = {one.file for one in _portables.values()}
    if model._meta.label in _portables or file in taken:
        raise ValueError(f"{model._meta.label} or {file} is in the package already.")
    _portables[model._meta.label] = entry
    return entry


def not_portable(model: type[models.Model], why: str) -> None:
    """A table that knows sellers and yet doesn't belong into the package."""
    _apart[model._meta.label] = why


def by(
    column: str,
    kind: type[Any],
    rows: Callable[[Standing], "models.QuerySet[Any]"],
) -> Batches:
    """All rows of a seller, in the order of a column that an index serves."""
    ordering = Ordering(column, column, column, kind)

    def batches(standing: Standing, may_go_on: MayGoOn) -> Iterator[list[Any]]:
        return exports.in_batches(rows(standing), ordering, may_go_on=may_go_on)

    return batches
