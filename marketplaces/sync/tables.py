"""Which record goes into which table: literal tables, and the SQL made from them.

The statements are made once per process from the models' own metadata. They are the
same for SQLCipher and PostgreSQL: `INSERT .. ON CONFLICT .. DO UPDATE .. WHERE`, whose
WHERE refuses what is older than the row and what changes nothing.
"""

# ruff: noqa: S608 (names of our own models make up the SQL; values are parameters)

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any

import msgspec
from django.db import connection, models

from marketplaces.models import (
    Listing,
    Market,
    Order,
    OrderItem,
    Price,
    PriceChange,
    Product,
    Stock,
    StockChange,
)
from marketplaces.records import (
    ListingRecord,
    MarketRecord,
    OrderItemRecord,
    OrderRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
)

PROVENANCE = ("seller", "connection", "fetched_at", "operation", "run_id")
"""Columns that say where a row is from; the same for all rows of a page."""

Derived = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Table:
    """How one kind of record is kept."""

    model: type[models.Model]
    record: type[msgspec.Struct]
    key: tuple[str, ...]  # besides the connection: what names the fact
    facts: tuple[str, ...]  # what is told about it
    derived: Mapping[str, Derived] = field(default_factory=dict)
    told_once: tuple[str, ...] = ()  # None doesn't undo what was told before
    history: type[models.Model] | None = None
    measured: tuple[str, ...] = ()  # a change of these is a line of history
    marks_gone: bool = False  # has `gone_at`
    has_provenance: bool = True

    @cached_property
    def told(self) -> tuple[str, ...]:
        """Names of the fields that the record has as well."""
        as_of = ("as_of",) if self.has_provenance else ()
        return (*self.key, *as_of, *self.facts)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields that come from the record."""
        return (*self.told, *self.derived)

    @cached_property
    def constants(self) -> tuple[str, ...]:
        """Names of the fields that are the same for a whole page."""
        return PROVENANCE if self.has_provenance else ("connection",)


_json = msgspec.json.Encoder().encode


def lines_digest(order: OrderRecord) -> bytes:
    """Changes with any fact of any line, so that equal lines needn't be looked up."""
    return blake2b(_json(order.items), digest_size=8).digest()


TABLES: tuple[Table, ...] = (
    Table(
        Market,
        MarketRecord,
        key=("market",),
        facts=("name", "country", "currency", "participating"),
    ),
    Table(
        Product,
        ProductRecord,
        key=("market", "external_id"),
        facts=("title", "brand", "category", "image"),
        told_once=("title", "brand", "category", "image"),  # by different operations
    ),
    Table(
        Listing,
        ListingRecord,
        key=("market", "sku"),
        facts=(
            "product_id",
            "title",
            "status",
            "condition",
            "channel",
            "image",
            "listed_at",
        ),
        derived={
            "issues": lambda listing: _json(listing.issues).decode(),
            "issue_count": lambda listing: len(listing.issues),
        },
        # Amazon tells them in a summary, which an incomplete listing may lack.
        told_once=("product_id", "title", "condition", "image", "listed_at"),
        marks_gone=True,
    ),
    Table(
        Price,
        PriceRecord,
        key=("market", "sku", "kind"),
        facts=("amount", "currency"),
        history=PriceChange,
        measured=("amount", "currency"),
    ),
    Table(
        Stock,
        StockRecord,
        key=("market", "sku", "location"),
        facts=("channel", "available", "reserved", "inbound", "unsellable"),
        history=StockChange,
        measured=("available", "reserved", "inbound", "unsellable"),
        marks_gone=True,
    ),
    Table(
        Order,
        OrderRecord,
        key=("external_id",),
        facts=(
            "market",
            "status",
            "channel",
            "placed_at",
            "ship_by",
            "currency",
            "total",
        ),
        derived={"lines_digest": lines_digest},
        told_once=("ship_by",),  # a marketplace forgets it once the order is shipped
    ),
)
LINES = Table(
    OrderItem,
    OrderItemRecord,
    key=("external_id",),
    facts=(
        "sku",
        "product_id",
        "title",
        "status",
        "quantity",
        "quantity_shipped",
        "quantity_cancelled",
        "unit_price",
        "currency",
    ),
    told_once=("product_id", "title"),
    has_provenance=False,
)
"""Lines of orders; their statement finds the order by its number."""

