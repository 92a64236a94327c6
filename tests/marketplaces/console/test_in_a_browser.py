"""Every page in a real browser: no violation of the policy, no error, no overflow."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from marketplaces.datamap import Feature
from marketplaces.models import PriceChange, StockChange, SyncRun
from tests.marketplaces.console import rows
from tests.marketplaces.console.browsing import Watched, enter, sign_in
from tests.marketplaces.console.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 360, "height": 740},
        "is_mobile": True,
        "has_touch": True,
    },
}
XSS = '"><img src=x onerror=alert(1)><svg onload=alert(2)>{{7*7}}</script>'


@pytest.fixture
def full(world: World) -> World:
    """Weeks of orders, awkward SKUs, hostile titles, a running and a failed sync."""
    now, north = timezone.now(), world.north
    for place in range(400):
        pending = place % 11 == 0
        rows.order(
            north,
            f"112-{place:07d}-{place * 7919 % 10**7:07d}",
            skus=(rows.NASTY_SKUS[place % 8], "SKU-2")[: 1 + place % 2],
            status="PENDING"
            if pending
            else ("SHIPPED", "UNSHIPPED", "CANCELLED")[place % 3],
            placed_at=now - timedelta(hours=place * place % 709, minutes=place),
            ship_by=now + timedelta(days=place % 5 - 2),
            currency=None if pending else ("USD", "CAD")[place % 2],
            total=None if pending else Decimal(place) + Decimal("9.9"),
        )
    for place, sku in enumerate(rows.NASTY_SKUS):
        rows.listing(
            north,
            sku,
            title=XSS
            if place == 3
            else f"Classic Mug with a rather long title, {place}",
            issue_count=place % 3,
            issues=[{"code": "90220", "severity": "ERROR", "message": XSS}]
            * (place % 3),
        )
        rows.price(north, sku, amount=f"{place}.5")
        rows.stock(north, sku, available=(None, 0, 3, 1204)[place % 4])
    history = rows.source(north, "amazon.searchListingsItems")
    for place in range(12):
        when = {"as_of": now - timedelta(days=60 - place * 5)}
        PriceChange.objects.create(
            **(history | when),
            sku="SKU-NORTHERN",
            kind="offer",
            amount=Decimal(10 + place * 7 % 5),
            currency="USD",
        )
        StockChange.objects.create(
            **(history | when),
            sku="SKU-NORTHERN",
            location="FBA",
            channel="marketplace",
            available=40 - place * 3,
        )
    rows.synced(
        north,
        Feature.INVENTORY,
        "amazon.getInventorySummaries",
        started_at=now,
        finished_at=None,
        outcome=SyncRun.Outcome.RUNNING,
    )
    rows.synced(
        north,
        Feature.PRICING,
        "amazon.getPricing",
        outcome=SyncRun.Outcome.FAILED,
        trouble="authorisation lost",
        error_code="Unauthorized",
        throttled_seconds=42.5,
    )
    north.reconnect_by = now + timedelta(days=9)
    north.save(update_fields=["reconnect_by"])
    return world


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_keeps_the_policy_and_fits(
    live_server: LiveServer, browser: Browser, full: World, look: str
) -> None:
    base = live_server.url.replace("127.0.0.1", "localhost")
    page = browser.new_context(**LOOKS[look]).new_page()
    watched = Watched(page, base)
    watched.open("/sign-in")
    watched.shoot(f"{look}-sign_in")
    sign_in(watched)
    for name, path in full.paths.items():
        if name.endswith("_file") or name == "progress":
            continue
        watched.open(path)
        watched.shoot(f"{look}-{name}")
        watched.unfold()
    for path in (
        "/s/north/orders?q=nothing-fits",
        "/s/south/",
        "/s/north/orders?sort=x",
    ):
        page.goto(base + path)
        watched.shoot(
            f"{look}-{path.rpartition('/')[2].partition('?')[2] or 'not_found'}"
        )
    expected = [c for c in watched.complaints if "Failed to load resource" not in c]
    assert expected == []
    assert len(watched.complaints) <= 2  # the browser's own note of the 404 and the 400
    assert watched.outside == []


def test_keys_and_the_look_work_and_last(
    live_server: LiveServer, browser: Browser, world: World
) -> None:
    base = live_server.url.replace("127.0.0.1", "localhost")
    page = browser.new_context(color_scheme="light").new_page()
    watched = Watched(page, base)
    sign_in(watched)
    page.get_by_role("button", name="Change between light and dark").click()
    watched.open("/s/north/orders")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("/")
    page.keyboard.type("NORTHERN")
    page.keyboard.press("Enter")
    page.wait_for_url("**/s/north/orders?*q=NORTHERN*")
    page.goto(base + "/s/north/orders")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert watched.complaints == []


def test_awkward_skus_open_by_clicking(
    live_server: LiveServer, browser: Browser, full: World
) -> None:
    page = browser.new_context().new_page()
    watched = Watched(page, live_server.url.replace("127.0.0.1", "localhost"))
    sign_in(watched)
    for name in ("listings", "inventory", "prices"):
        watched.open(f"/s/north/{name}")
        for place in range(page.locator("a.sku").count()):
            watched.open(f"/s/north/{name}")
            link = page.locator("a.sku").nth(place)
            sku = link.text_content()
            link.click()
            page.wait_for_url("**/skus/**")
            assert page.locator("h1").text_content() == sku
    assert watched.complaints == []


def test_every_page_works_without_script(
    live_server: LiveServer, browser: Browser, full: World
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    base = live_server.url.replace("127.0.0.1", "localhost")
    watched = Watched(page, base)
    page.goto(base + "/sign-in")
    enter(page)
    page.wait_for_url("**/s/north/")
    page.goto(base + full.paths["connection"])
    page.get_by_role("button", name="Switch off Orders").click()
    watched.reads("Orders is off")
    page.goto(base + "/s/north/orders")
    assert "feature off" in page.content()
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Status").select_option("PENDING")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**/s/north/orders?*status=PENDING*")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(base + "/s/north/")
    assert "/sign-in" in page.url


def test_a_running_sync_is_seen_to_move(
    live_server: LiveServer, browser: Browser, full: World
) -> None:
    page = browser.new_context().new_page()
    watched = Watched(page, live_server.url.replace("127.0.0.1", "localhost"))
    sign_in(watched)
    watched.open(full.paths["connection"])
    running = SyncRun.objects.of_seller(full.cast.north).filter(outcome="running")
    running.update(outcome="done", rows_new=4321)
    page.get_by_text("4,321 new").wait_for(timeout=20_000)
    assert page.locator("#streams[hx-get]").count() == 0  # it asks no further
    assert watched.complaints == []
