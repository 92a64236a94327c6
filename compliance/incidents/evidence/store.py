"""Evidence as the custody sees it: rows that take their files along, and files."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from compliance.incidents.evidence.files import files
from compliance.incidents.evidence.models import EvidenceFile
from plugseller.custody.erasers import Rows
from plugseller.shelves import Scope


class EvidenceRows(Rows):
    """Rows that go with their incident, each with its file."""

    def __init__(self) -> None:
        super().__init__(EvidenceFile, age="incident__ended_at")

    def remove(self, keys: Collection[Any]) -> int:
        """The files first: a row without its file is harmless, a file without its
        row would be forgotten."""
        ours = self._all().filter(pk__in=keys)
        for name in ours.values_list("file_name", flat=True):
            files.shred(name)
        return super().remove(keys)


class EvidenceFiles:
    """What lies on disk. What no row answers for was left by a crash, and only ages."""

    def total(self) -> int:
        return len(files.names())

    def oldest(self) -> datetime | None:
        return min(files.names().values(), default=None)

    def count(self, scope: Scope) -> int:
        return 0

    def erase(self, scope: Scope, *, at_most: int) -> int:
        return 0

    def overdue(self, before: datetime, *, of_seller: UUID | None = None) -> int:
        return len(self._left(before)) if of_seller is None else 0

    def purge(
        self, before: datetime, *, at_most: int, of_seller: UUID | None = None
    ) -> int:
        left = self._left(before) if of_seller is None else []
        return sum(files.shred(name) for name in left[:at_most])

    def _left(self, before: datetime) -> list[str]:
        known = set(EvidenceFile.objects.values_list("file_name", flat=True))
        old = {name for name, written in files.names().items() if written < before}
        return sorted(old - known)
