"""Counts personal data that arrived and was left unread (USE-4).

A count says which path came how often, never what was in it. The plan of a structure
(which members to look at, which parts to go into) is worked out once, because this
runs for every order.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from marketplaces.datamap import ABSENT, UNWANTED

Counts = defaultdict[str, int]
_NULL = msgspec.Raw(b"null")


def count(rows: Iterable[msgspec.Struct], path: str) -> dict[str, int]:
    """How often each unwanted path came with a value, `null` being none.

    `path` is where the rows stand in the answer: "list.elements.order[]".
    """
    counts: Counts = defaultdict(int)
    counter: Callable[[Any, Counts], None] | None = None
    for row in rows:
        if counter is None:
            counter = _counter(type(row), path)
        counter(row, counts)
    return dict(counts)


@cache
def _counter(
    structure: type[msgspec.Struct], path: str
) -> Callable[[Any, Counts], None]:
    wanted, singles, lists = _parts(structure, path)
    paths = tuple(wanted.values())
    members = _getter(tuple(wanted))

    def look(part: Any, counts: Counts) -> None:
        for where, raw in zip(paths, members(part), strict=True):
            if raw is not ABSENT and raw != _NULL:
                counts[where] += 1
        for name, inner in singles:
            value = getattr(part, name)
            if value is not None:
                inner(value, counts)
        for name, inner in lists:
            for value in getattr(part, name) or ():
                inner(value, counts)

    return look


def _parts(
    structure: type[msgspec.Struct], path: str
) -> tuple[dict[str, str], list[tuple[str, Any]], list[tuple[str, Any]]]:
    """Attribute -> path of unwanted members; parts that hold some, single or listed."""
    info = msgspec.inspect.type_info(structure)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 (for the types)
    wanted: dict[str, str] = {}
    singles: list[tuple[str, Any]] = []
    lists: list[tuple[str, Any]] = []
    for field in info.fields:
        here = f"{path}.{field.encode_name}"
        kind: Any = field.type
        if isinstance(kind, msgspec.inspect.Metadata):
            if (kind.extra or {}).get(UNWANTED):
                wanted[field.name] = here
            continue
        if isinstance(kind, msgspec.inspect.UnionType):
            kind = kind.types[0]
        listed = isinstance(kind, msgspec.inspect.ListType)
        if listed:
            kind, here = kind.item_type, f"{here}[]"
        if isinstance(kind, msgspec.inspect.StructType) and _holds_some(kind.cls, here):
            (lists if listed else singles).append(
                (field.name, _counter(kind.cls, here))
            )
    return wanted, singles, lists


def _holds_some(structure: type[msgspec.Struct], path: str) -> bool:
    return any(_parts(structure, path))


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """The members as a tuple, also where there is one or none."""
    if not names:
        return lambda part: ()
    if len(names) == 1:
        name = names[0]
        return lambda part: (getattr(part, name),)
    return attrgetter(*names)
