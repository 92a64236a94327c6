"""The usual ways to count and erase what lies in a table (RET-1, RET-2).

Every statement here is one of a batch in its caller's transaction, and the caller
writes the audit entry: deletion by its holding, retention by its table.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Min, Q
from django.db.models.expressions import Combinable

from plugseller.shelves import DataClass, Holding, Scope, Store, hold

Rows_ = models.QuerySet[Any]
NOTHING = Q(pk__in=())


_told: ContextVar[Callable[[str, int], object] | None] = ContextVar(
    "told", default=None
)


@contextmanager
def telling(told: Callable[[str, int], object]) -> Iterator[None]:
    """Have `told(holding, rows)` called for what goes along with something else."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def went_along(model: type[models.Model], rows: int) -> None:
    """Say that rows of another table went with those that were asked for."""
    if rows and (told := _told.get()):
        told(model._meta.label, rows)


class Rows:
    """The rows of one table, by whom they belong to and how old they are.

    `seller`, `connection` and `people` are look-up paths to the ids of whom a row
    belongs to; a table without one holds nothing of such an owner. `age` is the path
    to the instant retention counts from, or an expression that gives it; rows where it
    is empty don't age.
    """

    most = 30_000  # rows in one transaction; fewer where each takes others along

    def __init__(
        self,
        model: type[models.Model],
        *,
        seller: str = "",
        connection: str = "",
        people: Collection[str] = (),
        age: "str | Combinable" = "",
        only: Q | None = None,
    ) -> None:
        self.model = model
        self._seller = seller
        self._connection = connection
        self._people = people
        self._age = age
        self._only = only or Q()  # of what ages, what may go

    def total(self) -> int:
        return self._all().count()

    def oldest(self) -> datetime | None:
        if not self._age:
            return None
        aging = self._all().filter(self._only)
        found: datetime | None = aging.aggregate(first=Min(self._age))["first"]
        return found

    def count(self, scope: Scope) -> int:
        return self.of(scope).count()

    def erase(self, scope: Scope, *, at_most: int) -> int:
        return self._remove(self.of(scope), at_most)

    def walk(self, scope: Scope) -> "Walk":
        """A way through the rows of the scope that keeps its place."""
        return Walk(self, scope)

    def overdue(
        self,
        before: datetime,
        *,
        of_seller: UUID | None = None,
    ) -> int:
        return self._old(before, of_seller).count()

    def purge(
        self,
        before: datetime,
        *,
        at_most: int,
        of_seller: UUID | None = None,
    ) -> int:
        return self._remove(self._old(before, of_seller), at_most)

    def of(self, scope: Scope) -> Rows_:
        """The rows that belong to the scope."""
        mine = NOTHING
        if scope.connection_id and self._connection:
            mine |= Q(**{self._connection: scope.connection_id})
        if scope.whole_seller and self._seller:
            mine |= Q(**{self._seller: scope.whole_seller})
        if scope.people:
            for path in self._people:
                mine |= Q(**{f"{path}__in": sorted(scope.people)})
        return self._all().filter(mine)

    def _old(self, before: datetime, of_seller: UUID | None) -> Rows_:
        if not self._age:
            return self._all().none()
        old = self._aging().filter(age_lies_at__lt=before)
        if of_seller is not None:
            mine = Q(**{self._seller: of_seller}) if self._seller else NOTHING
            return old.filter(mine)
        return old

    def _aging(self) -> Rows_:
        """What retention may take at some time, and the instant it counts from."""
        age = F(self._age) if isinstance(self._age, str) else self._age
        found: Rows_ = self._all().filter(self._only).alias(age_lies_at=age)
        return found

    def _all(self) -> Rows_:
        # The base manager: an eraser must see what the fence would hide.
        return self.model._base_manager.all()

    def _remove(self, rows: Rows_, at_most: int) -> int:
        """Delete `at_most` of the rows, whichever come first."""
        keys = rows.order_by().values_list("pk", flat=True)[: min(at_most, self.most)]
        return self.remove(list(keys))

    def remove(self, keys: Collection[Any]) -> int:
        """Delete the rows with these keys; how many were there."""
        return delete_where(self.model, self.model._meta.pk.name, keys)


def delete_where(model: type[models.Model], field: str, values: Collection[Any]) -> int:
    """Delete the rows whose field has one of the values, in one statement; how many.

    The values go as one: ten thousand of them as parameters would take Django as long
    as it takes the database to delete the rows.
    """
    column: models.Field[Any, Any] = model._meta.get_field(field)  # type: ignore[assignment]  # no relation backwards
    told = _as_the_database_has(values, column)
    quote = connection.ops.quote_name
    is_one = "= ANY(%s)"
    given: Any = told
    if connection.vendor == "sqlite":
        is_one = "IN (SELECT value FROM json_each(%s))"
        given = json.dumps(told)
    table, name = quote(model._meta.db_table), quote(str(column.column))
    with connection.cursor() as cursor:
        sql = f"DELETE FROM {table} WHERE {name} {is_one}"  # noqa: S608  names of models
        cursor.execute(sql, [given])
        return max(0, int(cursor.rowcount))


