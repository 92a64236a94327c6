"""What the rooms below this one hold: keys and the audit log."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.pruning import due
from plugseller.crypto.models import DataKey, HeldKey
from plugseller.crypto.services import destroy_data_key
from plugseller.custody.erasers import Kept, Rows, hold_machine, hold_table
from plugseller.custody.models import Backup, Replay, Standing, Tombstone
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


class AuditLog(Kept):
    """Goes by whole months and proved first, by its own function (`audit.pruning`);
    what is overdue is what that would remove."""

    def overdue(self, before: datetime, *, of_seller: UUID | None = None) -> int:
        return 0 if of_seller else due(before)


hold_table(
    DataKey,
    "Data keys",
    data_class=DataClass.CREDENTIAL,
    rule="proofs",
    rank=10,
    store=DataKeys(DataKey, seller="owner", people=["owner"]),
)
hold_table(
    HeldKey,
    "Keys held outside",
    data_class=DataClass.EVIDENCE,
    rule="proofs",
    rank=0,
    store=Kept(HeldKey.objects.count),
    stays="When our own keys were changed; no key, and nobody, stands in it.",
)
hold_table(
    Entry,
    "Audit log",
    data_class=DataClass.EVIDENCE,
    rule="audit",
    rank=0,
    store=AuditLog(Entry.objects.count, _first_entry),
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
hold_table(
    Replay,
    "Replays of the deletion ledger",
    data_class=DataClass.EVIDENCE,
    rule="proofs",
    rank=0,
    store=Kept(Replay.objects.count),
    stays="They prove that what was erased stayed erased; nobody stands in them.",
)
hold_table(
    Backup,
    "Records of backups",
    data_class=DataClass.EVIDENCE,
    rule="requests",
    rank=0,
    age="removed_at",
    stays="They say until when a backup may hold something; nobody stands in them.",
)
hold_machine(Standing)
