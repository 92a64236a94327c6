"""Whose data was touched in a time, as the audit log and the connections tell (INC-2).

Reads are counted, and exports among them; what a sync wrote is no access of anybody's.
A connection named by itself reaches its seller even where nothing was read: whoever
held its credentials could read past us.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from marketplaces.models import Connection
from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from plugseller.shelves import EVENTS, DataClass, Kind

ANY = ""
_OF_PERSONS = frozenset({"read.activity.list", "read.activity.export"})


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries are meant. Empty: any."""

    since: datetime
    until: datetime
    actor: str = ANY  # id of a person
    token: str = ANY  # id of an API key
    connection: str = ANY
    event: str = ANY  # "read.orders." is everything below it

    def narrowed(self) -> dict[str, str]:
        told = asdict(self)
        return {name: told[name] for name in _NARROWS if told[name]}


_NARROWS = ("actor", "token", "connection", "event")


@dataclass(slots=True)
class Touched:
    """What was touched of one seller."""

    seller: str
    reads: int = 0
    rows: int = 0
    data: list[str] = field(default_factory=list)  # data classes
    connections: list[str] = field(default_factory=list)
    marketplaces: list[str] = field(default_factory=list)
    is_gone: bool = False  # deleted since: who it was stands in the ledger alone
    by_hand: bool = False  # an officer added it


def touched(window: Window, by_hand: Iterable[str] = ()) -> list[Touched]:
    """Every seller that was touched, by id; `by_hand` ones whatever the log says."""
    found: dict[str, Touched] = {}
    for pk, event, reads, rows in _reads(window):
        one = found.setdefault(str(pk), Touched(str(pk)))
        one.reads, one.rows = one.reads + reads, one.rows + (rows or 0)
        one.data = sorted({*one.data, _class_of(event)})
    if window.connection:
        account = _all().filter(pk=window.connection).first()
        if account:
            seller = str(account.seller_id)
            one = found.setdefault(seller, Touched(seller))
            one.data = sorted({*one.data, DataClass.CREDENTIAL.value})
    for seller in by_hand:
        found.setdefault(seller, Touched(seller)).by_hand = True
    _add_connections(found, window)
    there = Seller.objects.filter(pk__in=list(found)).values_list("pk", flat=True)
    known = {str(pk) for pk in there}
    for one in found.values():
        one.is_gone = one.seller not in known
    return [found[seller] for seller in sorted(found)]


def entries_in(window: Window) -> QuerySet[Entry]:
    """The reads that are meant."""
    reads = [name for name, one in EVENTS.items() if one.kind is Kind.READ]
    if window.event:
        below = window.event.endswith(".")
        reads = [
            name
            for name in reads
            if (name.startswith(window.event) if below else name == window.event)
        ]
    asked = Q(event__in=reads, timestamp__gte=window.since, timestamp__lt=window.until)
    if window.actor:
        asked &= Q(actor_id=window.actor)
    if window.token:
        asked &= Q(via=window.token)
    if window.connection:
        sellers = _all().filter(pk=window.connection).values("seller")
        asked &= Q(seller_id__in=sellers)
    found: QuerySet[Entry] = Entry.objects.filter(asked, seller_id__isnull=False)
    return found.order_by()


def _reads(window: Window) -> Iterable[tuple[UUID, str, int, int | None]]:
    summed: Any = entries_in(window).values_list("seller_id", "event")
    yield from summed.annotate(Count("id"), Sum("rows"))


def _class_of(event: str) -> str:
    personal = event in _OF_PERSONS
    return (DataClass.PERSONAL if personal else DataClass.MARKETPLACE).value


def _add_connections(found: dict[str, Touched], window: Window) -> None:
    """The seller's accounts that were there in the time: what was shown is of them."""
    ours = _all().filter(seller__in=list(found), connected_at__lt=window.until)
    ours = ours.filter(Q(ended_at=None) | Q(ended_at__gte=window.since))
    if window.connection:
        ours = ours.filter(pk=window.connection)
    by_seller: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for pk, seller, name in ours.values_list("pk", "seller", "marketplace"):
        by_seller[seller].append((str(pk), name))
    for seller, accounts in by_seller.items():
        one = found[str(seller)]
        one.connections = sorted(pk for pk, _ in accounts)
        one.marketplaces = sorted({name for _, name in accounts})


def _all() -> "QuerySet[Connection]":
    return Connection.objects.across_sellers(
        reason="whom an incident affects: ids and marketplaces, never contents"
    )
