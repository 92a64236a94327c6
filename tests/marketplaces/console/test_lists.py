"""Lists: every row once, whatever is in the address, in a fixed number of queries."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplaces.datamap import Feature
from marketplaces.models import Listing, Order, Price, Stock
from marketplaces.search import orders_matching
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole

LISTS = ["orders", "listings", "inventory", "prices"]
# What a list costs: session, person, rights, seller (2), accounts, stores, freshness
# (4), the rows, their count, and what belongs to the list.
QUERIES = {"orders": 18, "listings": 17, "inventory": 17, "prices": 17}


@pytest.fixture
def alice(world: World) -> Client:
    return signed_in(world.cast.alice)


def cells(page: str) -> list[str]:
    """The first cell of each row of a list."""
    return re.findall(r'<a class="sku" href="[^"]*">([^<]*)</a>', page)


def walk(client: Client, path: str, *, link: str) -> list[list[str]]:
    """The pages from a first address on, following one kind of link."""
    pages = []
    while path:
        text = client.get(path).content.decode()
        pages.append(cells(text))
        found = re.search(rf'rel="{link}" href="([^"]*)"', text)
        base = path.partition("?")[0]
        path = base + found[1].replace("&amp;", "&") if found else ""
        assert len(pages) < 50
    return pages


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_show_every_order_once_while_times_tie(
    world: World, alice: Client, sort: str
) -> None:
    rows.many_orders(world.north, 112)  # three at the same instant, two pages end amid
    pages = walk(alice, f"/s/north/orders?size=25&sort={sort}", link="next")
    told = [number for page in pages for number in page]
    assert [len(page) for page in pages] == [25, 25, 25, 25, 13]
    assert len(told) == len(set(told)) == 113


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_going_back_shows_the_same_orders(
    world: World, alice: Client, sort: str
) -> None:
    rows.many_orders(world.north, 112)
    start = f"/s/north/orders?size=25&sort={sort}"
    forward = walk(alice, start, link="next")
    last = alice.get(start)
    address = start
    for _ in range(len(forward) - 1):
        text = alice.get(address).content.decode()
        found = re.search(r'rel="next" href="([^"]*)"', text)
        assert found
        address = "/s/north/orders" + found[1].replace("&amp;", "&")
    back = walk(alice, address, link="prev")
    assert [number for page in back[::-1] for number in page] == [
        number for page in forward for number in page
    ]
    assert last.status_code == 200


@pytest.mark.parametrize(
    ("name", "sort", "make"),
    [
        ("listings", "sku", rows.listing),
        ("listings", "-sku", rows.listing),
        ("listings", "newest", rows.listing),
        ("inventory", "sku", rows.stock),
        ("inventory", "lowest", rows.stock),
        ("prices", "-sku", rows.price),
    ],
)
def test_pages_of_skus_show_every_row_once(
    world: World, alice: Client, name: str, sort: str, make: object
) -> None:
    for place in range(60):
        make(world.north, f"SKU-{place:03d}")  # type: ignore[operator]
    pages = walk(alice, f"/s/north/{name}?size=25&sort={sort}", link="next")
    told = [sku for page in pages for sku in page]
    assert len(told) == len(set(told)) == 61


def test_rows_without_the_sorted_value_are_announced_as_left_out(
    world: World, alice: Client
) -> None:
    rows.stock(world.north, "UNTOLD", available=None)
    by_count = alice.get("/s/north/inventory?sort=lowest").content.decode()
    assert "UNTOLD" not in by_count
    assert "count isn&#x27;t told" in by_count
    assert "UNTOLD" in alice.get("/s/north/inventory").content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_the_number_of_queries_does_not_grow_with_rows(
    world: World, alice: Client, name: str
) -> None:
    alice.get(f"/s/north/{name}")  # content types and the like are read once
    for count in (10, 210):
        for place in range(count - 10, count) if count == 10 else range(10, count):
            sku = f"MANY-{place:04d}"
            rows.order(world.north, f"114-{place:04d}", skus=(sku, sku))
            rows.listing(world.north, sku)
            rows.stock(world.north, sku)
            rows.price(world.north, sku)
        with CaptureQueriesContext(
            database,
        ) as asked:
            page = alice.get(f"/s/north/{name}?size=200")
        assert page.status_code == 200
        assert len(asked) == QUERIES[name], [q["sql"][:90] for q in asked]


HOSTILE = [
    "_connector=OR",
    "_negated=1",
    "seller=south",
    "seller__slug=south",
    "seller__name__startswith=S",
    "seller_id=1",
    "connection__credentials__startswith=a",
    "user__password__startswith=pbkdf2",
    "ordering=-seller__slug",
    "order_by=password",
    "sort=-seller",
    "sort=placed_at;drop",
    "sort=",
    "sort=newest&sort=oldest",
    "size=0",
    "size=-1",
    "size=1000000000",
    "size=25.0",
    "size=NaN",
    "size=%D9%A2%D9%A5",
    "page=2",
    "offset=99999999999",
    "limit=99999999999",
    "q=%00",
    "q=" + "a" * 201,
    "q=" + quote("'; DROP TABLE marketplaces_order; --"),
    "q=%25%25%25",
    "q=_",
    "q=%5C",
    "q=" + quote("\u202e\u0000"[:1]),
    "q=%ED%A0%80",
    "q=%FF%FE",
    "q=" + quote("🧦" * 40),
    "q=%0D%0ASet-Cookie:x=1",
    "q={{7*7}}",
    "q=" + quote("<script>alert(1)</script>"),
    "connection=1",
    "connection=%27",
    "connection=00000000-0000-0000-0000-000000000000",
    "connection=" + "f" * 5000,
    "market=%00",
    "market=XX",
    "status=" + "S" * 41,
    "status=%00",
    "status=%27%20OR%201=1",
    "channel=nobody",
    "late=maybe",
    "since=0000-00-00",
    "since=9999-12-31",
    "since=2026-02-30",
    "since=-1",
    "since=0001-01-01",
    "until=10000-01-01",
    "until=now()",
    "cursor=%00",
    "cursor=x",
    "cursor=" + "A" * 4000,
    "cursor=W10",
    "cursor=bnVsbA",
    "cursor=eyJhIjoxfQ",
    "gone=perhaps",
    "level=-1",
    "kind=all",
    "problems=2",
    "csrfmiddlewaretoken=x",
    "format=json",
    "[]=1&a[b]=2",
    "&&&=&=",
    "a" * 3000,
]


@pytest.mark.parametrize("name", LISTS)
def test_no_parameter_breaks_a_list_or_shows_another_seller(
    world: World, alice: Client, name: str
) -> None:
    for hostile in HOSTILE:
        for path in (f"/s/north/{name}", f"/s/north/{name}.csv"):
            response = alice.get(f"{path}?{hostile}")
            assert response.status_code in (200, 400), (path, hostile)
            body = whole(response)
            assert b"SOUTHERN" not in body
            assert b"<script>alert" not in body


@pytest.mark.parametrize("name", LISTS)
def test_a_parameter_nobody_declared_changes_nothing(
    world: World, alice: Client, name: str
) -> None:
    plain = cells(alice.get(f"/s/north/{name}").content.decode())
    assert plain
    for hostile in HOSTILE[:10]:
        page = alice.get(f"/s/north/{name}?{hostile}").content.decode()
        assert cells(page) == plain


def test_too_many_parameters_are_refused(alice: Client, world: World) -> None:
    query = "&".join(f"a{place}=1" for place in range(500))
    assert alice.get(f"/s/north/orders?{query}").status_code == 400


def test_a_filter_that_cannot_be_used_says_so_and_searches_nothing(
    world: World, alice: Client
) -> None:
    page = alice.get("/s/north/orders?since=2026-02-30")
    text = page.content.decode()
    assert page.status_code == 400
    assert "Enter a valid date" in text
    assert "NORTHERN" not in text


def test_a_cursor_of_another_order_leads_to_the_first_page_with_a_word(
    world: World, alice: Client
) -> None:
    rows.many_orders(world.north, 40)
    first = alice.get("/s/north/orders?size=25").content.decode()
    found = re.search(r'rel="next" href="([^"]*)"', first)
    assert found
    cursor = parse_qs(urlsplit(found[1].replace("&amp;", "&")).query)["cursor"][0]
    other = urlencode({"size": 25, "sort": "oldest", "cursor": cursor})
    text = alice.get(f"/s/north/orders?{other}").content.decode()
    assert "lead to a page of this list" in text
    assert cells(text)


def test_filters_narrow_and_stay_in_the_links(world: World, alice: Client) -> None:
    rows.many_orders(world.north, 90)
    text = alice.get("/s/north/orders?status=PENDING&size=25").content.decode()
    assert len(cells(text)) == 25
    assert "Shipped</span>" not in text
    found = re.search(r'rel="next" href="([^"]*)"', text)
    assert found
    assert "status=PENDING" in found[1]
    assert "size=25" in found[1]
    assert "not yet known" in text


def test_the_form_shows_what_is_in_force(world: World, alice: Client) -> None:
    for query, size in (("", "50"), ("?size=", "50"), ("?size=100", "100")):
        text = alice.get(f"/s/north/orders{query}").content.decode()
        assert f'<option value="{size}" selected>' in text
    link = alice.get("/s/north/orders?size=50&q=111-NORTHERN").content.decode()
    assert 'href="?q=111-NORTHERN">Link to this view' in link


def test_a_period_is_days_of_the_sellers_calendar(world: World, alice: Client) -> None:
    """23:30 in New York is the next day in London; the seller's day counts."""
    seller = world.cast.north
    seller.time_zone = "America/New_York"
    seller.save(update_fields=["time_zone"])
    late = rows.NOW.replace(hour=4, minute=30) - timedelta(days=5)  # 23:30 or 00:30
    rows.order(world.north, "LATE", placed_at=late)
    day = late.astimezone(ZoneInfo("America/New_York")).date()
    there = f"/s/north/orders?since={day}&until={day}"
    elsewhere = f"/s/north/orders?since={day + timedelta(days=1)}"
    assert "LATE" in cells(alice.get(there).content.decode())
    assert "LATE" not in cells(alice.get(elsewhere).content.decode())


