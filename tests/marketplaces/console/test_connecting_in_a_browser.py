"""A seller connects both marketplaces by clicking, through the simulator's pages."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django_q.models import OrmQ
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from marketplaces.models import Connection
from marketplaces.sync.rounds import sync_round
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators
from tests.marketplaces.console.browsing import Watched, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PLACES = {
    "Amazon": ("North America", "north-amazon-na"),
    "Walmart": ("United States", "north-walmart"),
}


@pytest.mark.parametrize("marketplace", PLACES)
def test_a_seller_connects_syncs_and_disconnects(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    simulators: Simulators,
    settings: Any,
    marketplace: str,
) -> None:
    simulator = simulators(clock=lambda: datetime.now(UTC), orders=60, listings=20)
    base = live_server.url.replace("127.0.0.1", "localhost")
    settings.PUBLIC_ADDRESS = base
    page = browser.new_context(ignore_https_errors=True).new_page()
    watched = Watched(page, base)
    region, account = PLACES[marketplace]

    sign_in(watched)
    page.get_by_role("link", name="Connect an account").first.click()
    section = page.locator("section", has=page.get_by_role("heading", name=marketplace))
    section.get_by_role("link", name=region).click()
    assert not page.get_by_label("Orders").is_checked()
    for name in ("Orders", "Inventory", "Prices"):
        if page.get_by_label(name).count():
            page.get_by_label(name).check()
    page.get_by_role("button", name=f"Go to {marketplace}").click()
    page.wait_for_url(f"{simulator.address}/**")
    page.get_by_label("Account").select_option(account)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/s/north/connections/**")
    watched.reads(f"{marketplace} is connected")
    assert "code" not in page.url
    watched.shoot(f"flow-{marketplace}-connected")

    (made,) = Connection.objects.of_seller(cast.north)
    # The first sync begins by itself; besides it there is the mail about signing in.
    (queued,) = (q for q in OrmQ.objects.all() if "outbox" not in q.task["func"])
    assert queued.task["args"][0] == str(made.pk)
    sync_round([made])
    page.reload()
    assert page.get_by_text("Failed").count() == 0
    watched.shoot(f"flow-{marketplace}-synced")
    for name in ("", "orders", "listings", "inventory", "prices", "what-we-fetch"):
        watched.open(f"/s/north/{name}")
        watched.shoot(f"flow-{marketplace}-{name or 'dashboard'}")
        assert "No account is connected" not in page.content()
        assert "CANARY" not in page.content()
    watched.open("/s/north/orders")
    page.locator("a.sku").first.click()
    watched.reads("Never fetched")
    watched.shoot(f"flow-{marketplace}-order")

    watched.open(f"/s/north/connections/{made.pk}")
    page.get_by_role("link", name="Disconnect…").click()
    page.get_by_role("button", name="Disconnect").click()
    watched.reads("is disconnected")
    made.refresh_from_db()
    assert not made.is_live
    assert watched.complaints == []
    assert [u for u in watched.outside if not u.startswith(simulator.address)] == []


def test_a_seller_who_cancels_is_told_that_nothing_happened(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    simulators: Simulators,
    settings: Any,
) -> None:
    simulator = simulators(clock=lambda: datetime.now(UTC))
    base = live_server.url.replace("127.0.0.1", "localhost")
    settings.PUBLIC_ADDRESS = base
    page = browser.new_context(ignore_https_errors=True).new_page()
    watched = Watched(page, base)
    sign_in(watched)
    watched.open("/s/north/connections/new/amazon/na")
    page.get_by_role("button", name="Go to Amazon").click()
    page.wait_for_url(f"{simulator.address}/**")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/s/north/")
    watched.reads("Nothing was connected")
    assert not Connection.objects.of_seller(cast.north).exists()
    assert watched.complaints == []
