"""The two floors: typed parsing alone, and parsing with a bare upsert.

The second writes the same tables with the same indexes on the same engine, one page a
transaction, and does nothing else: no limits, no checks, no audit, no checkpoint, no
network. Less can't be done for a page of orders. Its rows are those of a sync in every
column but who ships, which stays in Amazon's word, the provenance, which is made up,
and the digest of the lines, which only a sync needs.
"""

# ruff: noqa: S608 (names of our own models make up the SQL; values are parameters)

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection

from marketplaces import shelf
from marketplaces.models import Connection, Order, OrderItem

OPERATION = "amazon.searchOrders"
_FETCHED = datetime(2026, 1, 1, tzinfo=UTC)


def pages(folder: Path) -> list[bytes]:
    """The bodies as they came over the line, in memory."""
    return [path.read_bytes() for path in sorted(folder.glob("*.json"))]


def parse(bodies: Iterable[bytes]) -> int:
    """Parse every page into the typed structure; the number of orders."""
    decode = msgspec.json.Decoder(_structure()).decode
    return sum(len(decode(body).orders) for body in bodies)


def parse_and_upsert(bodies: Iterable[bytes], account: Connection) -> int:
    """Parse every page and upsert its orders and lines; the number of orders."""
    decode = msgspec.json.Decoder(_structure()).decode
    order_sql, line_sql = _order_sql(), _line_sql()
    owner = _key(OrderItem, "seller", account.seller_id)
    own = (owner, _key(Order, "connection", account.pk), _when(_FETCHED), OPERATION, 1)
    raw = _raw_connection()
    total = 0
    for body in bodies:
        orders = decode(body).orders
        total += len(orders)
        cursor = raw.cursor()
        cursor.execute("BEGIN IMMEDIATE" if _embedded() else "BEGIN")
        cursor.executemany(order_sql, [_order(order, own) for order in orders])
        cursor.executemany(
            line_sql,
            [_line(order, line, own) for order in orders for line in order.orderItems],
        )
        cursor.execute("COMMIT")
    return total


def _structure() -> Any:
    return shelf.datamap().operation(OPERATION).structure


def _order(order: Any, own: tuple[Any, ...]) -> tuple[Any, ...]:
    fulfillment, proceeds = order.fulfillment, order.proceeds
    total = proceeds.grandTotal if proceeds is not None else None
    window = fulfillment.shipByWindow if fulfillment is not None else None
    return (
        order.orderId,
        _when(order.lastUpdatedTime),
        order.salesChannel.marketplaceId,
        fulfillment.fulfillmentStatus if fulfillment is not None else "",
        fulfillment.fulfilledBy or "" if fulfillment is not None else "",
        _when(order.createdTime),
        _when(window.latestDateTime) if window is not None else None,
        total.currencyCode if total is not None else None,
        total.amount if total is not None else None,
        *own,
    )


def _line(order: Any, line: Any, own: tuple[Any, ...]) -> tuple[Any, ...]:
    product = line.product
    price = product.price.unitPrice if product.price is not None else None
    fulfillment = line.fulfillment
    return (
        line.orderItemId,
        product.sellerSku,
        product.asin,
        product.title,
        line.quantityOrdered,
        fulfillment.quantityFulfilled if fulfillment is not None else None,
        price.amount if price is not None else None,
        price.currencyCode if price is not None else None,
        own[0],
        own[1],
        order.orderId,
    )


def _order_sql() -> str:
    facts = ("market", "status", "channel", "placed_at", "ship_by", "currency", "total")
    own = ("seller_id", "connection_id", "fetched_at", "operation", "run_id")
    table = Order._meta.db_table
    columns = ("external_id", "as_of", *facts, *own)
    sets = ", ".join(f"{c} = excluded.{c}" for c in ("as_of", *facts, *own))
    return _marked(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({_places(len(columns))}) "
        f"ON CONFLICT (connection_id, external_id) DO UPDATE SET {sets} "
        f"WHERE excluded.as_of > {table}.as_of"
    )


def _line_sql() -> str:
    facts = (
        "sku",
        "product_id",
        "title",
        "quantity",
        "quantity_shipped",
        "unit_price",
        "currency",
    )
    table, order = OrderItem._meta.db_table, Order._meta.db_table
    columns = ("external_id", *facts, "seller_id", "order_id")
    sets = ", ".join(f"{c} = excluded.{c}" for c in facts)
    differs = " OR ".join(f"{table}.{c} IS DISTINCT FROM excluded.{c}" for c in facts)
    return _marked(
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"VALUES ({_places(len(columns) - 1)}, (SELECT id FROM {order} "
        "WHERE connection_id = %s AND external_id = %s)) "
        f"ON CONFLICT (order_id, external_id) DO UPDATE SET {sets} WHERE {differs}"
    )


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


def _marked(sql: str) -> str:
    """The statement with the engine's own marks for parameters."""
    return sql.replace("%s", "?") if _embedded() else sql


def _embedded() -> bool:
    return connection.vendor == "sqlite"


def _when(value: datetime | None) -> Any:
    if value is None or not _embedded():
        return value
    return value.isoformat(" ")[:-6]


def _key(model: Any, name: str, value: Any) -> Any:
    return model._meta.get_field(name).get_db_prep_save(value, connection)


def _raw_connection() -> Any:
    connection.ensure_connection()
    raw = connection.connection
    if not _embedded():
        raw.autocommit = True  # BEGIN and COMMIT are ours
    return raw
