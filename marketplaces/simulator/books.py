"""The orders of an account, laid out in time with a shop's rhythm."""

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import accumulate
from threading import Lock

from marketplaces.simulator.goods import VISIBLE_AFTER, Item, Market, mix, salted

DAYS = 300
VARIANTS = 128
_KEPT_SELECTIONS = 8
_DAY = 86_400
_QUIET = 600  # seconds before the anchor in which nothing happens
_RECENT = (1_500, 2_100, 2_700, 3_300, *range(15_000, 160_000, 12_000))
"""Ages in seconds of the youngest orders: something is always pending or unshipped."""
_WEEK = (9, 8, 8, 9, 11, 14, 13)  # Monday to Sunday
_SERIALS = 10_000_000_000
_STRIDE = 2_654_435_761  # shares no factor with _SERIALS: each index its own serial


class State(IntEnum):
    """How far an order has come."""

    PENDING = 0  # not yet paid: no price is known
    UNSHIPPED = 1
    PARTIAL = 2  # some pieces have left
    SHIPPED = 3
    DELIVERED = 4
    CANCELLED = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order."""

    number: int  # from 1
    item: Item
    quantity: int
    shipped: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that orders of one variant and state have in common."""

    variant: int  # 0..127
    state: State
    market: Market
    channel: str  # who ships: "seller", "marketplace", "third-party"
    lines: tuple[Line, ...]
    gift: bool
    business: bool  # bought by a company

    @property
    def priced(self) -> bool:
        """Whether the marketplace knows prices already."""
        return self.state is not State.PENDING

    def unit_cents(self, line: Line, extra: int) -> int:
        """The price of one piece; `extra` is the order's own difference."""
        return line.item.prices[self.market.id] + extra


