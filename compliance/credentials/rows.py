"""The inventory of credentials: what every floor put on the shelf (ACC-3)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plugseller.shelves import CREDENTIALS, CredentialRow, Standing

_WORST_FIRST = list(Standing)


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
    items = [
        Item(entry.source, row, row.standing(now))
        for entry in CREDENTIALS.values()
        for row in entry.rows(now, until)
    ]
    return sorted(items, key=_urgency)


def _urgency(item: Item) -> tuple[int, bool, float, str]:
    due = item.row.due_at
    return (
        _WORST_FIRST.index(item.standing),
        due is None,
        due.timestamp() if due else 0.0,
        item.row.kind,
    )


def due_by(subject_id: UUID, now: datetime, until: datetime) -> CredentialRow | None:
    """That credential, if it is still in use and due by then."""
    for item in inventory(now, until=until):
        if item.row.subject_id == subject_id:
            return item.row
    return None
