"""The data dictionary of a package: each file and column in a sentence (SCOPE-1)."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from plugseller.accounts.portability import PORTABLES, From, Portable, Says
from plugseller.custody.rules import RULES
from plugseller.exports import Column
from plugseller.shelves import HOLDINGS

_TYPES = {
    "DateTimeField": "time",
    "DateField": "date",
    "DecimalField": "decimal number",
    "FloatField": "number",
    "BooleanField": "yes or no",
    "JSONField": "JSON",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One column of one file."""

    file: str
    column: str
    meaning: str
    type: str
    unit: str
    source: str
    operations: str  # by which calls the file's rows came, where that is known
    data_class: str
    kept: str  # how long we keep it


COLUMNS = tuple(
    Column[Explained](name.replace("_", " "), attrgetter(name))
    for name in Explained.__slots__
)


def explained(operations: Mapping[str, frozenset[str]]) -> Iterator[Explained]:
    """Every column, in the files' order; `operations` by file, as found in its rows."""
    for table in PORTABLES.values():
        came_by = ", ".join(sorted(operations.get(table.file, ())))
        for column in table.columns:
            theirs = column.source == From.MARKETPLACE
            yield _explained(table, column, came_by if theirs else "")


def as_json(operations: Mapping[str, frozenset[str]]) -> list[dict[str, object]]:
    """The same for programs: a list of files with what they leave out."""
    columns: dict[str, list[dict[str, str]]] = {}
    for told in explained(operations):
        columns.setdefault(told.file, []).append(asdict(told))
    return [
        {
            "file": table.file,
            "about": table.about,
            "columns": columns[table.file],
            "left_out": dict(table.left_out),
        }
        for table in PORTABLES.values()
    ]


def _explained(table: Portable, column: Says, came_by: str) -> Explained:
    holding = HOLDINGS[table.model._meta.label]
    rule = RULES[holding.rule]
    kept = f"{rule.keep.days} days" if rule.keep else rule.label
    return Explained(
        file=table.file,
        column=column.name,
        meaning=column.meaning,
        type=_type_of(table.model, column),
        unit=column.unit,
        source=str(column.source),
        operations=came_by,
        data_class=str(holding.data_class),
        kept=kept,
    )


def _type_of(model: type[models.Model], column: Says) -> str:
    try:
        field = model._meta.get_field(column.path or column.name.removesuffix("_id"))
    except FieldDoesNotExist:
        return "text"
    kind = field.get_internal_type() if isinstance(field, models.Field) else ""
    return _TYPES.get(kind, "whole number" if "Integer" in kind else "text")
