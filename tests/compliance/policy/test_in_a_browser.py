"""The policy in a browser: both themes, a telephone, for everybody and for officers."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from compliance.policy.services import run_due
from plugseller.shelves import Verdict
from tests.compliance.policy.test_running import Sample, shelf
from tests.conftest import Cast
from tests.marketplaces.console.test_staff_access_in_a_browser import browse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
shelf = shelf
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 840}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "phone": {"color_scheme": "light", "viewport": NARROW, "is_mobile": True},
    "phone-dark": {"color_scheme": "dark", "viewport": NARROW, "is_mobile": True},
}
PAGES = {
    "promises": "/policy/data-protection",
    "fetched": "/policy/what-we-fetch",
    "security": "/policy/security",
}
DESK = "/admin/compliance/controlresult/"


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_keeps_the_policy_and_fits(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    shelf: dict[str, Sample],
    look: str,
) -> None:
    shelf["use-2.x"].verdict = Verdict.FAIL
    run_due(timezone.now())
    officer = browse(browser, live_server, cast.carl, LOOKS[look])
    for name, path in PAGES.items():
        officer.open(path)
        officer.shoot(f"{name}-{look}")
        officer.unfold()
    for name in ("register/", "register/use-2.x/"):
        officer.page.goto(f"{officer.base}{DESK}{name}")
        officer.shoot(f"{name.replace('/', '-')}{look}")
    officer.page.get_by_role("button", name="Run now").press("Enter")
    officer.reads("Fail: It is fail.")
    assert officer.complaints == []
    assert officer.outside == []
