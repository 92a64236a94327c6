"""Somebody comes in, in a real browser: by code and app, by passkey, by link."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from compliance.governance.policies import texts
from plugseller.accounts.models import User
from plugseller.accounts.services import create_officer
from tests.conftest import PASSWORD, Cast, code_of
from tests.marketplaces.console.browsing import Watched
from tests.plugseller.accounts.helpers import ANOTHER, code_for, mailed_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "nina@example.test"
PAGES = ("sessions", "password", "e-mail", "factors/keys", "factors/app/remove")
LOOKS: dict[str, Any] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def base(live_server: LiveServer, settings: Any) -> str:
    address: str = live_server.url.replace("127.0.0.1", "localhost")
    settings.PUBLIC_ADDRESS = address
    return address


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("look", LOOKS)
def test_somebody_signs_up_and_comes_back(
    base: str, browser: Browser, look: str
) -> None:
    page = browser.new_context(**LOOKS[look]).new_page()
    watched = Watched(page, base)
    watched.open("/sign-in")
    watched.shoot(f"{look}-sign-in")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill(NEW)
    page.get_by_label("Password", exact=True).fill("short")
    press(page, "Sign up")
    watched.reads("too short")
    watched.shoot(f"{look}-sign-up-refused")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign up")
    watched.reads("Confirm your address")
    watched.shoot(f"{look}-verify")
    page.get_by_label("Code").fill(mailed_code(NEW))
    press(page, "Confirm")
    watched.reads("Set up an authenticator app")  # and no password asked for again
    watched.shoot(f"{look}-set-up-app")
    secret = page.locator("#authenticator_secret").text_content() or ""
    page.get_by_label("Code").fill(code_for(secret))
    press(page, "Set up")
    watched.reads("They are shown only now")
    watched.shoot(f"{look}-codes")
    assert watched.too_wide() == 0
    page.get_by_role("link", name="I have kept them").click()
    watched.reads("Your sellers")
    page.get_by_text("Account", exact=True).click()
    watched.shoot(f"{look}-home")
    page.get_by_role("link", name="Second factors").click()
    watched.reads("Recovery codes")
    watched.shoot(f"{look}-factors")
    for path in (
        "sessions",
        "password",
        "e-mail",
        "factors/keys",
        "factors/app/remove",
    ):
        watched.open(f"/account/{path}")
        watched.shoot(f"{look}-{path.replace('/', '-')}")
    watched.reads("your only second factor")
    watched.open("/")
    press(page, "Sign out")
    watched.reads("You are signed out.")
    page.get_by_label("E-mail address").fill(NEW)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    watched.reads("Your second factor")
    watched.shoot(f"{look}-second-factor")
    page.get_by_label("Code").fill(code_for(secret, 1))
    press(page, "Sign in")
    watched.reads("Your sellers")
    assert watched.complaints == []
    assert watched.outside == []


def with_key(page: Page) -> None:
    """A key that is plugged in and says yes to everything."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.add_init_script(
        "document.addEventListener('allauth.error', (event) =>"
        " console.error('No passkey: ' + event.detail.exception))"
    )


def slow_line(page: Page) -> None:
    line = {"offline": False, "latency": 300, "downloadThroughput": -1}
    session = page.context.new_cdp_session(page)
    session.send("Network.emulateNetworkConditions", line | {"uploadThroughput": -1})


def test_a_passkey_opens_the_door_alone(
    base: str, browser: Browser, cast: Cast
) -> None:
    page = browser.new_context().new_page()
    watched = Watched(page, base)
    with_key(page)
    watched.open("/sign-in")
    page.get_by_label("E-mail address").fill(cast.alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill(code_of(cast.alice.email))
    press(page, "Sign in")
    page.wait_for_url("**/s/north/")
    watched.shoot("console-menu-closed")
    watched.open("/account/factors/keys/add")
    page.get_by_label("Sign in with it alone").check()
    watched.shoot("passkey-add")
    press(page, "Add the passkey")
    watched.reads("The passkey is added.")
    page.goto(f"{base}/account/factors/keys")
    watched.reads("signs in alone")
    watched.shoot("passkeys")
    watched.open("/account/factors")
    watched.open("/s/north/")
    page.get_by_text("Account", exact=True).click()
    watched.shoot("console-menu-open")
    press(page, "Sign out")
    press(page, "Sign in with a passkey")
    page.wait_for_url("**/s/north/")
    watched.open("/account/factors/app/remove")  # confirmed by the passkey just used
    press(page, "Remove")
    watched.reads("The authenticator app is removed.")
    watched.open("/")
    press(page, "Sign out")
    page.get_by_label("E-mail address").fill(cast.alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    press(page, "Use a passkey")
    page.wait_for_url("**/s/north/")
    assert watched.complaints == []
    assert watched.outside == []


def test_a_passkey_is_enough_as_the_only_second_factor(
    base: str, browser: Browser, db: None
) -> None:
    page = browser.new_context().new_page()
    watched = Watched(page, base)
    with_key(page)
    watched.open("/sign-up")
    page.get_by_label("E-mail address").fill(NEW)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign up")
    page.get_by_label("Code").fill(mailed_code(NEW))
    press(page, "Confirm")
    slow_line(page)  # a click isn't lost before the script is there
    page.get_by_role("link", name="Use a passkey").click()
    press(page, "Add the passkey")
    watched.reads("They are shown only now")
    page.get_by_role("link", name="I have kept them").click()
    watched.reads("Your sellers")
    page.goto(f"{base}/account/factors/keys")
    page.get_by_role("link", name="Remove…").click()
    press(page, "Remove")
    watched.reads("your only second factor")
    watched.shoot("passkey-is-the-last")
    assert watched.complaints == []


def test_an_officer_comes_by_the_link(base: str, browser: Browser, db: None) -> None:
    link = create_officer(email="olaf@example.test", name="Olaf", now=timezone.now())
    page = browser.new_context().new_page()
    watched = Watched(page, base)
    page.goto(link)
    assert page.url == f"{base}/set-up"
    watched.shoot("set-up")
    page.get_by_label("Password", exact=True).fill(ANOTHER)
    page.get_by_label("The password again").fill(ANOTHER)
    press(page, "Set the password")
    watched.reads("Your password is set")
    page.get_by_label("E-mail address").fill("olaf@example.test")
    page.get_by_label("Password").fill(ANOTHER)
    page.keyboard.press("Enter")
    watched.reads("Set up an authenticator app")
    secret = page.locator("#authenticator_secret").text_content() or ""
    page.get_by_label("Code").fill(code_for(secret))
    press(page, "Set up")
    watched.reads("They are shown only now")
    watched.open("/admin/policies/acknowledge/")
    watched.shoot("acknowledge")
    for text in texts.current():
        watched.reads(f"{text.title}, version {text.number}")
        page.get_by_label("I have read this policy").check()
        press(page, "Acknowledge")
    watched.open("/admin/accounts/user/invite/")
    watched.shoot("invite")
    page.get_by_label("E-mail address").fill("sue@example.test")
    page.get_by_label("Name").fill("Sue")
    page.get_by_label("Role").select_option("support")
    press(page, "Invite")
    watched.reads("Invited.")
    watched.shoot("people")
    assert User.objects.get(email="sue@example.test").staff_role == "support"
    page.goto(link)
    watched.reads("This link doesn't work")
    watched.shoot("set-up-gone")
    # The page of a link that is over says so with its status, too.
    assert [c for c in watched.complaints if "404" not in c] == []
