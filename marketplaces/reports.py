"""Numbers for console and API: counts, sums and freshness of one seller.

Each function takes a seller that somebody was allowed to open, makes a fixed number of
queries and reads ranges of an index, never a whole table. Sums of money are per
currency; amounts that a marketplace hasn't told are counted apart, never as 0.
"""

import zoneinfo
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import (
    Count,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)

from marketplaces import shelf
from marketplaces.datamap import Feature
from marketplaces.models import (
    Connection,
    FeatureSwitch,
    Listing,
    Order,
    Stock,
    SyncRun,
    SyncState,
)
from plugseller.accounts.models import Seller

MOST_COUNTED = 1_000
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Capped:
    """A count that stops: exact up to MOST_COUNTED, "1,000+" above."""

    number: int

    @property
    def is_more(self) -> bool:
        return self.number > MOST_COUNTED

    def __str__(self) -> str:
        return f"{MOST_COUNTED:,}+" if self.is_more else f"{self.number:,}"

    def __bool__(self) -> bool:
        return self.number > 0


def capped_count(rows: QuerySet[Any]) -> Capped:
    """How many rows there are; reads no more than it needs to say "1,000+"."""
    return Capped(rows.order_by()[: MOST_COUNTED + 1].count())


@dataclass(frozen=True, slots=True)
class Day:
    """How many orders were placed on a day of the seller's calendar."""

    date: date
    orders: int


def orders_per_day(
    seller: Seller, *, zone: zoneinfo.ZoneInfo, today: date, days: int
) -> list[Day]:
    """The last `days` days up to today, oldest first; days without orders are 0.

    One query of one index range per day: a database would call a function for each
    row to find its day in a zone, this only counts.
    """
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    own = Order.objects.of_seller(seller).order_by()
    counts = [
        own.filter(placed_at__gte=_start(day, zone), placed_at__lt=_end(day, zone))
        .values("seller_id")
        .annotate(place=Value(place), orders=Count("pk"))
        .values_list("place", "orders")
        for place, day in enumerate(dates)
    ]
    found = dict(counts[0].union(*counts[1:], all=True))
    return [Day(day, found.get(place, 0)) for place, day in enumerate(dates)]


@dataclass(frozen=True, slots=True)
class Sales:
    """What orders of one currency come to."""

    currency: str
    orders: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class Sold:
    """Sales of a period: per currency, and the orders no sum can speak of."""

    sales: tuple[Sales, ...]
    untold: int  # orders whose total the marketplace hasn't told yet
    cancelled: int  # left out of the sums


def sold(
    seller: Seller,
    *,
    zone: zoneinfo.ZoneInfo,
    first: date,
    last: date,
    cancelled: Sequence[str],
) -> Sold:
    """What was sold from the first to the last day; `cancelled`: statuses left out."""
    placed = Order.objects.of_seller(seller).filter(
        placed_at__gte=_start(first, zone), placed_at__lt=_end(last, zone)
    )
    groups = list(
        placed.order_by("currency")
        .values("currency")
        .annotate(
            told=Count("pk", filter=Q(total__isnull=False) & ~Q(status__in=cancelled)),
            amount=Sum("total", filter=~Q(status__in=cancelled)),
            untold=Count("pk", filter=Q(total__isnull=True) & ~Q(status__in=cancelled)),
            cancelled=Count("pk", filter=Q(status__in=cancelled)),
        )
    )
    return Sold(
        sales=tuple(
            Sales(g["currency"] or "?", g["told"], g["amount"])
            for g in groups
            if g["told"]
        ),
        untold=sum(g["untold"] for g in groups),
        cancelled=sum(g["cancelled"] for g in groups),
    )


