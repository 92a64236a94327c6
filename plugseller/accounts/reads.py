"""What was read under staff grants, as the audit log tells it (ACC-2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from plugseller.shelves import EVENTS


@dataclass(frozen=True, slots=True)
class Read:
    """How often one kind of page was opened under one grant, and how much was on it."""

    event: str
    times: int
    rows: int

    @property
    def sentence(self) -> str:
        return sentence_of(self.event)


def entries_under(seller: Seller, grants: Iterable[UUID]) -> QuerySet[Entry]:
    """All that was done with this seller under these grants, last first."""
    found: QuerySet[Entry] = Entry.objects.filter(
        grant_id__in=list(grants), seller_id=seller.pk
    )
    return found.order_by("-id")


def reads_under(
    seller: Seller,
    grants: Iterable[UUID],
    *,
    since: datetime | None = None,
    before: datetime | None = None,
) -> Mapping[UUID, list[Read]]:
    """Reads by kind for each grant that has any, in one query."""
    reads = entries_under(seller, grants).filter(action=Entry.Action.ACCESS)
    if since is not None:
        reads = reads.filter(timestamp__gte=since)
    if before is not None:
        reads = reads.filter(timestamp__lt=before)
    summed = reads.order_by("grant_id", "event").values_list("grant_id", "event")
    found: dict[UUID, list[Read]] = defaultdict(list)
    for grant_id, event, times, rows in summed.annotate(Count("id"), Sum("rows")):
        found[grant_id].append(Read(event, times, rows or 0))
    return found


def sentence_of(event: str) -> str:
    """ "looked at orders"; an event no longer in the catalogue by its name."""
    return EVENTS[event].sentence if event in EVENTS else event
