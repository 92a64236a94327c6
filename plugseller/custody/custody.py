"""What the rooms below this one hold: keys and the audit log."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from plugseller.audit.models import Checkpoint, Entry
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import destroy_data_key
from plugseller.custody.erasers import Kept, Rows, hold_table
from plugseller.custody.models import Tombstone
from plugseller.shelves import DataClass, Scope


class DataKeys(Rows):
    """Erasing a data key destroys it; its empty row stays as the proof."""

    most = 100

    def of(self, scope: Scope) -> QuerySet[Any]:
        return super().of(scope).filter(destroyed_at=None)

    def remove(self, keys: Collection[Any]) -> int:
        owners = self._all().filter(pk__in=keys, destroyed_at=None)
        found = list(owners.order_by("owner").values_list("owner", flat=True))
        return sum(destroy_data_key(owner) for owner in dict.fromkeys(found))


def _first_entry() -> datetime | None:
    first = Entry.objects.order_by("id").first()
    return first.timestamp if first else None


hold_table(
    DataKey,
    "Data keys",
    data_class=DataClass.CREDENTIAL,
    rule="proofs",
    rank=10,
    store=DataKeys(DataKey, seller="owner", people=["owner"]),
)
hold_table(
    Entry,
    "Audit log",
    data_class=DataClass.EVIDENCE,
    rule="audit",
    rank=0,
    store=Kept(
        Entry.objects.count,
        lambda: (
            Entry.objects.order_by("id").values_list("timestamp", flat=True).first()
        ),
    ),
    stays="It proves what was done; it holds ids instead of names.",
)
hold_table(
    Checkpoint,
    "Checkpoints of the audit log",
    data_class=DataClass.EVIDENCE,
    rule="proofs",
    rank=0,
    store=Kept(Checkpoint.objects.count),
    stays="Signed statements about the audit log, without anybody in them.",
)
hold_table(
    Tombstone,
    "What was erased",
    data_class=DataClass.EVIDENCE,
    rule="proofs",
    rank=0,
    store=Kept(Tombstone.objects.count),
    stays="Keyed hashes that keep erased data from coming back.",
)
