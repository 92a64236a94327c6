"""What is held at all: each place, its class of data, its rule, how much lies there.

The counts are exact, and take seconds where tables are long. What only tells what is
kept how long asks for none (`listed(now, {})`), and costs no query.
"""

from dataclasses import dataclass
from datetime import datetime

from compliance.retention.services import overdue
from plugseller.custody.rules import RULES
from plugseller.custody.services import in_order


@dataclass(frozen=True, slots=True)
class Held:
    """One place where data lies."""

    holding: str
    label: str
    data_class: str
    rule: str
    rule_label: str
    days: float | None  # None: as long as what it belongs to
    shorter_by_sellers: bool  # whether a seller may choose a shorter time
    why: str
    rows: int | None  # None: not counted
    oldest: datetime | None
    overdue: int | None

    @property
    def keep(self) -> str:
        """How long, in words."""
        if self.days is None:
            return self.rule_label.lower()
        if self.days < 2:
            return f"{round(self.days * 24)} hours"
        return f"{round(self.days)} days"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that is held, at one instant."""

    at: datetime
    places: list[Held]

    @property
    def overdue(self) -> int:
        return sum(place.overdue or 0 for place in self.places)


Counts = dict[str, tuple[int, datetime | None, int]]  # holding -> rows, oldest, overdue
_UNCOUNTED = (None, None, None)


def inventory(now: datetime) -> Inventory:
    """Every place, counted now."""
    return listed(now, counted(now))


def counted(now: datetime) -> Counts:
    """The figures of every place."""
    due = {one.holding: one.rows for one in overdue(now)}
    found: Counts = {}
    for holding in in_order():
        store, ages = holding.store, RULES[holding.rule].keep is not None
        oldest = store.oldest() if ages else None
        found[holding.name] = (store.total(), oldest, due[holding.name])
    return found


def listed(at: datetime, counts: Counts) -> Inventory:
    """Every place by its class of data and its label, with the figures there are."""
    places = []
    for holding in in_order():
        rule = RULES[holding.rule]
        keep = rule.keep
        rows, oldest, due = counts.get(holding.name, _UNCOUNTED)
        places.append(
            Held(
                holding=holding.name,
                label=holding.label,
                data_class=holding.data_class.value,
                rule=rule.name,
                rule_label=rule.label,
                days=keep.total_seconds() / 86_400 if keep else None,
                shorter_by_sellers=rule.by_seller,
                why=rule.why,
                rows=rows,
                oldest=oldest,
                overdue=due,
            )
        )
    places.sort(key=lambda one: (one.data_class, one.label, one.holding))
    return Inventory(at, places)