def _as_the_database_has(
    values: Collection[Any], column: "models.Field[Any, Any]"
) -> list[Any]:
    """Numbers are there already; asking Django about each takes as long as deleting
    the half of them."""
    if isinstance(getattr(column, "target_field", column), models.IntegerField):
        return list(values)
    return [column.get_db_prep_value(one, connection) for one in values]


class Walk:
    """The rows of a scope in the order of their keys, some thousand at a time.

    Rows that were written together lie together, so a batch of neighbours touches far
    fewer pages of the database than one in another order. What is next is looked up
    outside of the transaction that removes it, once for many batches.
    """

    AHEAD = 250_000  # keys known at a time; the memory doesn't grow with the table

    def __init__(self, rows: Rows, scope: Scope) -> None:
        self.most = rows.most
        self._rows = rows
        self._scope = scope
        self._keys: list[Any] = []  # the next ones at the end
        self._last: Any = None

    def look(self) -> bool:
        """Find out what is next, before a batch's transaction; False if nothing."""
        if self._keys:
            return True
        rows = self._rows.of(self._scope).order_by("pk").values_list("pk", flat=True)
        if self._last is not None:
            self._find(rows.filter(pk__gt=self._last))
        if not self._keys:  # from the beginning: some may have come in between
            self._find(rows)
        return bool(self._keys)

    def take(self, at_most: int) -> int:
        """Remove the next ones; 0 when there are no more."""
        removed = 0
        while self._keys and not removed:
            some = self._keys[: -at_most - 1 : -1]
            del self._keys[-at_most:]
            removed = self._rows.remove(some)
        return removed

    def _find(self, rows: Rows_) -> None:
        self._keys = list(rows[: self.AHEAD])
        self._last = self._keys[-1] if self._keys else None
        self._keys.reverse()


class Mentioning(Rows):
    """Rows that belong to whom their text mentions; `told` gives that text.

    For small tables whose columns a query can't look into: each row is read.
    """

    def __init__(
        self,
        model: type[models.Model],
        *,
        told: Callable[[Any], Iterable[object]],
        **paths: Any,
    ) -> None:
        super().__init__(model, **paths)
        self._told = told

    def of(self, scope: Scope) -> Rows_:
        names = names_of(scope)
        if names is None:
            return self._all().none()
        found = [
            row.pk
            for row in self._all().iterator(chunk_size=500)
            if mentions(names, self._told(row))
        ]
        known = super().of(scope).values("pk")
        return self._all().filter(Q(pk__in=known) | Q(pk__in=found))


def names_of(scope: Scope, *others: str) -> re.Pattern[str] | None:
    """How a text may name what is meant: ids in both spellings, addresses, `others`.

    An address within a longer one is another address. None if nothing is meant.
    """
    ids = [spelt for one in sorted(scope.ids) for spelt in (str(one), one.hex)]
    parts = [*map(re.escape, ids), *map(re.escape, others)]
    for address in sorted(scope.addresses):
        exactly = re.escape(address.casefold())
        parts.append(rf"(?<![\w.+-]){exactly}(?!\.?[\w-])")
    return re.compile("|".join(parts)) if parts else None


def mentions(names: re.Pattern[str], texts: Iterable[object]) -> bool:
    """Whether one of the texts names somebody."""
    return names.search("\n".join(map(str, texts)).casefold()) is not None


class Kept:
    """A place that is only counted: what no erasure and no retention takes."""

    def __init__(self, total: Callable[[], int], age: Callable[[], Any] | None = None):
        self._total = total
        self._age = age

    def total(self) -> int:
        return self._total()

    def oldest(self) -> datetime | None:
        return self._age() if self._age else None

    def count(self, scope: Scope) -> int:
        return 0

    def erase(self, scope: Scope, *, at_most: int) -> int:
        return 0

    def overdue(
        self,
        before: datetime,
        *,
        of_seller: UUID | None = None,
    ) -> int:
        return 0

    def purge(
        self,
        before: datetime,
        *,
        at_most: int,
        of_seller: UUID | None = None,
    ) -> int:
        return 0


def hold_table(
    model: type[models.Model],
    label: str,
    *,
    data_class: DataClass,
    rule: str,
    rank: int,
    store: Store | None = None,
    stays: str = "",
    **paths: Any,
) -> Holding:
    """Register a table; `paths` are those of `Rows`."""
    return hold(
        Holding(
            name=model._meta.label,
            label=label,
            data_class=data_class,
            rule=rule,
            store=store or Rows(model, **paths),
            rank=rank,
            stays=stays,
        )
    )


def hold_machine(*tables: type[models.Model]) -> None:
    """Register tables that hold nothing of a seller or a person."""
    for model in tables:
        hold_table(
            model,
            str(model._meta.verbose_name_plural).capitalize(),
            data_class=DataClass.OPERATIONAL,
            rule="machine",
            rank=0,
            stays="It holds nothing of a seller or a person.",
        )
