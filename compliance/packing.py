"""What an auditor takes along: each room puts its part of the evidence pack here.

A part holds what proves our promises in a period. No sealed value, no Marketplace
Information and nobody's personal data is in it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Period:
    """From the first instant up to, and without, the second; both in UTC."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the pack, written as CSV; rows that are many come one by one."""

    name: str  # "incidents.csv", with its folder if it has one
    says: str  # what stands in it, a sentence
    columns: tuple[str, ...]
    rows: Iterable[tuple[object, ...]]  # instants are written in UTC


@dataclass(frozen=True, slots=True)
class Document:
    """A file of the pack that isn't a table; a long one comes piece by piece."""

    name: str  # "policies/data-protection-3.md"
    says: str
    content: bytes | Iterable[bytes]


Part = Callable[[Period, datetime], Iterable[Table | Document]]

_parts: dict[str, Part] = {}
PARTS: Mapping[str, Part] = MappingProxyType(_parts)  # room -> what it gives


def packed(room: str, part: Part) -> None:
    """Say what a room gives an auditor; ValueError if the room did already."""
    if _parts.setdefault(room, part) != part:
        raise ValueError(f"{room} has its part in the pack already.")
