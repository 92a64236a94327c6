"""What stands on the pages: right sums, sources, words; markup that stays inert."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views import defaults

from marketplaces import reports, shelf
from marketplaces.console import words
from marketplaces.console.charts import bars, steps
from marketplaces.datamap import Feature, unwanted_paths
from marketplaces.models import Connection
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole
from tests.marketplaces.console.test_who_sees import MANAGING, PAGES

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><b onmouseover=alert(1)>x</b>",
    '" onfocus=alert(1) autofocus x="',
    "' onclick='alert(1)",
    "javascript:alert(1)",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{background:url(//evil.example)}</style>",
    "{{ request }}{% load static %}{% debug %}",
    "<!--<img src=--><img src=x onerror=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>x",
    "&lt;script&gt;&#60;script&#62;",
    "\u2028<script>alert(1)</script>",
]

ORDINARY = {  # what another row, message or status may add to a page
    "br",
    "code",
    "code[class]",
    "div",
    "div[class]",
    "li",
    "p",
    "span",
    "span[class]",
    "strong",
    "strong[class]",
    "ul",
    "ul[class]",
}


class Shape(HTMLParser):
    """Names of elements and attributes, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.add(tag)
        for name, value in attrs:
            self.parts.add(f"{tag}[{name}]")
            if name in ("href", "src", "action", "formaction", "hx-get"):
                self.links.add(value or "")


def shape_of(page: bytes) -> Shape:
    shape = Shape()
    shape.feed(page.decode())
    return shape


@pytest.fixture
def alice(world: World) -> Client:
    return signed_in(world.cast.alice)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_of_a_marketplace_becomes_markup(
    world: World, alice: Client, payload: str
) -> None:
    poisoned = (world.north.pk, rows.US, payload)
    harmless = (world.north.pk, rows.US, "SKU-NORTHERN")
    pages = {name: world.paths[name] for name in (*PAGES, *MANAGING)}
    clean = {name: shape_of(whole(alice.get(path))) for name, path in pages.items()}
    poison(world, payload)
    pages["sku"] = reverse("console:sku", args=("north", *poisoned))
    pages["order"] = reverse("console:order", args=("north", world.north.pk, payload))
    pages["another sku"] = reverse("console:sku", args=("north", *harmless))
    for name, path in pages.items():
        page = alice.get(path)
        assert page.status_code in (200, 302), name
        shape = shape_of(whole(page))
        assert not {part for part in shape.parts if re.search(r"\[(on|style)", part)}
        known = clean.get(name, clean["sku"]).parts | ORDINARY
        assert shape.parts <= known, name
        for link in shape.links:
            assert link.startswith(("/", "?", "#", "mailto:support@")) or link == ""


def poison(world: World, payload: str) -> None:
    """The payload in each text of North's rows that a page shows."""
    north = world.north
    north.label = north.trouble = payload
    north.save(update_fields=["label", "trouble"])
    north.markets.update(name=payload, country=payload[:2])
    rows.order(north, payload, skus=(payload,), status=payload[:40], currency="<b>")
    rows.listing(
        north,
        payload,
        title=payload,
        status=payload,
        condition=payload[:40],
        channel=payload[:20],
        product_id=payload,
        issues=[{"code": payload, "severity": payload, "message": payload}],
        issue_count=1,
    )
    rows.product(
        north, external_id=payload, title=payload, brand=payload, category=payload
    )
    rows.stock(north, payload, location=payload, channel=payload[:20], available=1)
    rows.price(north, payload, currency="<b>")
    world.run.error_code = payload
    world.run.trouble = payload[:40]
    world.run.dropped = world.run.skipped = {payload: 1}
    world.run.unknown = [payload]
    world.run.save()
    Connection.objects.of_seller(world.cast.north).update(account_id=payload)


