"""The inventory of credentials: what every floor put on the shelf (ACC-3)."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plugseller.shelves import CREDENTIALS, CredentialRow, Credentials, Standing


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the inventory, with where it is from and how it stands."""

    source: str
    row: CredentialRow
    standing: Standing

    @property
    def verbs(self) -> tuple[str, ...]:
        """What can be done with it from the desk."""
        does = CREDENTIALS[self.source].does
        return tuple(verb for verb in self.row.can if verb in does)

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to do something now."""
        return self.standing in (Standing.TROUBLE, Standing.OVERDUE)


def inventory(now: datetime, *, until: datetime | None = None) -> list[Item]:
    """Every credential in use, the worst and the most urgent first.

    With `until` only what is due by then.
    """
    return list(by_urgency(now, until=until))


def by_urgency(
    now: datetime, *, until: datetime | None = None, source: str = ""
) -> Iterator[Item]:
    """The same one by one, of one source or of all: what isn't taken isn't read."""
    sources = [one for one in CREDENTIALS.values() if source in ("", one.source)]
    rows = [_items(one, now, until) for one in sources]
    return heapq.merge(*rows, key=lambda item: item.row.urgency())


def _items(entry: Credentials, now: datetime, until: datetime | None) -> Iterator[Item]:
    rows = entry.rows(now, until)
    if not entry.in_order:
        rows = sorted(rows, key=CredentialRow.urgency)
    for row in rows:
        yield Item(entry.source, row, row.standing(now))


def find(
    subject_id: UUID, now: datetime, *, until: datetime | None = None
) -> Item | None:
    """That credential, if it is still in use, and due by then."""
    for entry in CREDENTIALS.values():
        for row in entry.rows(now, until, subject_id):
            if row.subject_id == subject_id:
                return Item(entry.source, row, row.standing(now))
    return None
