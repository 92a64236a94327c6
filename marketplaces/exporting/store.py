"""Packages as the custody sees them: rows that take their files along, and files."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from marketplaces.exporting.files import files
from marketplaces.models import DataExport
from plugseller.accounts.models import Membership
from plugseller.custody.erasers import Rows
from plugseller.shelves import Scope


class Exports(Rows):
    """Rows of packages. Whoever stands in the team stands in the package too.

    A row ages from the end of its package: counted from when it was asked for, it
    would take the file along before the instant that its owner was told.
    """

    def __init__(self) -> None:
        super().__init__(
            DataExport,
            seller="seller",
            connection="seller__connections",
            people=["asked_by"],
            age=Coalesce("ended_at", "expires_at"),
        )

    def of(self, scope: Scope) -> QuerySet[Any]:
        own = super().of(scope)
        if not scope.people:
            return own
        at = Membership.objects.filter(user__in=scope.people).values("seller")
        return self._all().filter(Q(pk__in=own.values("pk")) | Q(seller__in=at))

    def remove(self, keys: Collection[Any]) -> int:
        """The files first: a row without its file is harmless, a file without its
        row would be forgotten."""
        ours = self._all().filter(pk__in=keys)
        for name in ours.values_list("file_name", flat=True):
            files.shred(name)
        return super().remove(keys)


class ExportFiles:
    """What lies on disk. Files no row answers for belong to nobody and only age."""

    def total(self) -> int:
        return len(files.names())

    def oldest(self) -> datetime | None:
        return min(files.names().values(), default=None)

    def count(self, scope: Scope) -> int:
        return len(self._of(scope))

    def erase(self, scope: Scope, *, at_most: int) -> int:
        return _shred(self._of(scope)[:at_most])

    def overdue(
        self,
        before: datetime,
        *,
        of_seller: UUID | None = None,
    ) -> int:
        return len(self._old(before, of_seller))

    def purge(
        self,
        before: datetime,
        *,
        at_most: int,
        of_seller: UUID | None = None,
    ) -> int:
        return _shred(self._old(before, of_seller)[:at_most])

    def _of(self, scope: Scope) -> list[str]:
        known = Exports().of(scope).values_list("file_name", flat=True)
        return [name for name in known if files.is_there(name)]

    def _old(self, before: datetime, of_seller: UUID | None) -> list[str]:
        old = [name for name, written in files.names().items() if written < before]
        if of_seller is None:
            return old
        theirs = set(self._of(Scope(seller_id=of_seller)))
        return [name for name in old if name in theirs]


def _shred(names: Collection[str]) -> int:
    return sum(files.shred(name) for name in names)
