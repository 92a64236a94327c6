"""The machine draws what a reviewer of the logs looks at; nobody chooses (GOV-1).

Of each kind the entries come first whose number, hashed with the review's seed, is
smallest. The seed is made with the review and stored, so an auditor can draw again
and gets the same.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter

from django.db.models import Q

from compliance.governance.reviews.drafts import Draft, Sort
from compliance.packing import Period
from compliance.reviewing import FINDINGS, Row
from plugseller.audit.models import Entry
from plugseller.shelves import EVENTS, Kind

OF_EACH = 5


@dataclass(frozen=True, slots=True)
class Drawer:
    """A kind of entries of which some are drawn."""

    name: str  # for people
    of: Q


def _is_export(name: str) -> bool:
    return name.startswith("export.") or name.endswith(".export")


def _drawers() -> tuple[Drawer, ...]:
    """From the catalogue of events, which is whole once the apps have started."""
    grants = ("grant.approved", "grant.break_glass")
    failed = ("person.sign_in_failed", "person.locked_out")
    exports = [name for name in EVENTS if _is_export(name)]
    changes = [
        name
        for name, event in EVENTS.items()
        if event.kind in (Kind.CHANGE, Kind.KEY) and name not in exports
    ]
    reads = [
        name
        for name, event in EVENTS.items()
        if event.kind == Kind.READ and name not in exports
    ]
    return (
        Drawer("Staff access", Q(event__in=grants)),
        Drawer("Exports", Q(event__in=exports)),
        Drawer("Changes", Q(event__in=changes)),
        Drawer("Failed sign-ins", Q(event__in=failed)),
        Drawer("Reads", Q(event__in=reads)),
    )


def drawn(seed: str, period: Period) -> list[tuple[str, int]]:
    """The numbers of the entries that are drawn, each with the name of its kind."""
    inside = Q(timestamp__gte=period.begins, timestamp__lt=period.ends)
    found = []
    for drawer in _drawers():
        numbers = Entry.objects.filter(inside & drawer.of).order_by()
        every = numbers.values_list("pk", flat=True).iterator()
        lots = ((_lot(seed, drawer.name, number), number) for number in every)
        first = heapq.nsmallest(OF_EACH, lots, key=itemgetter(0))
        found += [(drawer.name, number) for _, number in first]
    return found


def _lot(seed: str, name: str, number: int) -> str:
    return sha256(f"{seed}:{name}:{number}".encode()).hexdigest()


def of_logs(seed: str, period: Period) -> list[Draft]:
    """The sample, and behind it what the detection rules found."""
    chosen = drawn(seed, period)
    entries = Entry.objects.in_bulk([number for _, number in chosen])
    sample = [_entry(name, entries[number]) for name, number in chosen]
    return [*sample, *_findings(period)]


def _entry(name: str, entry: Entry) -> Draft:
    event = EVENTS.get(entry.event)
    return Draft(
        Sort.ENTRY,
        str(entry.pk),
        event.sentence if event else entry.event,
        entry.actor_id,
        entry.seller_id,
        {
            "drawn as": name,
            "event": entry.event,
            "about": entry.object_repr,
            "at": f"{entry.timestamp:%Y-%m-%d %H:%M}",
            "by": entry.actor_kind,
            "role": entry.role,
            "rows": entry.rows or 0,
            "hash": entry.hash,
        },
    )


def _findings(period: Period) -> Iterator[Draft]:
    for source in sorted(FINDINGS):
        yield from drafts(Sort.FINDING, source, FINDINGS[source](period))


def drafts(sort: Sort, source: str, rows: Iterable[Row]) -> Iterator[Draft]:
    """Rows of another room as items."""
    for row in rows:
        yield Draft(
            sort,
            row.subject[:100],
            row.label[:200],
            facts={**({"from": source} if source else {}), **row.facts},
            flags=row.flags,
        )
