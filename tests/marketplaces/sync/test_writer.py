"""From records to rows: what is written, what is refused, what is skipped."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from marketplaces.models import (
    Connection,
    Listing,
    Order,
    OrderItem,
    Price,
    PriceChange,
    Product,
    Stock,
    StockChange,
)
from marketplaces.records import (
    Issue,
    ListingRecord,
    OrderItemRecord,
    OrderRecord,
    PriceRecord,
    ProductRecord,
    Record,
    StockRecord,
)
from marketplaces.sync.writer import Writer, Written
from tests.conftest import Cast

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(hours=1)

LINE = OrderItemRecord(
    external_id="1",
    sku="A/B %+#☃",
    quantity=2,
    unit_price=Decimal("9.99"),
    currency="EUR",
)
ORDER = OrderRecord(
    external_id="026-1",
    market="M1",
    status="UNSHIPPED",
    channel="seller",
    placed_at=EARLIER,
    as_of=NOW,
    currency="EUR",
    total=Decimal("19.98"),
    items=(LINE,),
)
LISTING = ListingRecord(
    sku="SKU-1", market="M1", status="BUYABLE", issues=(Issue("1", "ERROR", "No."),)
)
PRICE = PriceRecord(
    sku="SKU-1", market="M1", kind="offer", amount=Decimal("5.00"), currency="EUR"
)
STOCK = StockRecord(
    sku="SKU-1", market="M1", location="FBA", channel="marketplace", available=7
)


@pytest.fixture
def account(cast: Cast) -> Connection:
    return Connection.objects.create(
        seller=cast.north, marketplace="amazon", region="eu", account_id="A1"
    )


Write = Callable[..., Written]


@pytest.fixture
def write(account: Connection) -> Write:
    def write(*records: Record, at: datetime = NOW, run: int = 1) -> Written:
        with transaction.atomic():
            return Writer(account, operation="test.orders", run_id=run).write(
                records, fetched_at=at
            )

    return write


def counts(written: Written) -> tuple[int, int, int]:
    return written.new, written.changed, written.unchanged


def only(model: Any) -> Any:
    return model.objects.across_sellers(reason="test").get()


def test_an_order_comes_back_as_it_was_told(write: Write, cast: Cast) -> None:
    assert counts(write(ORDER)) == (1, 0, 0)
    order, line = only(Order), only(OrderItem)
    assert order.seller == cast.north
    assert (order.total, order.currency) == (Decimal("19.98"), "EUR")
    assert (order.placed_at, order.as_of, order.fetched_at) == (EARLIER, NOW, NOW)
    assert (order.operation, order.run_id) == ("test.orders", 1)
    assert (line.order_id, line.seller_id) == (order.pk, cast.north.pk)
    assert (line.sku, line.quantity, line.unit_price) == (
        "A/B %+#☃",
        2,
        Decimal("9.99"),
    )


def test_the_orm_finds_what_the_writer_wrote(write: Write) -> None:
    odd = replace(ORDER, as_of=NOW.replace(microsecond=123_456))
    write(odd)
    rows = Order.objects.across_sellers(reason="test")
    assert rows.filter(as_of=odd.as_of, total=Decimal("19.98")).exists()
    assert rows.filter(placed_at__lt=NOW).exists()


def test_an_unchanged_page_writes_no_row(write: Write) -> None:
    everything = (ORDER, LISTING, PRICE, STOCK)
    write(*everything)
    before = rows_written()
    assert counts(write(*everything, at=LATER, run=2)) == (0, 0, 4)
    assert rows_written() == before
    assert only(Order).run_id == 1  # its provenance is that of the last change


def rows_written() -> int:
    """Every row this connection ever wrote, by the database's own count."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT total_changes()")
        else:
            cursor.execute(
                "SELECT sum(n_tup_ins + n_tup_upd) FROM pg_stat_xact_user_tables"
            )
        return int(cursor.fetchone()[0])


def test_a_changed_order_is_rewritten_with_its_provenance(write: Write) -> None:
    write(ORDER)
    newer = replace(ORDER, status="SHIPPED", as_of=LATER)
    assert counts(write(newer, at=LATER, run=2)) == (0, 1, 0)
    order = only(Order)
    assert (order.status, order.as_of, order.run_id) == ("SHIPPED", LATER, 2)


def test_a_line_that_changed_alone_is_a_change_of_its_order(write: Write) -> None:
    """Else it would stand under the provenance of what was told before."""
    write(ORDER)
    told = replace(ORDER, items=(replace(LINE, quantity_shipped=1),))
    assert counts(write(told, at=LATER, run=2)) == (0, 1, 0)
    assert only(OrderItem).quantity_shipped == 1
    assert (only(Order).fetched_at, only(Order).run_id) == (LATER, 2)


