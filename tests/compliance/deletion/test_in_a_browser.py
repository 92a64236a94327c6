"""Having data deleted, in a real browser: every page, both themes, a telephone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from compliance.deletion.certificates import check_file
from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from marketplaces.models import Order
from plugseller.accounts.models import Seller
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, world  # noqa: F401
from tests.marketplaces.console.test_staff_access_in_a_browser import browse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {
        "color_scheme": "dark",
        "viewport": {"width": 375, "height": 740},
        "is_mobile": True,
        "has_touch": True,
    },
}
HOSTILE = '"><img src=x onerror=alert(1)> Nordwind-' + "x" * 60


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_keeps_the_policy_and_fits(
    live_server: LiveServer,
    browser: Browser,
    world: World,  # noqa: F811
    look: str,
) -> None:
    cast = world.cast
    rows.connect(cast.north, marketplace="walmart", account="W123")
    Seller.objects.filter(pk=cast.north.pk).update(name=HOSTILE)
    owner = browse(browser, live_server, cast.alice, LOOKS[look])
    for name, path in {
        "public": "/policy/data-deletion",
        "check": "/policy/certificates",
        "checked": "/policy/certificates/DEL-7K3M-Q9XT",
        "home": "/s/north/privacy/",
        "choose": "/s/north/privacy/delete",
        "preview": "/s/north/privacy/delete?what=account",
        "preview-connection": (
            f"/s/north/privacy/delete?what=connection-{world.north.pk}"
        ),
        "export": "/s/north/export",
        "own": "/account/deletions",
        "own-account": "/account/delete",
    }.items():
        owner.open(path)
        owner.shoot(f"{look}-{name}")
    owner.open("/s/north/privacy/delete?what=account")
    owner.page.get_by_label("short name").fill("north")
    owner.page.get_by_role("button", name="Ask for deletion").click()
    owner.reads("Cancel until then")
    assert not owner.too_wide()
    owner.shoot(f"{look}-request")
    owner.open("/s/north/privacy/")
    owner.shoot(f"{look}-frozen")
    owner.open("/account/deletions")
    owner.shoot(f"{look}-own-list")
    assert owner.complaints == []
    assert owner.outside == []


def test_looked_at_asked_for_and_taken_back_by_clicking(
    live_server: LiveServer,
    browser: Browser,
    world: World,  # noqa: F811
) -> None:
    owner = browse(browser, live_server, world.cast.alice, LOOKS["light"])
    owner.open("/s/north/privacy/")
    owner.reads("rows in")
    owner.page.get_by_role("link", name="Delete…").click()
    owner.page.get_by_label("Everything of North").check()
    owner.page.get_by_role("button", name="See what would go").click()
    owner.reads("Nothing is asked for yet")
    owner.page.get_by_label("short name").fill("nord")
    owner.page.get_by_role("button", name="Ask for deletion").click()
    owner.reads("Type north to show that you mean it.")
    assert not DeletionRequest.objects.exists()
    owner.page.get_by_label("short name").fill("north")
    owner.page.get_by_role("button", name="Ask for deletion").click()
    owner.reads("Will begin")
    asked = DeletionRequest.objects.get()
    assert asked.keeps_requester
    owner.page.goto(owner.base + "/s/north/orders")
    owner.reads("403")
    owner.page.goto(owner.base + "/s/north/")
    owner.reads("North is to be deleted")
    owner.page.get_by_role("link", name=asked.reference).click()
    owner.page.get_by_role("button", name="Take it back").click()
    owner.reads("is taken back. Nothing was deleted.")
    owner.open("/s/north/orders")
    owner.reads("111-NORTHERN")
    assert Order.objects.of_seller(world.cast.north).count() == 1


@pytest.mark.parametrize("look", LOOKS)
def test_asked_for_carried_out_and_proved(
    live_server: LiveServer,
    browser: Browser,
    world: World,  # noqa: F811
    look: str,
    settings: Any,
    tmp_path: Path,
) -> None:
    settings.DELETION_LEDGER = tmp_path / "apart" / "deletions.jsonl"
    owner = browse(browser, live_server, world.cast.alice, LOOKS[look])
    owner.open("/s/north/privacy/delete?what=account")
    owner.page.get_by_label("short name").fill("north")
    owner.page.get_by_label("Begin at once").check()
    owner.page.get_by_role("button", name="Ask for deletion").click()
    owner.reads("The request arrived")
    asked = DeletionRequest.objects.get()
    [done] = process_due(timezone.now())
    assert not done.failed, done
    assert not Seller.objects.filter(slug="north").exists()

    # The seller is gone, and so are all sessions; the account stayed.
    back = browse(browser, live_server, world.cast.alice, LOOKS[look])
    back.open("/account/deletions")
    back.page.get_by_role("link", name=asked.reference).click()
    back.reads("Completed")
    assert not back.too_wide()
    back.shoot(f"{look}-completed")
    back.page.get_by_role("link", name="Certificate").click()
    back.reads("Deletion certificate")
    back.reads("Place by place")
    assert not back.too_wide()
    back.shoot(f"{look}-certificate")
    with back.page.expect_download() as given:
        back.page.get_by_role("link", name="signed file").click()
    file = Path(given.value.path()).read_bytes()
    assert check_file(file).is_valid
    assert not check_file(file.replace(b"Lines", b"Limes")).is_valid
    back.page.emulate_media(media="print")
    assert not back.page.get_by_role("link", name="signed file").is_visible()
    back.shoot(f"{look}-certificate-print")
    back.page.emulate_media(media="screen")
    back.open(f"/policy/certificates/{asked.reference}")
    back.reads("Valid.")
    assert back.complaints == []
    assert back.outside == []


def test_everything_can_be_reached_by_keyboard_alone(
    live_server: LiveServer,
    browser: Browser,
    world: World,  # noqa: F811
) -> None:
    owner = browse(browser, live_server, world.cast.alice, LOOKS["light"])
    owner.open("/s/north/privacy/delete")
    owner.page.locator("#what-1").focus()
    owner.page.keyboard.press("ArrowDown")
    owner.page.keyboard.press("ArrowUp")
    owner.page.keyboard.press("Enter")
    owner.reads("Nothing is asked for yet")
    owner.page.get_by_label("short name").focus()
    owner.page.keyboard.type("north")
    owner.page.keyboard.press("Enter")
    owner.reads("Will begin")
    asked = DeletionRequest.objects.get()
    assert asked.starts_at
    assert asked.starts_at > timezone.now() + timedelta(hours=47)