def test_sales_are_summed_by_currency_and_pending_ones_are_not_zero(
    world: World, alice: Client
) -> None:
    for place, (status, currency, total) in enumerate(
        [
            ("SHIPPED", "USD", Decimal("10.10")),
            ("SHIPPED", "EUR", Decimal("1000.00")),
            ("PENDING", None, None),
            ("PENDING", None, None),
            ("CANCELLED", "USD", Decimal("999")),
            ("Cancelled", "USD", Decimal("999")),
        ]
    ):
        rows.order(
            world.north, f"S-{place}", status=status, currency=currency, total=total
        )
    found = reports.sold(
        world.cast.north,
        zone=ZoneInfo("UTC"),
        first=rows.NOW.date() - timedelta(days=2),
        last=rows.NOW.date(),
        cancelled=words.CANCELLED,
    )
    sums = {sale.currency: (sale.orders, sale.total) for sale in found.sales}
    assert sums == {"EUR": (1, Decimal("1000")), "USD": (2, Decimal("30"))}
    assert (found.untold, found.cancelled) == (2, 2)
    text = whole(alice.get("/s/north/")).decode()
    assert "30.00 USD" in text
    assert "1,000.00 EUR" in text
    assert "<strong>2</strong> orders have a total" in text
    assert "2 cancelled orders are left out" in text


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_days_of_the_chart_are_days_where_the_seller_is(
    world: World, zone: str
) -> None:
    there = ZoneInfo(zone)
    today = rows.NOW.astimezone(there).date()
    days = reports.orders_per_day(world.cast.north, zone=there, today=today, days=30)
    placed = (rows.NOW - timedelta(hours=1)).astimezone(there).date()
    assert [day.date for day in days if day.orders] == [placed]
    assert len(days) == 30
    assert days[-1].date == today


def test_the_change_of_the_clock_loses_and_doubles_no_order(world: World) -> None:
    """25 hours long: 1 November 2026 in New York."""
    zone = ZoneInfo("America/New_York")
    begin = rows.NOW.replace(2026, 11, 1, 4, 0, 0)  # midnight there
    for hour in range(25):
        rows.order(world.north, f"H-{hour}", placed_at=begin + timedelta(hours=hour))
    rows.order(world.north, "H-next", placed_at=begin + timedelta(hours=25))
    days = reports.orders_per_day(
        world.cast.north, zone=zone, today=begin.date() + timedelta(days=1), days=3
    )
    assert [day.orders for day in days] == [0, 25, 1]


def test_the_dashboard_costs_the_same_however_many_orders_there_are(
    world: World, alice: Client, django_assert_num_queries: Any
) -> None:
    alice.get("/s/north/")
    for count in (10, 500):
        rows.many_orders(world.north, count, prefix=f"N{count}")
        with django_assert_num_queries(22):  # two of them the audit entry
            assert alice.get("/s/north/").status_code == 200


def test_every_figure_says_where_it_is_from(world: World, alice: Client) -> None:
    for name, call in (
        ("order", "amazon.searchOrders"),
        ("sku", "amazon.getInventorySummaries"),
    ):
        text = whole(alice.get(world.paths[name])).decode()
        assert "Amazon&#x27;s own time" in text or "Amazon's own time" in text
        assert call in text
        assert reverse("console:run", args=["north", world.north.pk, 7]) in text


def test_a_page_of_a_sku_tells_history_and_absence_apart(
    world: World, alice: Client
) -> None:
    world.north.switches.filter(feature=Feature.CATALOG).update(on=False)
    rows.listing(world.north, "LONE", product_id="B000000009")
    text = whole(alice.get(f"/s/north/skus/{world.north.pk}/{rows.US}/LONE")).decode()
    assert "Catalogue is off for Amazon NA: nothing is fetched." in text
    assert "Prices of Amazon NA: not fetched yet." in text
    text = whole(alice.get(world.paths["sku"])).decode()
    assert "Price history (1)" in text
    assert "Stock history (1)" in text


def test_a_figure_that_is_missing_isnt_told_to_be_missing_everywhere(
    world: World, alice: Client
) -> None:
    rows.synced(world.north, Feature.PRICING, "amazon.getPricing")
    rows.listing(world.north, "LONE")
    text = whole(alice.get(f"/s/north/skus/{world.north.pk}/{rows.US}/LONE")).decode()
    assert "answered" not in text
    assert "No price of this SKU has been fetched." in text


