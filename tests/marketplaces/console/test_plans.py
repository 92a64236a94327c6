"""No page reads a table of rows from end to end, on either database."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from marketplaces.models import Order, SyncRun
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole

WATCHED = (
    "order",
    "orderitem",
    "listing",
    "stock",
    "stockchange",
    "price",
    "pricechange",
    "product",
    "syncrun",
)
ADDRESSES = [
    "/s/north/",
    "/s/north/orders",
    "/s/north/orders?sort=oldest",
    "/s/north/orders?status=PENDING",
    "/s/north/orders?since=2026-01-01&until=2026-12-31",
    "/s/north/orders?channel=seller&late=on",
    "/s/north/orders?q=111-0000001",
    "/s/north/orders?q=SKU-3",
    "/s/north/orders?q=Title",
    "/s/north/orders.csv?status=SHIPPED",
    "/s/north/listings",
    "/s/north/listings?sort=newest",
    "/s/north/listings?problems=on",
    "/s/north/listings?q=mug",
    "/s/north/inventory",
    "/s/north/inventory?sort=lowest",
    "/s/north/inventory?level=short",
    "/s/north/inventory?q=mug",
    "/s/north/prices",
    "/s/north/prices?q=mug",
    "/s/north/what-we-fetch",
    "/s/north/connections",
]


@pytest.fixture
def busy(world: World) -> Iterator[World]:
    """Enough rows of two sellers, with statistics, for the plans of real life."""
    for account in (world.north, world.south):
        rows.many_orders(account, 600)
        for place in range(150):
            sku = f"SKU-{place}"
            rows.listing(account, sku)
            rows.stock(account, sku, available=place)
            rows.price(account, sku)
        SyncRun.objects.bulk_create(
            SyncRun(
                seller=account.seller,
                connection=account,
                feature="orders",
                started_at=rows.NOW - timedelta(hours=place),
                fields_dropped=place % 2,
                dropped={"orders[].buyer": 1},
            )
            for place in range(1_500)
        )
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
        if database.vendor == "postgresql":  # small tables: it would rather read all
            cursor.execute("SET enable_seqscan = off")
    yield world
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")


def full_reads(sql: str) -> list[str]:
    """Watched tables that the plan of a query reads from end to end."""
    prefix = "EXPLAIN QUERY PLAN" if database.vendor == "sqlite" else "EXPLAIN"
    with database.cursor() as cursor:
        cursor.execute(f"{prefix} {sql}")
        plan = [str(line[-1]) for line in cursor.fetchall()]
    names = "|".join(f"marketplaces_{name}" for name in WATCHED)
    if database.vendor == "sqlite":
        pattern = rf"^SCAN (?:\w+ AS )?({names}|U\d+|V\d+)\b"
    else:
        pattern = rf"Seq Scan on ({names})\b"
    return [line for line in plan if re.search(pattern, line.strip())]


def selects(queries: CaptureQueriesContext) -> list[str]:
    return [q["sql"] for q in queries if q["sql"].startswith("SELECT")]


def test_no_page_reads_a_table_from_end_to_end(busy: World) -> None:
    client = signed_in(busy.cast.alice)
    bad: dict[tuple[str, str], list[str]] = {}
    for address in ADDRESSES:
        with CaptureQueriesContext(database) as queries:
            page = client.get(address)
            assert page.status_code == 200
            whole(page)
        bad |= {
            (address, sql[:400]): found
            for sql in selects(queries)
            if (found := full_reads(sql))
        }
    assert bad == {}


def test_further_pages_are_found_by_index_too(busy: World) -> None:
    client = signed_in(busy.cast.alice)
    for address in (
        "/s/north/orders?size=25",
        "/s/north/inventory?sort=lowest&size=25",
    ):
        text = client.get(address).content.decode()
        link = re.search(r'rel="next" href="([^"]*)"', text)
        assert link
        further = address.partition("?")[0] + link[1].replace("&amp;", "&")
        with CaptureQueriesContext(database) as queries:
            assert client.get(further).status_code == 200
        bad = [found for sql in selects(queries) if (found := full_reads(sql))]
        assert bad == [], address


def test_the_pages_of_one_thing_are_found_by_index(busy: World) -> None:
    client = signed_in(busy.cast.alice)
    for name in ("order", "sku", "connection", "run", "dashboard"):
        with CaptureQueriesContext(database) as queries:
            assert client.get(busy.paths[name]).status_code == 200
        bad = [found for sql in selects(queries) if (found := full_reads(sql))]
        assert bad == [], name


def test_this_test_sees_a_full_read(busy: World) -> None:
    with CaptureQueriesContext(database) as queries:
        list(Order.objects.across_sellers(reason="a test").filter(total=1))
    if database.vendor == "sqlite":
        assert full_reads(selects(queries)[0])
