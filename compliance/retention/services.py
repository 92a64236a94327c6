"""Removes what was kept long enough, and proves that nothing overdue is left (RET-1).

Seller by seller where sellers may choose a shorter time, by indexes that begin with
the seller; else table by table. In batches, each a transaction with its count, so a
killed run loses nothing and the next one goes on. What a legal hold or an open
deletion keeps is their own matter: retention stops for nobody, and removes only what
no rule lets us keep.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from compliance.models import Purge, ShorterTime
from plugseller.accounts.models import Seller
from plugseller.audit.pruning import PruningRefused, prune
from plugseller.audit.services import record
from plugseller.audit.witness import WitnessTrouble
from plugseller.custody.erasers import telling
from plugseller.custody.rules import RULES
from plugseller.custody.services import in_order
from plugseller.custody.walking import in_batches
from plugseller.jobs import leases
from plugseller.jobs.running import OutOfTime, go_on
from plugseller.shelves import HOLDINGS, Holding

WITHIN = timedelta(minutes=3)  # of one run; the next one goes on
AUDIT = "audit.Entry"
_LEASE = "retention"
_AT_ONCE = 1_000  # sellers
_MOST_ROUNDS = 3  # what goes may let other things go: a listing its price's history

logger = logging.getLogger(__name__)


class Occupied(Exception):
    """Another worker is at it."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much of one place should be gone."""

    holding: str
    label: str
    rule: str
    rows: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What a run removed from one place, or would remove."""

    holding: str
    label: str
    rule: str
    rows: int
    trouble: str = ""  # "out of time", or the kind of error


def overdue(now: datetime) -> list[Overdue]:
    """For each place how much of it should be gone, by the rules and by what sellers
    chose. Asks each table as a whole, by another way than `purge` walks."""
    shorter = list(ShorterTime.objects.values_list("seller", "rule", "days"))
    found = []
    for holding in in_order():
        keep = RULES[holding.rule].keep
        rows = 0
        if keep is not None:
            before, store = now - keep, holding.store
            rows = store.overdue(before)
            for seller, rule, days in shorter:
                if rule == holding.rule and (sooner := now - _days(days)) > before:
                    own = store.overdue(sooner, of_seller=seller)
                    rows += own - store.overdue(before, of_seller=seller)
        found.append(Overdue(holding.name, holding.label, holding.rule, rows))
    return found


def nothing_overdue(now: datetime, *, slack: timedelta = timedelta(0)) -> list[Overdue]:
    """The places where something overdue lies: none, if the promise is kept.

    Each moment something becomes overdue; `slack` leaves it the time until a purge.
    """
    return [one for one in overdue(now - slack) if one.rows]


def purge(
    now: datetime,
    *,
    dry_run: bool = False,
    within: timedelta = WITHIN,
    kept_at_most: timedelta | None = None,
) -> list[Purged]:
    """Remove what is overdue, for so long at most; or only say what would go.

    With `kept_at_most` only where a rule keeps things no longer than that. Each place
    that lost something gets one entry in the audit log. One place that fails doesn't
    stop the others. Raises Occupied.
    """
    if dry_run:
        return [
            Purged(one.holding, one.label, one.rule, one.rows)
            for one in nothing_overdue(now)
        ]
    held = leases.take(_LEASE, now=now)
    if held is None:
        raise Occupied
    try:
        run = _Run(held, now, within)
        _close_open(now, broken_off=True)  # of a run that was killed
        if kept_at_most is not None:
            return list(run.over(_aging(kept_at_most)))
        return [*run.over(_aging(timedelta.max)), *_pruned(now)]
    finally:
        leases.give_back(held)


def purge_daily(now: datetime) -> int:
    """What the timetable calls; how many rows went.

    Raises PurgeFailed; and OutOfTime if something is left, so that it goes on soon.
    """
    return _in_a_job(now, kept_at_most=None)


def purge_hourly(now: datetime) -> int:
    """The same for what is kept for hours only."""
    return _in_a_job(now, kept_at_most=timedelta(days=2))


def _in_a_job(now: datetime, *, kept_at_most: timedelta | None) -> int:
    try:
        done = purge(now, kept_at_most=kept_at_most)
    except Occupied:
        return 0
    troubles = {one.trouble for one in done} - {""}
    if troubles - {_LATE}:
        raise PurgeFailed
    if troubles:
        raise OutOfTime
    return sum(one.rows for one in done)


class PurgeFailed(Exception):
    """Something overdue couldn't be removed; the logs say where."""


_LATE = "out of time"


class _TimeIsUp(Exception):
    pass