TABLE_OF: Mapping[type[msgspec.Struct], Table] = {t.record: t for t in TABLES}


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL of a table."""

    upsert: str  # parameters: columns, then constants
    written: str  # new rows above an id: parameters connection, id
    newest: str  # the highest id
    remember: str  # a line of history, if it differs from the last: key parameters


@cache
def statements(model: type[models.Model]) -> Statements:
    """The statements for rows of the model, by its Table."""
    table = next(t for t in TABLES if t.model is model)
    return Statements(
        upsert=_upsert(table),
        # As a condition, the connection would lead SQLite to an index by it: through
        # all rows of the connection, once a page.
        written=(
            f"SELECT count(*) FILTER (WHERE {_column(model, 'connection')} = %s), "
            f"max(id) FROM {_name(model)} WHERE id > %s"
        ),
        newest=f"SELECT max(id) FROM {_name(model)}",
        remember=_remember(table) if table.history else "",
    )


def _upsert(table: Table) -> str:
    model = table.model
    columns = [_column(model, name) for name in (*table.columns, *table.constants)]
    places = ", ".join(["%s"] * len(columns))
    into = f"INSERT INTO {_name(model)} ({', '.join(columns)}) VALUES ({places}) "
    return into + _on_conflict(table, key=("connection", *table.key))


@cache
def upsert_lines() -> str:
    """Parameters: columns, seller, connection, order number."""
    order, places = _name(Order), ", ".join(["%s"] * (len(LINES.columns) + 1))
    return (
        f"{_into_lines()} VALUES ({places}, (SELECT id FROM {order} "
        f"WHERE {_column(Order, 'connection')} = %s AND external_id = %s)) "
    ) + _on_conflict(LINES, key=("order", *LINES.key))


@cache
def upsert_lines_unless_older() -> str:
    """Parameters: columns, seller, connection, order number, the page's time of it.

    A line isn't written if its order's row is newer than the page.
    """
    order = _name(Order)
    # The casts are for PostgreSQL, which can't guess a bare parameter's type here.
    places = ", ".join(
        f"CAST(%s AS {_type(LINES.model, name)})" for name in (*LINES.columns, "seller")
    )
    return (
        f"{_into_lines()} SELECT {places}, {order}.id FROM {order} "
        f"WHERE {_column(Order, 'connection')} = %s AND external_id = %s "
        f"AND (as_of > %s) IS NOT TRUE "
    ) + _on_conflict(LINES, key=("order", *LINES.key))


def _into_lines() -> str:
    names = (*LINES.columns, "seller", "order")
    columns = ", ".join(_column(LINES.model, name) for name in names)
    return f"INSERT INTO {_name(LINES.model)} ({columns})"


def _on_conflict(table: Table, *, key: tuple[str, ...]) -> str:
    model, old = table.model, _name(table.model)
    names = [n for n in table.columns if n not in table.key]
    merged = {"as_of", *table.told_once}
    sets, differs = [], []
    for column, name in ((_column(model, n), n) for n in names):
        new = f"excluded.{column}"
        if name in merged:
            new = f"coalesce(excluded.{column}, {old}.{column})"
        sets.append(f"{column} = {new}")
        differs.append(f"{old}.{column} IS DISTINCT FROM {new}")
    if table.has_provenance:
        sets += [
            f"{column} = excluded.{column}"
            for column in (_column(model, n) for n in PROVENANCE)
        ]
    if table.marks_gone:
        sets.append("gone_at = NULL")
        differs.append(f"{old}.gone_at IS NOT NULL")
    guard = f"({' OR '.join(differs)})"
    if table.has_provenance:
        guard += f" AND (excluded.as_of < {old}.as_of) IS NOT TRUE"
    conflict = ", ".join(_column(model, name) for name in key)
    return f"ON CONFLICT ({conflict}) DO UPDATE SET {', '.join(sets)} WHERE {guard}"


def _remember(table: Table) -> str:
    """A line of history from the row as it now stands, unless the last line is equal.

    It is read from the table, so a row that was refused leaves no line.
    """
    assert table.history is not None  # noqa: S101 (for the types)
    row, line = _name(table.model), _name(table.history)
    kept = [
        _column(table.model, f.name)
        for f in table.history._meta.concrete_fields
        if not f.primary_key
    ]
    key = [_column(table.model, name) for name in ("connection", *table.key)]
    measured = [_column(table.model, name) for name in table.measured]
    same = " AND ".join(
        f"last.{column} IS NOT DISTINCT FROM {row}.{column}" for column in measured
    )
    newest = (
        f"SELECT {', '.join(measured)} FROM {line} WHERE "
        + " AND ".join(f"{line}.{column} = {row}.{column}" for column in key)
        + " ORDER BY id DESC LIMIT 1"
    )
    return (
        f"INSERT INTO {line} ({', '.join(kept)}) "
        f"SELECT {', '.join(f'{row}.{column}' for column in kept)} FROM {row} WHERE "
        + " AND ".join(f"{row}.{column} = %s" for column in key)
        + f" AND NOT EXISTS (SELECT 1 FROM ({newest}) last WHERE {same})"
    )


def _name(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[models.Model], name: str) -> str:
    column = model._meta.get_field(name).column  # type: ignore[union-attr]
    assert column is not None  # noqa: S101 (for the types)
    return connection.ops.quote_name(column)


def _type(model: type[models.Model], name: str) -> str:
    kind = model._meta.get_field(name).db_type(connection)
    assert kind is not None  # noqa: S101 (for the types)
    return "text" if kind.startswith(("varchar", "char")) else kind
