"""The measures of erasing, each in a process of its own (`child` calls them).

Ten sellers' orders lie in the tables as syncs leave them: page by page in turn, so a
seller's rows are scattered over the whole file.
"""

# ruff: noqa: S608 (names of our own tables; values are parameters)

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

SELLERS = 10
PAGE = 100  # orders
LINES = (1, 2)  # of an order, in turn
_PAUSE = 0.005  # seconds between the other writer's transactions
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_MARK = "another writer"


def prepare(folder: Path) -> dict[str, Any]:
    """Ten sellers with the orders that the folder's `orders` says, in all."""
    from marketplaces.models import Connection, Order, OrderItem
    from plugseller.accounts.services import create_seller
    from plugseller.jobs.models import Beat

    Beat.objects.create(name=_MARK)
    owners = []
    for number in range(SELLERS):
        seller = create_seller(
            actor=None, name="Benchmark", slug=f"benchmark-{number}", time_zone="UTC"
        )
        account = Connection.objects.create(
            seller=seller, marketplace="amazon", region="na", account_id=f"A{number}"
        )
        owners.append((seller, account))
    wanted = int((folder / "orders").read_text())
    put_order, put_line = (_insert(model) for model in (Order, OrderItem))
    line = 0
    for page in range(wanted // PAGE):
        seller, account = owners[page % SELLERS]
        numbers = range(page * PAGE + 1, (page + 1) * PAGE + 1)
        lines = []
        for number in numbers:
            for _ in range(LINES[number % len(LINES)]):
                line += 1
                lines.append(_line(line, number, seller))
        with transaction.atomic():
            put_order([_order(number, seller, account, wanted) for number in numbers])
            put_line(lines)
    _tidy()
    return {}


def _insert(model: Any) -> Callable[[list[Any]], None]:
    """Inserts rows as the writer of pages does: past the ORM, which takes ages."""
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})"

    def put(rows: list[Any]) -> None:
        told = [
            [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
            for row in rows
        ]
        with connection.cursor() as cursor:
            cursor.executemany(sql, told)

    return put


def _order(number: int, seller: Any, account: Any, wanted: int) -> Any:
    """Orders come in the order in which they were placed, more or less; the numbers
    marketplaces give them are in no order at all."""
    from marketplaces.models import Order

    ago = timedelta(seconds=(wanted - number) * 40 + number * 7919 % 20_000)
    return Order(
        pk=number,
        seller=seller,
        connection=account,
        external_id=f"{number * 7919 % 1000:03}-{number * 104729 % 10**7:07}-{number}",
        market="ATVPDKIKX0DER",
        status=("SHIPPED", "UNSHIPPED", "PENDING")[number % 3],
        channel="AMAZON",
        placed_at=_NOW - ago,
        currency="USD",
        total=Decimal("19.99"),
        lines_digest=number.to_bytes(8),
        as_of=_NOW,
        fetched_at=_NOW,
        operation="amazon.searchOrders",
        run_id=1,
    )


def _line(number: int, order: int, seller: Any) -> Any:
    from marketplaces.models import OrderItem

    return OrderItem(
        pk=number,
        seller=seller,
        order_id=order,
        external_id=f"{number:014}",
        sku=f"SKU-{number * 31 % 5000:06}",
        product_id=f"B{number * 31 % 5000:09}",
        title=f"A thing of everyday use, number {number * 31 % 5000}, blue",
        quantity=1,
        quantity_shipped=1,
        unit_price=Decimal("19.99"),
        currency="USD",
    )


def _tidy() -> None:
    """As a database is some time after it was filled."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:  # explicit ids left the counter behind; nothing is inserted afterwards
            cursor.execute("VACUUM ANALYZE")


def floor(folder: Path) -> dict[str, Any]:
    """Seconds for two plain DELETEs."""
    from marketplaces.models import Order, OrderItem

    seller = _seller()
    told = OrderItem._meta.get_field("seller").get_db_prep_save(seller.pk, connection)

    def both() -> None:
        with connection.cursor() as cursor:
            for model in (OrderItem, Order):
                table = model._meta.db_table
                cursor.execute(f"DELETE FROM {table} WHERE seller_id = %s", [told])

    return _measured(folder, seller.pk, both)


def ours(folder: Path) -> dict[str, Any]:
    """Seconds for the walk of a deletion through all holdings."""
    from plugseller.custody.services import in_order
    from plugseller.custody.walking import erase_holding
    from plugseller.shelves import Scope

    scope = Scope(seller_id=_seller().pk)

    def walk() -> None:
        for holding in in_order():
            erase_holding(holding, scope)

    return _measured(folder, scope.seller_id, walk)


def _measured(folder: Path, seller: Any, work: Any) -> dict[str, Any]:
    from marketplaces.models import Order, OrderItem

    mine = {
        model: model._base_manager.filter(seller=seller) for model in (Order, OrderItem)
    }
    before = Order._base_manager.count()
    orders, lines = (rows.count() for rows in mine.values())
    with _another_writer(folder) as waits:
        grown = _peak_mb()
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        grown = _peak_mb() - grown
    return {
        "seconds": seconds,
        "orders_before": before,
        "orders": orders,
        "rows": orders + lines,
        "left": sum(rows.count() for rows in mine.values()),
        "growth_mb": round(grown, 1),
        "peak_rss_mb": round(_peak_mb(), 1),
        **waits,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def _another_writer(folder: Path) -> Iterator[dict[str, Any]]:
    """A second process that writes all the time; what it says is filled in at exit."""
    ready, stop = (folder / f"{word}-{os.getpid()}" for word in ("ready", "stop"))
    process = subprocess.Popen(  # noqa: S603 (our own module)
        [sys.executable, "-m", "marketplaces.benchmarks.child", "erase_writer", ready],
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        text=True,
    )
    told: dict[str, Any] = {}
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise SystemExit("The other writer didn't start.")
            time.sleep(0.01)
        yield told
    finally:
        stop.touch()
        said, _ = process.communicate(timeout=60)
        told |= json.loads(said.splitlines()[-1])


def writer(ready: Path) -> dict[str, Any]:
    """Small transactions, one after the other, until the other process says stop."""
    from plugseller.jobs.models import Beat

    stop = ready.with_name(ready.name.replace("ready", "stop"))
    longest, wrote = 0.0, 0
    while not stop.exists():
        began = time.perf_counter()
        with transaction.atomic():
            Beat.objects.filter(name=_MARK).update(ran_at=datetime.now(UTC))
        if wrote:  # the first one opened the database
            longest = max(longest, time.perf_counter() - began)
        wrote += 1
        ready.touch()
        time.sleep(_PAUSE)
    return {"longest_wait_ms": round(longest * 1000, 1), "others_wrote": wrote}


def _seller() -> Any:
    from plugseller.accounts.models import Seller

    return Seller.objects.get(slug="benchmark-3")