def test_orders_are_found_by_number_sku_part_of_a_sku_and_title(
    world: World, alice: Client
) -> None:
    rows.listing(world.north, "LAMP-9/B", title="Desk Lamp, brass")
    rows.order(world.north, "115-1", skus=("LAMP-9/B",))
    rows.order(world.north, "115-2", skus=("UNLISTED-1",))
    for term, expected in (
        ("115-1", ["115-1"]),
        ("LAMP-9/B", ["115-1"]),
        ("lamp-9", ["115-1"]),
        ("brass", ["115-1"]),
        ("UNLISTED-1", ["115-2"]),
        ("115", []),
    ):
        text = alice.get("/s/north/orders", {"q": term}).content.decode()
        assert cells(text) == expected, term


def test_a_sku_in_very_many_orders_is_found_too(world: World) -> None:
    rows.many_orders(world.north, 300)
    rows.listing(world.north, "SKU-3X", title="SKU-3 in a box")
    orders = Order.objects.of_seller(world.cast.north)
    found = [
        set(orders_matching(orders, world.cast.north, "SKU-3", many=many))
        for many in (1_000, 5, 1)  # by line, by order, by order and listing
    ]
    assert len(found[0]) == 43
    assert found[0] == found[1] == found[2]


def test_a_search_finds_nothing_of_another_seller(world: World, alice: Client) -> None:
    for name in LISTS:
        text = alice.get(f"/s/north/{name}", {"q": "SOUTHERN"}).content.decode()
        assert cells(text) == []
        assert "Nothing fits this search" in text


