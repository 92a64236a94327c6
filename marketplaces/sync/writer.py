"""How a page gets into the database.

`write` is called in the transaction that also saves the checkpoint, so a page is in
with all its rows or not at all. A page written twice changes nothing: rows that are
older than what we have, or equal to it, are refused by the statement itself, so nothing
is read back.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import chain, repeat
from operator import attrgetter
from typing import Any

from django.db import connection

from marketplaces.models import Connection, Market, OrderItem
from marketplaces.records import OrderRecord, Record
from marketplaces.sync.fitting import misfits
from marketplaces.sync.tables import (
    LINES,
    TABLE_OF,
    Table,
    statements,
    upsert_lines,
    upsert_lines_unless_older,
)
from plugseller.custody.models import Tombstone
from plugseller.custody.services import Stones
from plugseller.jobs.leases import LeaseLost

TOO_OLD = "It is older than orders are kept."
Values = Sequence[Any]
Columns = list[Values]


@dataclass(slots=True)
class Written:
    """What became of a page's records. Lines of orders are counted with their order."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> times


class Erased(LeaseLost):
    """The connection was erased meanwhile: nothing of it is written any more."""


class Writer:
    """Writes the pages of one operation in one run."""

    def __init__(
        self,
        account: Connection,
        *,
        operation: str,
        run_id: int,
        oldest_order: datetime | None = None,
    ) -> None:
        self._account = Market._meta.get_field("connection").get_db_prep_save(
            account.pk, connection
        )
        self._seller = OrderItem._meta.get_field("seller").get_db_prep_save(
            account.seller_id, connection
        )
        self._operation = operation
        self._run_id = run_id
        self._stones = Stones(Tombstone.Kind.CONNECTION, account.pk)
        self._oldest_order = oldest_order  # older ones were, or would be, purged
        self._newest: dict[Table, int] = {}  # the highest id before this page

    def write(self, records: Iterable[Record], *, fetched_at: datetime) -> Written:
        """Upsert the records; to be called in a transaction, which the caller ends.

        Raises Erased for a connection that was deleted: not even a page that was on
        its way brings anything of it back (RET-2).
        """
        written = Written()
        by_kind: dict[Table, list[Any]] = {}
        for record in records:
            table = TABLE_OF.get(type(record))
            if table is not None:
                by_kind.setdefault(table, []).append(record)
        for table, alike in by_kind.items():
            self._write_table(table, alike, fetched_at, written)
        return written

    def _write_table(
        self, table: Table, alike: list[Any], fetched_at: datetime, written: Written
    ) -> None:
        batch = _Batch(table, _without_doubles(table, alike))
        bad = batch.misfits() | batch.too_old(self._oldest_order)
        if bad:
            written.skipped.update(bad.values())
            batch = batch.without(bad)
        if not batch.records:
            return
        newest = self._newest_id(table)
        touched = self._upsert(batch, fetched_at)
        if touched and batch.lines is not None:
            all_written = touched == len(batch.records)
            self._write_lines(batch, batch.lines, all_written=all_written)
        if touched and table.history is not None:
            self._remember(batch)
        new = self._count_new(table, newest) if touched else 0
        written.new += new
        written.changed += touched - new
        written.unchanged += len(batch.records) - touched

    def _upsert(self, batch: "_Batch", fetched_at: datetime) -> int:
        """How many rows were written, new or changed."""
        table = batch.table
        given = {
            "seller": self._seller,
            "connection": self._account,
            "fetched_at": _instants([fetched_at])[0],
            "operation": self._operation,
            "run_id": self._run_id,
        }
        constants = [repeat(given[name]) for name in table.constants]
        columns = [*_bound(table, batch.columns), *batch.derived()]
        rows = list(zip(*columns, *constants, strict=False))
        with connection.cursor() as cursor:
            cursor.executemany(statements(table.model).upsert, rows)
            return max(0, int(cursor.rowcount))

    def _write_lines(
        self, orders: "_Batch", lines: "_Batch", *, all_written: bool
    ) -> None:
        """The lines of the page's orders, but not of those we know newer.

        If every order of the page was written, none of them is. If none was, its lines
        are all known: an order is written whenever the digest of its lines differs.
        """
        if not lines.records:
            return
        numbers: Values = [o.external_id for o in orders.records for _ in o.items]
        keys = [repeat(self._seller), repeat(self._account), numbers]
        sql = upsert_lines()
        if not all_written:
            sql = upsert_lines_unless_older()
            keys.append(_instants([o.as_of for o in orders.records for _ in o.items]))
        rows = list(zip(*lines.columns, *keys, strict=False))
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    def _remember(self, batch: "_Batch") -> None:
        names = batch.table.told
        keys = [batch.columns[names.index(name)] for name in batch.table.key]
        rows = list(zip(repeat(self._account), *keys, strict=False))
        with connection.cursor() as cursor:
            cursor.executemany(statements(batch.table.model).remember, rows)

    def _newest_id(self, table: Table) -> int:
        """The highest id before the page: what is above it afterwards is new.

        Ids only grow, and nobody else writes this connection's rows while we hold its
        lease, so one look per run is enough.
        """
        if table not in self._newest:
            with connection.cursor() as cursor:
                cursor.execute(statements(table.model).newest)
                self._newest[table] = cursor.fetchone()[0] or 0
        return self._newest[table]

    def _count_new(self, table: Table, newest: int) -> int:
        """How many rows are new. The statement also looks whether what they belong to
        was erased: whatever was written is taken back then."""
        counted = statements(table.model).written
        stones = self._stones
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {stones.condition}, counted.* FROM ({counted}) AS counted",  # noqa: S608  no value in it
                [*stones.parameters, self._account, newest],
            )
            erased, count, highest = cursor.fetchone()
        if erased:
            raise Erased(self._operation)
        self._newest[table] = highest or newest
        return int(count)

    def forget(self) -> None:
        """After a transaction that was rolled back: the ids seen in it are void."""
        self._newest.clear()


