"""Team, home and leaving in a real browser: no complaint, no overflow, by the pages."""

from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import invite, join
from tests.conftest import Cast, person, signed_in
from tests.marketplaces.console.browsing import Watched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "night phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


def session_of(someone: User) -> str:
    """The key of a session in which somebody signed in just now."""
    return signed_in(someone).cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def dora(cast: Cast) -> User:
    """Invited to North; others wait too, one with a very long address."""
    made = person("dora")
    north, now = cast.north, timezone.now()
    join(actor=None, seller=north, user=person("mary"), role=Role.MANAGER)
    for email in (made.email, f"{'long.' * 11}address@{'sub.' * 20}example.test"):
        invite(actor=cast.alice, seller=north, email=email, role=Role.ANALYST, now=now)
    return made


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_look_right_and_work(
    cast: Cast, dora: User, live_server: LiveServer, browser: Browser, look: str
) -> None:
    alice, dora_s, carl = map(session_of, (cast.alice, dora, cast.carl))
    bob = str(cast.north.memberships.get(user=cast.bob).pk)
    ending = {"owner": str(cast.alice.pk), "last": str(cast.charlie.pk)}
    _owner(_look(browser, live_server.url, look, alice), look, bob)
    _dora(_look(browser, live_server.url, look, dora_s), look)
    _officer(_look(browser, live_server.url, look, carl), look, ending)


def _look(browser: Browser, base: str, look: str, session: str) -> Watched:
    page = browser.new_context(**LOOKS[look]).new_page()
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": session, "url": base}])
    return Watched(page, base)


def _owner(seen: Watched, look: str, member: str) -> None:
    seen.open("/s/north/team")
    seen.shoot(f"team {look}")
    seen.page.get_by_label("E-mail address").fill("new@example.test")
    seen.page.get_by_role("button", name="Invite", exact=True).click()
    seen.reads("new@example.test is invited as Viewer")
    seen.page.get_by_label("E-mail address").fill("bob@example.test")
    seen.page.get_by_role("button", name="Invite", exact=True).click()
    seen.reads("This person belongs to the team")
    seen.shoot(f"team refused {look}")
    assert not seen.too_wide()
    seen.complaints = [c for c in seen.complaints if "400" not in c]
    for step in ("role", "remove"):
        seen.open(f"/s/north/team/{member}/{step}")
        seen.shoot(f"team {step} {look}")
    seen.open("/s/north/leave")
    seen.reads("its only owner")
    seen.shoot(f"leave refused {look}")
    assert (seen.complaints, seen.outside) == ([], [])


def _dora(seen: Watched, look: str) -> None:
    seen.open("/")
    seen.shoot(f"home invited {look}")
    seen.open("/sellers/new")
    seen.shoot(f"seller new {look}")
    seen.open("/")
    seen.page.get_by_role("button", name="Accept").click()
    seen.reads("You belong to North now, as Analyst")
    seen.open("/s/north/leave")
    seen.shoot(f"leave {look}")
    seen.page.get_by_role("button", name="Leave").click()
    seen.reads("You have left North")
    assert (seen.complaints, seen.outside) == ([], [])


def _officer(seen: Watched, look: str, ending: dict[str, str]) -> None:
    for name, pk in ending.items():
        seen.page.goto(f"{seen.base}/admin/accounts/user/{pk}/offboard/")
        seen.reads("Everything below ends at once")
        seen.shoot(f"offboard {name} {look}")
    assert (seen.complaints, seen.outside) == ([], [])