class _Run:
    """One run, whose lease is held."""

    def __init__(self, held: leases.Held, now: datetime, within: timedelta) -> None:
        self._held = held
        self._now = now
        self._start = time.monotonic()
        self._within = within.total_seconds()
        self._removed: dict[str, int] = {}
        self._troubles: dict[str, str] = {}

    def over(self, places: list[Holding]) -> Iterator[Purged]:
        """Purge them, as long as there is time."""
        try:
            for _ in range(_MOST_ROUNDS):
                went = [self._holding(holding) for holding in places]
                if not any(went):
                    break
        except (_TimeIsUp, OutOfTime):
            pass
        for name in {**self._removed, **self._troubles}:
            place = HOLDINGS[name]
            yield Purged(
                holding=name,
                label=place.label,
                rule=place.rule,
                rows=self._removed.get(name, 0),
                trouble=self._troubles.get(name, ""),
            )

    def _holding(self, holding: Holding) -> int:
        """Remove what is overdue there; how much went."""
        if holding.name in self._troubles:
            return 0
        before = self._removed.get(holding.name, 0)
        try:
            for rows, remove in _overdue_parts(holding, self._now):
                with telling(self._count):
                    in_batches(
                        remove,
                        enough=rows,
                        before_each=self._still_ours,
                        after_each=partial(self._count, holding.name),
                    )
        except (_TimeIsUp, OutOfTime):
            self._troubles[holding.name] = _LATE
            _close_open(self._now, broken_off=True)
            raise
        except leases.LeaseLost:
            raise  # what is counted is the other worker's to close
        except Exception as error:  # whatever it is, the other places go on
            kind = type(error).__name__
            logger.error("%s couldn't be purged: %s.", holding.name, kind)
            self._troubles[holding.name] = kind
        _close_open(self._now, broken_off=holding.name in self._troubles)
        return self._removed.get(holding.name, 0) - before

    def _still_ours(self) -> None:
        """In each batch's transaction: the fence, and the end of our time."""
        passed = time.monotonic() - self._start
        if passed >= self._within:
            raise _TimeIsUp
        go_on()
        leases.keep(self._held, now=self._now + timedelta(seconds=passed))

    def _count(self, name: str, rows: int) -> None:
        """In the transaction of what went."""
        open_now = Purge.objects.filter(holding=name, ended_at=None)
        if not open_now.update(rows=F("rows") + rows):
            rule = HOLDINGS[name].rule
            Purge.objects.create(holding=name, rule=rule, began_at=self._now, rows=rows)
        self._removed[name] = self._removed.get(name, 0) + rows


def _aging(at_most: timedelta) -> list[Holding]:
    """Places whose rule has a time, no longer than that."""
    found = []
    for holding in in_order():
        keep = RULES[holding.rule].keep
        if keep is not None and keep <= at_most:
            found.append(holding)
    return found


def _overdue_parts(
    holding: Holding, now: datetime
) -> Iterator[tuple[int, Callable[..., int]]]:
    """How many rows are overdue, and what removes them, part by part; parts without
    any are left out, so that looking takes no lock."""
    rule, store = RULES[holding.rule], holding.store
    assert rule.keep is not None  # noqa: S101 (for the types)
    if not rule.by_seller:
        if rows := store.overdue(now - rule.keep):
            yield rows, partial(store.purge, now - rule.keep)
        return
    for seller, keep in _kept_by_sellers(rule.name, rule.keep):
        if rows := store.overdue(now - keep, of_seller=seller):
            yield rows, partial(store.purge, now - keep, of_seller=seller)


def _kept_by_sellers(rule: str, keep: timedelta) -> Iterator[tuple[UUID, timedelta]]:
    chosen = dict(ShorterTime.objects.filter(rule=rule).values_list("seller", "days"))
    for seller in _sellers():
        days = chosen.get(seller)
        yield seller, keep if days is None else min(keep, _days(days))


def _sellers() -> Iterator[UUID]:
    """All sellers, some at a time, each time by a query that has ended: one left open
    over our own writes can't write once somebody else has (SQLite)."""
    sellers = Seller.objects.order_by("pk").values_list("pk", flat=True)
    some = list(sellers[:_AT_ONCE])
    while some:
        yield from some
        some = list(sellers.filter(pk__gt=some[-1])[:_AT_ONCE])


def _close_open(now: datetime, *, broken_off: bool) -> None:
    """End what is counted, with the audit entry of each place."""
    for one in Purge.objects.filter(ended_at=None):
        with transaction.atomic():
            still = Purge.objects.filter(pk=one.pk, ended_at=None)
            if not still.update(ended_at=now, broken_off=broken_off):
                continue  # a worker that had lost the lease did it
            one.refresh_from_db()  # it may have counted one more batch
            record(
                "retention.purged",
                subject=one,
                rows=one.rows,
                details={
                    "holding": one.holding,
                    "rule": one.rule,
                    "broken_off": broken_off,
                },
            )


def _pruned(now: datetime) -> list[Purged]:
    """The audit log goes in its own way: whole months, proved first, with an entry."""
    place = HOLDINGS[AUDIT]
    rows, trouble = 0, ""
    try:
        pruned = prune(now)
        rows = pruned.entries if pruned else 0
    except (PruningRefused, WitnessTrouble) as error:
        logger.error("The audit log wasn't pruned. %s", error)
        trouble = type(error).__name__
    done = Purged(AUDIT, place.label, place.rule, rows, trouble)
    return [done] if rows or trouble else []


def _days(number: int) -> timedelta:
    return timedelta(days=number)
