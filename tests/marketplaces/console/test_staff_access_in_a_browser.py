"""Staff access in a real browser: the desk, the banner, the seller's page."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import GRANTABLE
from plugseller.accounts.services import break_glass, report_access
from plugseller.audit.services import record_access
from tests.conftest import person, signed_in
from tests.marketplaces.console.browsing import Watched
from tests.marketplaces.console.conftest import World
from tests.plugseller.accounts.granting import ask, give

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
    },
}
HOSTILE = '"><img src=x onerror=alert(1)> a-long-word-' + "x" * 90


def browse(
    browser: Browser, server: LiveServer, who: User, look: str | dict[str, Any]
) -> Watched:
    """A browser in which the person is signed in."""
    base = server.url.replace("127.0.0.1", "localhost")
    shape = LOOKS[look] if isinstance(look, str) else look
    context = browser.new_context(**shape)
    cookie = signed_in(who).cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": base}]
    )
    return Watched(context.new_page(), base)


@pytest.mark.parametrize("look", LOOKS)
def test_pages_about_staff_access_keep_the_policy_and_fit(
    live_server: LiveServer, browser: Browser, world: World, look: str
) -> None:
    cast, now = world.cast, timezone.now()
    dora = person("dora", staff_role="officer")
    cast.north.created_at = now - timedelta(days=90)
    cast.north.save()
    owner = browse(browser, live_server, cast.alice, look)
    owner.open("/s/north/staff-access")
    owner.shoot(f"{look}-staff_access_empty")

    live = give(cast.olga, cast.north, by=dora, now=now, permissions=list(GRANTABLE))
    waiting = ask(cast.olga, cast.north, now=now, reason=HOSTILE, ticket="T" * 60)
    give(cast.olga, cast.north, by=dora, now=now - timedelta(days=2))
    glass = break_glass(
        actor=cast.carl,
        seller=cast.north,
        permissions=["view_orders"],
        reason=f"Fire. {HOSTILE}",
        now=now - timedelta(hours=2),
    )
    record_access(
        "orders.export",
        actor=cast.olga,
        seller_id=cast.north.pk,
        rows=1_204,
        details={"filters": ["status", "q"]},
        role="support",
        grant_id=live.pk,
    )
    report_access(now)
    owner.open("/s/north/staff-access")
    owner.shoot(f"{look}-staff_access")
    owner.unfold()
    owner.open(f"/s/north/staff-access/{live.pk}")
    owner.shoot(f"{look}-staff_access_grant")

    support = browse(browser, live_server, cast.olga, look)
    for name in ("dashboard", "orders", "connection"):
        support.open(world.paths[name])
        support.shoot(f"{look}-banner_{name}")
    officer = browse(browser, live_server, dora, look)
    for name, path in {
        "home": "/admin/",
        "list": "/admin/accounts/grant/",
        "ask": "/admin/accounts/grant/ask/",
        "break_glass": "/admin/accounts/grant/break-glass/",
        "decide": f"/admin/accounts/grant/{waiting.pk}/change/",
        "review": f"/admin/accounts/grant/{glass.pk}/change/",
    }.items():
        officer.open(path)
        officer.shoot(f"{look}-desk_{name}")
    for watched in (owner, support, officer):
        assert watched.complaints == []
        assert watched.outside == []


def test_asked_for_approved_used_and_ended_by_clicking(
    live_server: LiveServer, browser: Browser, world: World
) -> None:
    support = browse(browser, live_server, world.cast.olga, "light")
    support.open("/admin/")
    support.page.get_by_role("link", name="Ask for access").click()
    support.page.get_by_label("Seller").fill("north")
    support.page.get_by_label("see orders").check()
    support.page.get_by_label("Why").fill("The order list is empty.")
    support.page.get_by_label("Ticket").fill("T-1")
    support.page.get_by_role("button", name="Ask").click()
    support.reads("Waits for a second person")
    officer = browse(browser, live_server, world.cast.carl, "light")
    officer.open("/admin/")
    officer.page.get_by_text("Access to a seller is asked for").click()
    officer.page.get_by_role("button", name="Approve").click()
    officer.reads("The access began now.")
    support.open("/admin/")
    support.page.get_by_role("link", name="North").click()
    support.reads("You see North as support")
    support.page.get_by_role("link", name="Orders", exact=True).click()
    support.reads("111-NORTHERN")
    owner = browse(browser, live_server, world.cast.alice, "light")
    owner.open("/s/north/staff-access")
    owner.page.get_by_role("button", name="End this access").click()
    owner.reads("Our staff see nothing by it any more")
    support.page.goto(support.base + "/s/north/orders")
    support.reads("doesn't exist")
    assert Grant.objects.get().end == Grant.End.REVOKED
