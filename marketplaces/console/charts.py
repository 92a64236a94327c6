"""Shapes for charts that the server draws: plain coordinates, no script, no style.

A chart holds no text, so that it may be stretched; labels and a table stand beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

HEIGHT = 100
WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a box HEIGHT high; `hint` is what it stands for."""

    x: int
    y: float
    height: float
    hint: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars side by side, ten wide each, with a gap."""

    bars: tuple[Bar, ...]
    width: int
    most: int


def bars(values: Sequence[tuple[str, int]]) -> Bars:
    """One bar per (hint, number); the largest number fills the height."""
    most = max((number for _, number in values), default=0)
    drawn = []
    for place, (hint, number) in enumerate(values):
        height = round(number / most * HEIGHT, 1) if most else 0.0
        drawn.append(Bar(place * 10 + 1, round(HEIGHT - height, 1), height, hint))
    return Bars(tuple(drawn), len(values) * 10, most)


@dataclass(frozen=True, slots=True)
class Steps:
    """A figure that stays until it changes, over time."""

    path: str  # the `d` of an SVG path in a box WIDTH x HEIGHT
    lowest: Decimal | int
    highest: Decimal | int
    since: datetime
    until: datetime


def steps(
    changes: Sequence[tuple[datetime, Decimal | int]], *, until: datetime
) -> Steps | None:
    """The line through (since when, figure), oldest first; None if there is nothing."""
    if not changes:
        return None
    since = changes[0][0]
    until = max(until, changes[-1][0])
    span = (until - since).total_seconds() or 1.0
    lowest = min(figure for _, figure in changes)
    highest = max(figure for _, figure in changes)
    room = highest - lowest
    parts: list[str] = []
    for instant, figure in changes:
        x = round((instant - since).total_seconds() / span * WIDTH, 1)
        share = float((figure - lowest) / room) if room else 0.5
        y = round(HEIGHT - 4 - share * (HEIGHT - 8), 1)
        parts.append(f"H{x}V{y}" if parts else f"M{x} {y}")
    return Steps("".join(parts) + f"H{WIDTH}", lowest, highest, since, until)