def test_lines_are_written_again_where_their_order_has_no_digest(write: Write) -> None:
    """An order kept by a release that made none, or by other means."""
    write(ORDER)
    Order.objects.across_sellers(reason="test").update(lines_digest=None)
    OrderItem.objects.across_sellers(reason="test").update(quantity=9)
    assert counts(write(ORDER)) == (0, 1, 0)
    assert only(OrderItem).quantity == 2


def test_known_orders_cost_no_statement_for_their_lines(write: Write) -> None:
    write(ORDER)
    with CaptureQueriesContext(connection) as captured:
        write(ORDER)
    assert not [q for q in captured if "orderitem" in q["sql"]]


def test_newer_is_never_overwritten_by_older(write: Write) -> None:
    write(replace(ORDER, status="SHIPPED", as_of=LATER))
    stale_line = replace(LINE, quantity=9)
    assert counts(write(replace(ORDER, items=(stale_line,)))) == (0, 0, 1)
    assert only(Order).status == "SHIPPED"
    assert only(OrderItem).quantity == 2


def test_a_newer_time_counts_even_if_nothing_else_changed(write: Write) -> None:
    """Else an answer between the two could pass for the newest."""
    write(ORDER)
    write(replace(ORDER, as_of=LATER + timedelta(hours=1)))
    write(replace(ORDER, as_of=LATER, status="UNSHIPPED AGAIN"))
    assert only(Order).status == "UNSHIPPED"


def test_pending_prices_are_missing_and_not_zero(write: Write) -> None:
    pending = replace(LINE, unit_price=None, currency=None)
    write(replace(ORDER, total=None, currency=None, items=(pending,)))
    assert only(Order).total is None
    assert only(OrderItem).unit_price is None


def test_no_stock_and_unknown_stock_are_different(write: Write) -> None:
    write(replace(STOCK, available=0))
    assert (only(Stock).available, only(Stock).inbound) == (0, None)


def test_history_has_a_line_only_when_the_value_changed(write: Write) -> None:
    write(PRICE, STOCK)
    write(PRICE, replace(STOCK, channel="seller"), at=LATER)
    write(
        replace(PRICE, amount=Decimal("4.00")),
        replace(STOCK, available=0),
        at=LATER,
        run=2,
    )
    write(replace(PRICE, amount=Decimal("5")), at=LATER, run=3)
    prices = PriceChange.objects.across_sellers(reason="test").order_by("id")
    assert [p.amount for p in prices] == [Decimal(5), Decimal(4), Decimal(5)]
    assert [p.run_id for p in prices] == [1, 2, 3]
    stock = StockChange.objects.across_sellers(reason="test").order_by("id")
    assert [s.available for s in stock] == [7, 0]
    assert only(Price).amount == 5


def test_an_older_price_leaves_no_line_of_history(write: Write) -> None:
    write(replace(PRICE, as_of=NOW))
    write(replace(PRICE, as_of=EARLIER, amount=Decimal(1)))
    assert only(PriceChange).amount == 5


def test_two_operations_complete_a_product(write: Write) -> None:
    listed = ProductRecord(
        external_id="B01", market="M1", title="Cup", image="https://i/1"
    )
    catalogued = ProductRecord(external_id="B01", market="M1", brand="Acme")
    write(listed)
    write(catalogued)
    assert counts(write(listed)) == (0, 0, 1)
    product = only(Product)
    assert (product.title, product.brand, product.image) == (
        "Cup",
        "Acme",
        "https://i/1",
    )


def test_a_listing_that_returns_is_no_longer_gone(write: Write) -> None:
    write(LISTING)
    Listing.objects.across_sellers(reason="test").update(gone_at=NOW)
    assert counts(write(LISTING)) == (0, 1, 0)
    assert only(Listing).gone_at is None


def test_issues_are_kept_as_a_list(write: Write) -> None:
    write(LISTING)
    listing = only(Listing)
    assert listing.issues == [{"code": "1", "severity": "ERROR", "message": "No."}]
    assert listing.issue_count == 1