class _Batch:
    """A page's records for one table, and their values column by column."""

    def __init__(self, table: Table, records: list[Any]) -> None:
        self.table = table
        self.records = records
        self.columns = _columns(table, records)
        self.lines: _Batch | None = None
        if table.record is OrderRecord:
            of_all = chain.from_iterable([order.items for order in records])
            self.lines = _Batch(LINES, list(of_all))

    def misfits(self) -> dict[int, str]:
        """Row number -> why it can't be kept; an order goes with its lines."""
        found = misfits(self.table, self.columns)
        if self.lines is None:
            return found
        of_lines = misfits(LINES, self.lines.columns)
        if of_lines:
            owners = [n for n, order in enumerate(self.records) for _ in order.items]
            found = {owners[line]: why for line, why in of_lines.items()} | found
        return found

    def too_old(self, oldest: datetime | None) -> dict[int, str]:
        """Orders that retention would remove again; their changes still come."""
        if oldest is None or self.table.record is not OrderRecord:
            return {}
        placed = self.columns[self.table.told.index("placed_at")]
        return {n: TOO_OLD for n, at in enumerate(placed) if at and at < oldest}

    def derived(self) -> Columns:
        """What we make of the records; to be asked for once all of them fit."""
        return [list(map(made, self.records)) for made in self.table.derived.values()]

    def without(self, bad: Container[int]) -> "_Batch":
        good = [record for n, record in enumerate(self.records) if n not in bad]
        return _Batch(self.table, good)


@cache
def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*names)


def _columns(table: Table, records: list[Any]) -> Columns:
    """The records' values, column by column, in the order of `table.told`."""
    if not records:
        return [()] * len(table.told)
    return list(zip(*map(_getter(table.told), records), strict=True))


def _bound(table: Table, columns: Columns) -> Columns:
    """The columns as the database driver takes them."""
    timed = {"as_of", "placed_at", "ship_by", "listed_at"}
    return [
        _instants(values) if name in timed else values
        for name, values in zip(table.told, columns, strict=True)
    ]


def _instants(values: Values) -> Values:
    """Instants as Django keeps them: in SQLite UTC, without saying so."""
    if connection.vendor != "sqlite":
        return values
    return [
        None
        if value is None
        else (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ")[
            :-6
        ]
        for value in values
    ]


def _without_doubles(table: Table, alike: list[Any]) -> list[Any]:
    """One record per key: the newest, or the last one of equals."""
    key = attrgetter(*table.key)
    kept = {key(record): record for record in alike}
    if len(kept) == len(alike):
        return alike
    kept = {}
    for record in alike:
        known = kept.get(key(record))
        if known is None or not _is_older(record, known):
            kept[key(record)] = record
    return list(kept.values())


def _is_older(one: Any, other: Any) -> bool:
    mine, its = getattr(one, "as_of", None), getattr(other, "as_of", None)
    return mine is not None and its is not None and mine < its
