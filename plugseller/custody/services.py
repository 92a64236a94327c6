"""What was erased doesn't come back: the suppression list (RET-2)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from plugseller.custody.hashing import all_hashes, keyed_now
from plugseller.custody.models import Tombstone
from plugseller.shelves import HOLDINGS, Holding


def in_order() -> list[Holding]:
    """All holdings in the order in which they are erased."""
    return sorted(HOLDINGS.values(), key=lambda one: (one.rank, one.name))


def bury(
    kind: Tombstone.Kind, value: UUID, *, request: str, now: datetime
) -> Tombstone:
    """Put an id on the suppression list; doing so again changes nothing."""
    hashed, key_id = keyed_now(kind, value)
    found = Tombstone.objects.filter(kind=kind, hash__in=all_hashes(kind, value))
    stone, _ = Tombstone.objects.get_or_create(
        pk__in=found.values("pk"),
        defaults={
            "kind": kind,
            "hash": hashed,
            "key_id": key_id,
            "request": request,
            "made_at": now,
        },
    )
    return stone


def is_buried(kind: Tombstone.Kind, value: UUID) -> bool:
    """Whether the id was erased. Raises KeyTrouble."""
    hashes = all_hashes(kind, value)
    return Tombstone.objects.filter(kind=kind, hash__in=hashes).exists()


def stones_of(kind: Tombstone.Kind, values: Iterable[UUID]) -> dict[UUID, Tombstone]:
    """When and by which request each of the ids was erased. Raises KeyTrouble."""
    by_hash = {hashed: one for one in values for hashed in all_hashes(kind, one)}
    found = Tombstone.objects.filter(kind=kind, hash__in=list(by_hash))
    return {by_hash[stone.hash]: stone for stone in found}


class Stones:
    """Whether one id was buried, as a condition in a statement that is asked anyway:
    for who writes page by page.

    Its hashes are made once. Raises KeyTrouble when it is made.
    """

    def __init__(self, kind: Tombstone.Kind, value: UUID) -> None:
        self.parameters = [kind.value, *all_hashes(kind, value)]
        places = ", ".join(["%s"] * (len(self.parameters) - 1))
        self.condition = (
            f"EXISTS (SELECT 1 FROM {Tombstone._meta.db_table} "  # noqa: S608  a model's name
            f"WHERE kind = %s AND hash IN ({places}))"
        )
