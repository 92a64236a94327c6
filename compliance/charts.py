"""Figures over time for the officers' start page, drawn without a script.

A chart is rectangles in an SVG, so that the page keeps its strict policy; each has its
figures beside it as a table for who doesn't see it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from compliance.deletion.models import DeletionRequest
from compliance.incidents.models import Incident

WEEKS = 26
_WEEK = timedelta(weeks=1)
_HIGH = 80  # of the tallest bar, in the drawing's own units
_WIDE = 16  # of one week


@dataclass(frozen=True, slots=True)
class Bar:
    """One series in one week."""

    series: str  # a CSS class too: "came", "went"
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Week:
    monday: date
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """How many of two things happened in each week."""

    title: str
    series: tuple[tuple[str, str], ...]  # (CSS class, in words)
    weeks: tuple[Week, ...]
    highest: int  # what the tallest bar stands for

    @property
    def width(self) -> int:
        return _WIDE * len(self.weeks)

    @property
    def height(self) -> int:
        return _HIGH

    @property
    def total(self) -> int:
        return sum(bar.count for week in self.weeks for bar in week.bars)


def charts(now: datetime) -> list[Chart]:
    """Requests and incidents of the last half year, drills left out."""
    since = _monday(now) - (WEEKS - 1) * _WEEK
    at_midnight = datetime.combine(since, datetime.min.time(), UTC)
    asked = DeletionRequest.objects.filter(joined_to=None)
    real = Incident.objects.filter(is_drill=False)
    return [
        _chart(
            "Deletion requests",
            ("received", "ended"),
            asked.filter(received_at__gte=at_midnight).values_list(
                "received_at", flat=True
            ),
            asked.filter(ended_at__gte=at_midnight).values_list("ended_at", flat=True),
            since,
        ),
        _chart(
            "Incidents",
            ("detected", "ended"),
            real.filter(detected_at__gte=at_midnight).values_list(
                "detected_at", flat=True
            ),
            real.filter(ended_at__gte=at_midnight).values_list("ended_at", flat=True),
            since,
        ),
    ]


def _chart(
    title: str,
    names: tuple[str, str],
    came: Iterable[datetime | None],
    went: Iterable[datetime | None],
    since: date,
) -> Chart:
    counts = [Counter(_monday(at) for at in these if at) for these in (came, went)]
    highest = max([1, *counts[0].values(), *counts[1].values()])
    weeks = tuple(
        Week(monday, _bars(place, [each[monday] for each in counts], highest))
        for place in range(WEEKS)
        for monday in [since + place * _WEEK]
    )
    return Chart(
        title, tuple(zip(("came", "went"), names, strict=True)), weeks, highest
    )


def _bars(place: int, counts: list[int], highest: int) -> tuple[Bar, ...]:
    width = _WIDE * 0.4
    return tuple(
        Bar(
            series=series,
            count=count,
            x=round(place * _WIDE + offset * width, 1),
            y=round(_HIGH - _HIGH * count / highest, 1),
            width=round(width, 1),
            height=round(_HIGH * count / highest, 1),
        )
        for offset, (series, count) in enumerate(
            zip(("came", "went"), counts, strict=True)
        )
    )


def _monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