def test_totals_stop_counting_at_a_thousand(world: World, alice: Client) -> None:
    rows.many_orders(world.north, 1_100)
    assert "<strong>1,000+</strong>" in alice.get("/s/north/orders").content.decode()


def test_gone_listings_are_left_out_until_asked_for(
    world: World, alice: Client
) -> None:
    rows.listing(world.north, "GONE", gone_at=rows.NOW)
    assert "GONE" not in cells(alice.get("/s/north/listings").content.decode())
    text = alice.get("/s/north/listings?gone=only").content.decode()
    assert cells(text) == ["GONE"]
    assert "Gone since" in text


class TestWhyThereIsNothing:
    """Off, not fetched yet, nothing there, nothing fits: different words."""

    def emptied(self, world: World) -> None:
        for model in (Listing, Price, Stock):
            model.objects.of_seller(world.cast.north).delete()

    def test_the_marketplace_answered_that_there_is_nothing(
        self, world: World, alice: Client
    ) -> None:
        self.emptied(world)
        text = alice.get("/s/north/listings").content.decode()
        assert "Amazon NA answered: no listings." in text

    def test_a_search_without_a_find_accuses_no_marketplace(
        self, world: World, alice: Client
    ) -> None:
        text = alice.get("/s/north/listings?q=zzz").content.decode()
        assert "Nothing fits this search" in text
        assert "answered" not in text
        world.north.switches.filter(feature=Feature.LISTINGS).update(on=False)
        text = alice.get("/s/north/listings?q=zzz").content.decode()
        assert "Listings is off for Amazon NA" in text

    def test_not_fetched_yet(self, world: World, alice: Client) -> None:
        self.emptied(world)
        text = alice.get("/s/north/prices").content.decode()
        assert "Prices of Amazon NA: not fetched yet." in text

    def test_the_feature_is_off(self, world: World, alice: Client) -> None:
        self.emptied(world)
        world.north.switches.filter(feature=Feature.INVENTORY).update(on=False)
        text = alice.get("/s/north/inventory").content.decode()
        assert "Inventory is off for Amazon NA: nothing is fetched." in text
        assert "feature off" in text

    def test_nothing_is_connected(self, world: World, alice: Client) -> None:
        self.emptied(world)
        type(world.north).objects.of_seller(world.cast.north).update(
            status="disconnected"
        )
        assert (
            "No account is connected" in alice.get("/s/north/listings").content.decode()
        )


def test_zero_not_told_and_not_yet_known_are_different_words(
    world: World, alice: Client
) -> None:
    rows.stock(world.north, "ZERO", available=0)
    rows.stock(world.north, "MUTE", available=None)
    text = alice.get("/s/north/inventory?q=ZERO").content.decode()
    assert '<span class="badge bad">0</span>' in text
    text = alice.get("/s/north/inventory?q=MUTE").content.decode()
    assert '<span class="absent">not told</span>' in text
    rows.order(world.north, "PEND", status="PENDING", total=None, currency=None)
    text = alice.get("/s/north/orders?q=PEND").content.decode()
    assert '<span class="absent">not yet known</span>' in text
    assert "0.00" not in text
