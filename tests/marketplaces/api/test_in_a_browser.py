"""The pages of keys and the description in a real browser: policy kept, all fits."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from plugseller.accounts.models import ApiToken
from tests.conftest import signed_in
from tests.marketplaces.api.conftest import V1, key_of
from tests.marketplaces.console.browsing import Watched
from tests.marketplaces.console.conftest import World
from tests.marketplaces.console.test_in_a_browser import LOOKS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def inside(world: World, browser: Browser, base: str, **look: Any) -> Watched:
    """Alice's browser, signed in with the second factor shown just now."""
    context = browser.new_context(**look)
    name = settings.SESSION_COOKIE_NAME
    cookie = signed_in(world.cast.alice).cookies[name].value
    context.add_cookies([{"name": name, "value": cookie, "url": base}])
    return Watched(context.new_page(), base)


@pytest.mark.parametrize("look", LOOKS)
def test_keys_are_made_renewed_and_ended_by_clicking(
    live_server: LiveServer,
    browser: Browser,
    world: World,
    look: str,
) -> None:
    base = live_server.url.replace("127.0.0.1", "localhost")
    watched = inside(world, browser, base, **LOOKS[look])
    page = watched.page
    watched.open("/s/north/api-keys")
    watched.shoot(f"{look}-keys-none")
    old = key_of(world.cast.alice, world.cast.north, kind="machine", label="Old robot")
    now = timezone.now()
    ApiToken.objects.filter(pk=old.token.pk).update(
        expiry=now + timedelta(days=5),
        last_used_at=now,
        last_used_address="2001:db8:85a3:1234:5678:8a2e:370:7334",
    )
    watched.open("/s/north/api-keys/new")
    page.get_by_label("Name").fill("Warehouse" + "x" * 60)
    page.get_by_label("see orders").check()
    page.get_by_label("see prices").check()
    watched.shoot(f"{look}-keys-new")
    page.get_by_role("button", name="Make the key").click()
    watched.reads("the only time it is shown")
    watched.shoot(f"{look}-keys-shown")
    assert not watched.too_wide()
    assert (page.locator("#key").text_content() or "").startswith("plug_")
    page.get_by_role("link", name="I have copied it").click()
    watched.reads("Old robot")
    assert not watched.too_wide()
    page.get_by_role("button", name="Renew Old robot").click()
    watched.reads("The old key ends")
    watched.open("/s/north/api-keys")
    watched.shoot(f"{look}-keys")
    page.get_by_role("button", name="End now Warehouse").click()
    watched.reads("has ended")
    watched.shoot(f"{look}-keys-ended")
    assert watched.complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_description_is_read_in_a_browser(
    live_server: LiveServer,
    browser: Browser,
    world: World,
    look: str,
) -> None:
    base = live_server.url.replace("127.0.0.1", "localhost")
    watched = inside(world, browser, base, **LOOKS[look])
    watched.open(f"{V1}/docs/")
    watched.shoot(f"{look}-docs")
    watched.unfold()
    watched.shoot(f"{look}-docs-unfolded")
    assert watched.complaints == []
    assert watched.outside == []
