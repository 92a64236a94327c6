"""What is new in the audit log, as the rules see it: piece by piece, each once.

A rule that failed on a piece is left behind there, with a place of its own in the log:
it sees nothing newer until it has seen that piece, and it misses nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Min

from compliance.incidents.detection.models import DayOfReads, Reading
from plugseller.audit.models import Entry
from plugseller.shelves import By

AT_ONCE = 2_000  # entries in one transaction
_NAME = "audit"
_LOOKS_BACK = timedelta(days=1)  # at the very first reading


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry, without what no rule needs."""

    id: int
    timestamp: datetime
    event: str
    actor_id: UUID | None
    actor_kind: str
    seller_id: UUID | None
    object_pk: str
    rows: int | None
    additional_data: dict[str, Any]

    @property
    def day(self) -> datetime:
        """The beginning of its day in UTC."""
        told = self.timestamp.astimezone(UTC)
        return told.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def is_read(self) -> bool:
        """Whether a person, or a person's program, was shown a seller's data."""
        return self.event.startswith("read.") and self.actor_kind != By.JOB


@dataclass(frozen=True, slots=True)
class News:
    """Entries that were added since the last reading."""

    entries: Sequence[Seen]
    is_cut: bool  # the log ends before what was read already
    since: int  # the last entry that was read before
    last: int

    def of(self, *events: str) -> list[Seen]:
        """Those of these events; one that ends with a dot names all below it."""
        return [
            entry
            for entry in self.entries
            if any(
                entry.event.startswith(e) if e.endswith(".") else entry.event == e
                for e in events
            )
        ]


def next_news(now: datetime) -> News | None:
    """What comes next, claimed: nobody else gets it. None if there is nothing new.

    In the caller's transaction, with which the claim ends.
    """
    at, _ = Reading.objects.get_or_create(
        name=_NAME, defaults={"position": _beginning(now), "read_at": now}
    )
    head = Entry.objects.aggregate(last=Max("id"))["last"] or 0
    is_cut = head < at.position
    return None if at.position == head else _claim(at, head, now, is_cut=is_cut)


def next_missed(rule: str, now: datetime) -> News | None:
    """What a rule that was left behind sees next, claimed as well; None if nothing is
    left, and then it is one of the others again. In the caller's transaction."""
    at = Reading.objects.filter(name=rule).first()
    head = Reading.objects.get(name=_NAME).position if at else 0
    if at is None:
        return None
    if at.position == head:
        at.delete()
        return None
    return _claim(at, head, now, is_cut=at.position > head)


def _claim(at: Reading, head: int, now: datetime, *, is_cut: bool) -> News | None:
    first = at.position if not is_cut else head
    last = min(first + AT_ONCE, head)
    ours = Reading.objects.filter(name=at.name, position=at.position)
    if not ours.update(position=last, read_at=now):
        return None  # another worker was faster
    return News(_entries(first, last), is_cut, at.position, last)


def leave_behind(rule: str, news: News, now: datetime) -> None:
    """The rule hasn't seen this piece. In the caller's transaction."""
    Reading.objects.create(name=rule, position=news.since, read_at=now)


def left_behind(known: Iterable[str]) -> dict[str, int]:
    """Which of these rules were left behind, and how many entries each hasn't seen."""
    read = dict(Reading.objects.values_list("name", "position"))
    upto = read.get(_NAME, 0)
    return {rule: abs(upto - read[rule]) for rule in known if rule in read}


def forget_others(known: Iterable[str]) -> None:
    """A rule that was taken out of the program isn't waited for."""
    Reading.objects.exclude(name__in=[_NAME, *known]).delete()


def _beginning(now: datetime) -> int:
    """An installation that is years old isn't judged for its past."""
    lately = Entry.objects.filter(timestamp__gte=now - _LOOKS_BACK)
    first: int | None = lately.aggregate(first=Min("id"))["first"]
    return first - 1 if first else Entry.objects.aggregate(m=Max("id"))["m"] or 0


def _entries(first: int, last: int) -> list[Seen]:
    names = Seen.__slots__
    found = Entry.objects.filter(id__gt=first, id__lte=last).order_by("id")
    return [Seen(*row) for row in found.values_list(*names)]


def add_reads(entries: Iterable[Seen]) -> None:
    """Count what people were shown towards their days. In the caller's transaction."""
    sums: dict[tuple[UUID, datetime], int] = defaultdict(int)
    for entry in entries:
        if entry.is_read and entry.actor_id and entry.rows:
            sums[entry.actor_id, entry.day] += entry.rows
    for (person, day), rows in sums.items():
        held, _ = DayOfReads.objects.get_or_create(person_id=person, day=day)
        DayOfReads.objects.filter(pk=held.pk).update(rows=F("rows") + rows)
