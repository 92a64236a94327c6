"""When each review is due: the table, and nothing beside it (GOV-1).

A review begins so long after the last one of its kind was signed, or after there were
people to review; signing early therefore moves the next one. It is due `days` later,
and never later than `oldest` after the last signature.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from compliance.governance.reviews.models import Review

Kind: TypeAlias = Review.Kind


def _days(number: int) -> timedelta:
    return timedelta(days=number)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One line of the table."""

    kind: Kind
    rhythm: str  # for people
    after: timedelta  # from the last signature until the next begins
    days: timedelta  # to complete it
    oldest: timedelta  # from one signature to the next date
    warns: tuple[timedelta, ...]

    @property
    def duty(self) -> str:
        return f"review {self.kind}"

    def begins(self, last: datetime) -> datetime:
        return last + self.after

    def due(self, last: datetime, now: datetime) -> datetime:
        """Never at once: who was kept from beginning in time gets a day."""
        latest = max(last + self.oldest, now + timedelta(days=1))
        return min(now + self.days, latest)


_WEEK_AND_DAY = (_days(7), _days(1))
_table = (  # kind, rhythm, after, days, oldest
    (Kind.ACCESS, "quarterly", 75, 14, 92),
    (Kind.MEMBERS, "quarterly", 75, 14, 92),
    (Kind.LOGS, "fortnightly", 11, 3, 14),
    (Kind.CONTROLS, "quarterly", 77, 14, 92),
    (Kind.PLAN, "every six months", 168, 14, 183),
    (Kind.INVENTORY, "quarterly", 77, 14, 92),
    (Kind.SUPPLIERS, "yearly", 337, 28, 366),
)
SCHEDULES: dict[Kind, Schedule] = {
    kind: Schedule(
        kind,
        rhythm,
        _days(after),
        _days(days),
        _days(oldest),
        _WEEK_AND_DAY if days > 7 else _WEEK_AND_DAY[1:],
    )
    for kind, rhythm, after, days, oldest in _table
}