def test_the_last_orders_of_a_sku_are_the_newest_of_that_store(
    world: World, alice: Client
) -> None:
    walmart = rows.connect(world.cast.north, marketplace="walmart", account="W")
    path = world.paths["sku"]
    for day in range(12):  # what was fetched last was placed first
        placed = rows.NOW - timedelta(days=day)
        number, sku = f"111-DAY-{day:02d}", ("SKU-NORTHERN",)
        rows.order(world.north, number, skus=sku, placed_at=placed)
        rows.order(walmart, f"222-DAY-{day:02d}", skus=sku, placed_at=rows.NOW)
    rows.order(
        world.north, "111-MEXICO", skus=("SKU-NORTHERN",), market="A1AM78C64UM0Y8"
    )
    told = re.findall(r">(\d{3}-[A-Z]+-?\d*)</a>", whole(alice.get(path)).decode())
    newest = [f"111-DAY-{day:02d}" for day in range(10)]
    assert set(told) == {"111-NORTHERN", *newest[:9]}


def test_dropped_fields_are_counted_where_they_are_listed(
    world: World, alice: Client
) -> None:
    call = next(
        unwanted for unwanted in _unwanted("amazon") if unwanted.startswith("orders[].")
    )
    world.run.dropped = {call: 4321}
    world.run.save()
    text = whole(alice.get("/s/north/what-we-fetch")).decode()
    assert f'<code>{call}</code></td><td class="number">4,321</td>' in text


def _unwanted(marketplace: str) -> Iterator[str]:
    for operation in shelf.datamap().of(marketplace):
        yield from unwanted_paths(operation.structure)


def test_every_call_of_the_data_map_is_on_the_page(world: World, alice: Client) -> None:
    text = whole(alice.get("/s/north/what-we-fetch")).decode()
    for operation in shelf.datamap():
        assert operation.path in text
        assert operation.purpose in text.replace("&#x27;", "'")


@pytest.mark.parametrize(
    "view", [defaults.bad_request, defaults.permission_denied, defaults.page_not_found]
)
def test_error_pages_say_what_to_do_and_whom_to_ask(view: object) -> None:
    request = RequestFactory().get("/x")
    page = view(request, Exception("SECRET")).content.decode()  # type: ignore[operator]
    assert "support@plugakademi.org" in page
    assert "SECRET" not in page
    assert "To the start page" in page


def test_the_page_for_our_own_faults_needs_nothing_that_may_be_broken() -> None:
    page = defaults.server_error(RequestFactory().get("/x")).content.decode()
    assert "Something went wrong on our side" in page
    assert "support@plugakademi.org" in page


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("BUYABLE,DISCOVERABLE", "good"),
        ("DISCOVERABLE", ""),
        ("PUBLISHED,ACTIVE", "good"),
        ("UNPUBLISHED,ACTIVE", "bad"),
        ("SYSTEM_PROBLEM,ACTIVE", "bad"),
        ("Pending", "wait"),
        ("PARTIALLY_SHIPPED", "wait"),
        ("Shipped", "good"),
        ("something new", ""),
        ("", ""),
    ],
)
def test_a_status_looks_as_good_as_its_worst_part(status: str, tone: str) -> None:
    assert words.tone(status) == tone


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        ("seller", "Shipped by you"),
        ("marketplace", "Shipped by Amazon"),
        ("third-party", "Shipped by a third party"),
        ("", "Shipper not told"),
        (None, "Shipper not told"),
    ],
)
def test_who_ships_is_told_in_a_sentence(channel: str | None, sentence: str) -> None:
    assert words.shipping(channel, "Amazon") == sentence


def test_charts_stay_inside_their_box_whatever_comes() -> None:
    assert bars([]).most == 0
    for values in ([0, 0], [1], [3, 0, 10**9]):
        drawn = bars([("", value) for value in values])
        assert all(0 <= bar.y <= 100 and 0 <= bar.height <= 100 for bar in drawn.bars)
    assert steps([], until=rows.NOW) is None
    flat = steps([(rows.NOW, 5)], until=rows.NOW)
    assert flat
    assert flat.path == "M0.0 50.0H1000"