def _start(day: date, zone: zoneinfo.ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


def _end(day: date, zone: zoneinfo.ZoneInfo) -> datetime:
    return _start(day + timedelta(days=1), zone)


def low_stock(seller: Seller, *, at_most: int, rows: int) -> list[Stock]:
    """The places with the fewest pieces, up to `at_most`; untold counts left out."""
    low = stock_up_to(seller, at_most)
    return list(low.order_by("available", "id")[:rows])


def stock_up_to(seller: Seller, pieces: int) -> "QuerySet[Stock]":
    """Places that hold no more than so many pieces and are still reported."""
    own = Stock.objects.of_seller(seller)
    return own.filter(available__lte=pieces, gone_at__isnull=True)


def listings_with_problems(seller: Seller) -> "QuerySet[Listing]":
    """Listings the marketplace reports issues of."""
    own = Listing.objects.of_seller(seller)
    return own.filter(issue_count__gt=0, gone_at__isnull=True)


@dataclass(frozen=True, slots=True)
class Stream:
    """One feature of a connection: whether it is on, and how fresh its rows are."""

    connection: Connection
    feature: Feature
    on: bool
    complete_at: datetime | None  # when all its operations were last complete
    last_run: SyncRun | None  # the account's, if that stopped the pass before it
    next_at: datetime | None
    is_stale: bool  # on, but not complete for longer than STALE_AFTER

    @property
    def is_running(self) -> bool:
        return bool(self.last_run and self.last_run.outcome == SyncRun.Outcome.RUNNING)

    @property
    def failed(self) -> bool:
        return bool(self.last_run and self.last_run.outcome == SyncRun.Outcome.FAILED)

    @property
    def is_broken_off(self) -> bool:
        return bool(
            self.last_run and self.last_run.outcome == SyncRun.Outcome.BROKEN_OFF
        )

    @property
    def waits(self) -> bool:
        return bool(self.last_run and self.last_run.outcome == SyncRun.Outcome.WAITING)


def streams(
    seller: Seller, *, now: datetime, connection_id: UUID | None = None
) -> list[Stream]:
    """Every feature of every connection that isn't disconnected, in the map's order."""
    own = Connection.objects.of_seller(seller).exclude(
        status=Connection.Status.DISCONNECTED
    )
    if connection_id:
        own = own.filter(pk=connection_id)
    runs_of = SyncRun.objects.of_seller(seller).order_by("-id")
    latest = runs_of.filter(
        connection=OuterRef("connection"), feature=OuterRef("feature")
    )
    switches = FeatureSwitch.objects.annotate(
        latest=Subquery(latest.values("pk")[:1])
    ).order_by("pk")
    of_account = runs_of.filter(connection=OuterRef("pk"), feature=Feature.ACCOUNT)
    connections = list(
        own.defer("credentials")
        .annotate(account_run=Subquery(of_account.values("pk")[:1]))
        .order_by("connected_at", "id")
        .prefetch_related(
            Prefetch("switches", queryset=switches),
            Prefetch("states", SyncState.objects.all()),
        )
    )
    ids = {connection.account_run for connection in connections} | {
        switch.latest  # type: ignore[attr-defined]  # annotated above
        for connection in connections
        for switch in connection.switches.all()
    }
    runs = SyncRun.objects.of_seller(seller).in_bulk(ids - {None})
    return [
        _stream(connection, feature, runs, now)
        for connection in connections
        for feature in shelf.datamap().features(connection.marketplace)
    ]


def _stream(
    connection: Connection, feature: Feature, runs: dict[int, SyncRun], now: datetime
) -> Stream:
    switch: Any = next(
        (s for s in connection.switches.all() if s.feature == feature), None
    )
    on = bool(switch and switch.on)
    run = runs.get(switch.latest) if switch else None
    if on:
        run = _stopped_at_the_account(connection, runs) or run
    complete_at = _complete_at(connection, feature)
    return Stream(
        connection=connection,
        feature=feature,
        on=on,
        complete_at=complete_at,
        last_run=run,
        next_at=_next_at(run, now) if on and connection.is_live else None,
        is_stale=on and complete_at is not None and now - complete_at > STALE_AFTER,
    )


def _stopped_at_the_account(
    connection: Any, runs: dict[int, SyncRun]
) -> SyncRun | None:
    """The account's last run, if the pass ended with it before any feature's turn."""
    first = runs.get(connection.account_run)
    if first is None or first.outcome in (
        SyncRun.Outcome.DONE,
        SyncRun.Outcome.RUNNING,
    ):
        return None
    later = any((s.latest or 0) > first.pk for s in connection.switches.all())
    return None if later else first


def _complete_at(connection: Connection, feature: Feature) -> datetime | None:
    """When the slowest operation of the feature was last complete; None: never all."""
    state = {s.operation: s.complete_at for s in connection.states.all()}
    keys = [o.key for o in shelf.datamap().of(connection.marketplace, feature)]
    times = [state.get(key) for key in keys]
    told = [t for t in times if t is not None]
    return min(told) if told and len(told) == len(times) else None


def _next_at(run: SyncRun | None, now: datetime) -> datetime:
    if run is None:
        return now
    if run.goes_on_at and run.outcome != SyncRun.Outcome.DONE:
        return max(run.goes_on_at, now)
    return max(run.started_at + settings.SYNC_EVERY, now)


@dataclass(frozen=True, slots=True)
class Dropped:
    """How often a path arrived that is looked for only to be dropped (USE-4)."""

    marketplace: str
    feature: str
    path: str
    times: int


def dropped_since(
    seller: Seller, *, since: datetime, connection_id: UUID | None = None
) -> list[Dropped]:
    """What arrived unasked and was dropped since then, most frequent first."""
    runs = SyncRun.objects.of_seller(seller).filter(
        started_at__gte=since, fields_dropped__gt=0
    )
    if connection_id:
        runs = runs.filter(connection_id=connection_id)
    times: Counter[tuple[str, str, str]] = Counter()
    told: Iterable[tuple[str, str, dict[str, int]]] = runs.order_by().values_list(
        "connection__marketplace", "feature", "dropped"
    )
    for marketplace, feature, paths in told:
        for path, count in paths.items():
            times[marketplace, feature, path] += count
    return [Dropped(*key, count) for key, count in times.most_common()]
