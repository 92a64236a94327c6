"""What the officers' start page tells: each room puts its lines here, in blocks whose
order never changes.

A room that has nothing to say gives no line, and the page says that its block is
quiet. No line holds Marketplace Information.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from plugseller.accounts.models import User


class Block(StrEnum):
    """The blocks, in the order of the page."""

    BURNING = "Burning"  # somebody's data may be in danger
    LATE = "Late"
    DUE = "Due"
    BROKEN = "Broken controls"
    ASKED = "Waiting for a decision"
    QUIET = "Quiet"  # what is well, with the figures that say so


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the start page."""

    text: str  # no name of anybody, no value of a seller's
    url: str  # where it is worked on
    due_at: datetime | None = None  # shown as an instant and as the time that is left
    owner: str = ""  # who has to do it, as others read it


Tells = Callable[[User, datetime], Iterable[tuple[Block, Line]]]

_rooms: dict[str, Tells] = {}
ROOMS: Mapping[str, Tells] = MappingProxyType(_rooms)  # room -> its lines


def lines(room: str, tells: Tells) -> None:
    """Say what a room shows on the start page; ValueError if the room did already.

    `tells` gets the officer who looks and the instant; it makes few queries, the same
    number however much there is.
    """
    if _rooms.setdefault(room, tells) != tells:
        raise ValueError(f"{room} tells its lines already.")


def told(officer: User, now: datetime) -> dict[Block, list[Line]]:
    """Every block in order, the most urgent line first."""
    page: dict[Block, list[Line]] = {block: [] for block in Block}
    for tells in ROOMS.values():
        for block, line in tells(officer, now):
            page[block].append(line)
    for found in page.values():
        found.sort(key=lambda line: (line.due_at is None, line.due_at or now))
    return page