MISFITS = {
    "negative pieces": replace(ORDER, items=(replace(LINE, quantity=-1),)),
    "too many pieces": replace(ORDER, items=(replace(LINE, quantity=2**31),)),
    "unknown currency": replace(ORDER, currency="ZZZ9"),
    "line's unknown currency": replace(ORDER, items=(replace(LINE, currency="ZZZ"),)),
    "endless status": replace(ORDER, status="x" * 41),
    "endless title": replace(ORDER, items=(replace(LINE, title="x" * 1001),)),
    "absurd total": replace(ORDER, total=Decimal("1e30")),
    "total that is no number": replace(ORDER, total=Decimal("NaN")),
    "missing status": replace(ORDER, status=None),
    "missing time": replace(ORDER, placed_at=None),
    "NUL": replace(ORDER, status="a\0b"),
    "half a surrogate pair": replace(ORDER, items=(replace(LINE, title="\ud800"),)),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_row_that_fits_no_column_is_skipped_and_its_page_kept(
    write: Write, case: str
) -> None:
    good = replace(ORDER, external_id="026-2")
    bad = replace(MISFITS[case], external_id="026-3")
    written = write(good, bad, replace(ORDER, external_id="026-4"))
    assert counts(written) == (2, 0, 0)
    assert written.skipped.total() == 1
    numbers = Order.objects.across_sellers(reason="test").values_list(
        "external_id", flat=True
    )
    assert sorted(numbers) == ["026-2", "026-4"]
    assert OrderItem.objects.across_sellers(reason="test").count() == 2
    reason = next(iter(written.skipped))
    assert "026-3" not in reason
    assert reason.endswith(".")


def test_one_page_may_name_a_key_twice(write: Write) -> None:
    newer = replace(ORDER, as_of=LATER, status="SHIPPED")
    assert counts(write(newer, ORDER)) == (1, 0, 0)
    assert only(Order).status == "SHIPPED"


def test_the_same_number_of_another_connection_is_another_order(
    write: Write, cast: Cast
) -> None:
    write(ORDER)
    other = Connection.objects.create(
        seller=cast.south, marketplace="amazon", region="eu", account_id="A2"
    )
    with transaction.atomic():
        written = Writer(other, operation="test.orders", run_id=9).write(
            [replace(ORDER, status="SHIPPED")], fetched_at=NOW
        )
    assert counts(written) == (1, 0, 0)
    mine = Order.objects.of_seller(cast.north).get()
    assert (mine.status, mine.items.get().seller_id) == ("UNSHIPPED", cast.north.pk)


def test_new_and_changed_are_told_apart_page_by_page(account: Connection) -> None:
    writer = Writer(account, operation="test.orders", run_id=1)
    found = []
    with transaction.atomic():
        for first in (0, 50, 100):
            page = [
                replace(ORDER, external_id=f"026-{n}", status=f"S{first}")
                for n in range(first, first + 100)
            ]
            found.append(counts(writer.write(page, fetched_at=NOW)))
    assert found == [(100, 0, 0), (50, 50, 0), (50, 50, 0)]


def test_statements_do_not_grow_with_the_page(write: Write) -> None:
    def statements(size: int, prefix: str) -> int:
        page = [replace(ORDER, external_id=f"{prefix}-{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as captured:
            write(*page)
        return len(captured)

    assert statements(5, "few") == statements(200, "many")


def test_no_statement_walks_through_a_table(write: Write, account: Connection) -> None:
    """Each lookup of the writer goes by an index, whatever the size of the table."""
    from marketplaces.sync import tables

    write(*(replace(ORDER, external_id=f"026-{n}") for n in range(500)))
    connection_id = Order._meta.get_field("connection").get_db_prep_save(
        account.pk, connection
    )
    newest = Order.objects.across_sellers(reason="test").latest("id").pk
    plan = explain(tables.statements(Order).written, [connection_id, newest])
    # By the id: the index by connection would lead through all its rows.
    assert "PRIMARY KEY" in plan or "_pkey" in plan, plan
    plans = [plan]
    for model in (Price, Stock):
        sql = tables.statements(model).remember
        plans.append(explain(sql, [connection_id, *["x"] * (sql.count("%s") - 1)]))
    for plan in plans:
        assert "SCAN marketplaces_" not in plan, plan
        assert "Seq Scan on marketplaces_" not in plan, plan


def explain(sql: str, parameters: list[Any]) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            return "\n".join(row[3] for row in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_listing_told_without_its_summary_keeps_what_was_known(write: Write) -> None:
    told = {"title": "Lamp", "product_id": "B0LAMP", "condition": "new", "image": "i"}
    write(replace(LISTING, **told))
    changed = replace(LISTING, issues=(), as_of=LATER)
    assert counts(write(changed)) == (0, 1, 0)
    listing = only(Listing)
    assert {name: getattr(listing, name) for name in told} == told
    assert (listing.issue_count, listing.as_of) == (0, LATER)


def test_a_line_told_without_its_title_keeps_it(write: Write) -> None:
    named = replace(LINE, title="Lamp", product_id="B0LAMP")
    write(replace(ORDER, items=(named,)))
    bare = replace(LINE, quantity_shipped=2)
    write(replace(ORDER, items=(bare,), as_of=LATER))
    line = only(OrderItem)
    assert (line.title, line.product_id, line.quantity_shipped) == ("Lamp", "B0LAMP", 2)


def test_other_content_at_an_equal_time_is_taken(write: Write) -> None:
    write(ORDER)
    write(replace(ORDER, status="SHIPPED"))
    assert only(Order).status == "SHIPPED"