class OrderBook:
    """An account's orders by index; index order is the order of creation."""

    def __init__(
        self,
        *,
        salt: str,
        marketplace: str,
        markets: tuple[Market, ...],
        items: tuple[Item, ...],
        count: int,
        anchor: datetime,
    ) -> None:
        self._base = salted(salt + "/orders")
        self._marketplace = marketplace
        self._markets = markets
        self._items = items
        self._anchor = int(anchor.timestamp())
        self._last = self._anchor - _QUIET  # nothing has happened after this
        self._first_count = count
        self._plans: dict[int, Plan] = {}
        self._variants = tuple(self._variant(number) for number in range(VARIANTS))
        self.created = array("q")
        self.updated = array("q")
        self._states = bytearray()
        self._lock = Lock()
        self._by_updated: tuple[array[int], array[int]] | None = None
        self._chosen: OrderedDict[tuple[object, ...], Sequence[int]] = OrderedDict()
        if items:
            self._fill(count)

    def __len__(self) -> int:
        return len(self.created)

    @property
    def age(self) -> int:
        """Epoch seconds of the last change: another number, another book."""
        return self._last

    def plan(self, index: int) -> Plan:
        """What the order holds."""
        variant = mix(self._base + index) & (VARIANTS - 1)
        state = self._states[index]
        plan = self._plans.get(variant << 3 | state)
        if plan is None:
            plan = self._plan(variant, State(state))
            self._plans[variant << 3 | state] = plan
        return plan

    def surcharge(self, index: int) -> int:
        """Cents that make this order's prices its own."""
        return (mix(self._base + index) >> 20) % 300

    def serial(self, index: int) -> int:
        """Ten digits that no other order of the account has."""
        return (index * _STRIDE + self._base) % _SERIALS

    def select(
        self,
        *,
        by: str,  # "created" or "updated"
        after: int,
        before: int,
        markets: frozenset[str] | None = None,
        channels: frozenset[str] | None = None,
        states: frozenset[State] | None = None,
    ) -> Sequence[int]:
        """Indexes of orders with that time in [after, before] (epoch seconds), oldest
        first. None: no filter."""
        key = (by, after, before, markets, channels, states, self._last)
        with self._lock:
            found = self._chosen.get(key)
            if found is None:
                found = self._filtered(
                    self._between(by, after, before), markets, channels, states
                )
                self._chosen[key] = found
            while len(self._chosen) > _KEPT_SELECTIONS:
                self._chosen.popitem(last=False)
        return found

    def _filtered(
        self,
        found: Sequence[int],
        markets: frozenset[str] | None,
        channels: frozenset[str] | None,
        states: frozenset[State] | None,
    ) -> Sequence[int]:
        if markets is not None and markets >= {m.id for m in self._markets}:
            markets = None
        if markets is None and channels is None and states is None:
            return found
        plans = ((index, self.plan(index)) for index in found)
        return array(
            "q",
            (
                index
                for index, plan in plans
                if (markets is None or plan.market.id in markets)
                and (channels is None or plan.channel in channels)
                and (states is None or plan.state in states)
            ),
        )

    def _between(self, by: str, after: int, before: int) -> Sequence[int]:
        if by == "created":
            return range(
                bisect_left(self.created, after), bisect_right(self.created, before)
            )
        if self._by_updated is None:
            order = sorted(range(len(self)), key=self.updated.__getitem__)
            self._by_updated = (
                array("q", order),
                array("q", (self.updated[i] for i in order)),
            )
        order_, times = self._by_updated
        return order_[bisect_left(times, after) : bisect_right(times, before)]

    def step(self, instant: datetime) -> None:
        """Some orders move on, some are new; all of it two minutes before `instant`."""
        with self._lock:
            self._step(instant)

    def _step(self, instant: datetime) -> None:
        mark = max(self._last + 1, int((instant - VISIBLE_AFTER).timestamp()))
        moved = 0
        for index in range(len(self) - 1, max(-1, len(self) - 400), -1):
            state = self._moved(State(self._states[index]), index)
            if state is None:
                continue
            self._states[index] = state
            self.updated[index] = mark
            moved += 1
            if moved == 12:
                break
        gap = mark - self._last
        new = max(3, min(2_000, self._first_count * gap // (DAYS * _DAY)))
        start = max(self._last, self.created[-1] if self.created else 0)
        for number in range(new if self._items else 0):
            self._add(start + (mark - start) * (number + 1) // new, mark)
            self.updated[-1] = mark
        self._last = mark
        self._by_updated = None

    def _moved(self, state: State, index: int) -> State | None:
        if state is State.PENDING:
            return State.UNSHIPPED if index % 5 else State.CANCELLED
        if state in (State.UNSHIPPED, State.PARTIAL):
            return State.SHIPPED
        return None

    def _fill(self, count: int) -> None:
        """Lay `count` orders over the days before the anchor, more on week-ends and
        towards the end of the year."""
        first = self._anchor - DAYS * _DAY
        weights = [
            _WEEK[((first + day * _DAY) // _DAY + 3) % 7] * (30 + _season(first, day))
            for day in range(DAYS)
        ]
        sums = list(accumulate(weights))
        day, moments = 0, list[int]()
        recent = _RECENT if count >= 2 * len(_RECENT) else ()
        older = count - len(recent)
        for index in range(older):
            at = (2 * index + 1) * sums[-1] // (2 * older)
            while at >= sums[day]:
                day += 1
            moment = first + day * _DAY + _time_of_day(mix(self._base ^ index))
            moments.append(min(moment, self._anchor - 3_600))
        moments += [self._anchor - age for age in recent]
        for created in sorted(moments):
            self._add(created, self._anchor - _QUIET)

    def _add(self, created: int, latest: int) -> None:
        """One more order as it stands at `latest` (epoch seconds)."""
        index = len(self.created)
        dice = mix(self._base + index)
        age = latest - created
        pieces = sum(quantity for _, quantity in self._variants[dice % VARIANTS][1])
        state, since = _state(dice >> 32, age, pieces)
        self.updated.append(min(latest, created + since))
        self._states.append(state)
        self.created.append(created)  # last: from now on the order counts

    def _variant(
        self, number: int
    ) -> tuple[Market, tuple[tuple[Item, int], ...], bool, bool]:
        """Store and lines of a variant, whatever its state."""
        dice = mix(self._base + 7_000_000 + number)
        market = self._markets[0 if dice % 5 < 3 else (dice >> 8) % len(self._markets)]
        here = [item for item in self._items if market.id in item.prices]
        lead = here[(dice >> 16) % len(here)] if here else None
        together = [item for item in here if lead and item.channel == lead.channel]
        count = min(1 + (number % 4 == 1) + (number % 16 == 5), len(together))
        start = together.index(lead) if lead else 0
        lines = tuple(
            (
                together[(start + place) % len(together)],
                1 + (dice >> (30 + place)) % 4 * (number % 3 == 2),
            )
            for place in range(count)
        )
        return market, lines, number % 10 == 3, number % 8 == 6

    def _plan(self, variant: int, state: State) -> Plan:
        market, parts, gift, business = self._variants[variant]
        lines = []
        for number, (item, quantity) in enumerate(parts, start=1):
            shipped = {
                State.PARTIAL: quantity // 2 if quantity > 1 else int(number == 1),
                State.SHIPPED: quantity,
                State.DELIVERED: quantity,
            }.get(state, 0)
            cancelled = quantity if state is State.CANCELLED else 0
            lines.append(Line(number, item, quantity, shipped, cancelled))
        return Plan(
            variant=variant,
            state=state,
            market=market,
            channel=parts[0][0].channel,
            lines=tuple(lines),
            gift=gift,
            business=business,
        )


def _season(first: int, day: int) -> int:
    """0 to 30: busier towards the end of a calendar year."""
    of_year = ((first + day * _DAY) // _DAY) % 365
    return max(0, 30 - abs(of_year - 345) // 2)


def _time_of_day(dice: int) -> int:
    """Seconds after midnight, evenings twice as likely."""
    hour = (dice % 24, 17 + dice % 6)[(dice >> 8) % 3 == 0]
    return hour * 3_600 + (dice >> 16) % 3_600


def _state(dice: int, age: int, pieces: int) -> tuple[State, int]:
    """How far an order of that age (seconds) has come, and when after creation."""
    if age < 3 * 3_600:
        return State.PENDING, 60 + dice % 300
    if dice % 100 < 6:
        return State.CANCELLED, 3_600 + dice % 40_000
    if age < 2 * _DAY and dice % 4:
        if pieces > 1 and dice % 3 == 0:
            return State.PARTIAL, 2 * 3_600 + dice % 3_600
        return State.UNSHIPPED, 1_800 + dice % 3_600
    if dice % 211 == 17:
        return State.PENDING, 60 + dice % 300
    if pieces > 1 and dice % 17 == 3:
        return State.PARTIAL, 20 * 3_600 + dice % 40_000
    if age < 8 * _DAY or dice % 50 == 0:
        return State.SHIPPED, 6 * 3_600 + dice % 100_000
    return State.DELIVERED, 3 * _DAY + dice % (5 * _DAY)
