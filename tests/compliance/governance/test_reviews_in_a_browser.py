"""The pages of reviews in a real browser: by keyboard, and without any script."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.models import ReviewDecision
from plugseller.accounts.models import Membership, User
from plugseller.accounts.roles import StaffRole
from tests.compliance.governance.reviewed import DAY, began, item
from tests.conftest import Cast, person, signed_in
from tests.marketplaces.console.browsing import Watched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(browser: Browser, base: str, who: User, width: int) -> Watched:
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, java_script_enabled=False)  # type: ignore[arg-type]  # a plain dict
    key = signed_in(who).cookies[settings.SESSION_COOKIE_NAME].value
    page = context.new_page()
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}]
    )
    return Watched(page, base)


def test_officers_and_owners_decide_without_a_script(
    cast: Cast, live_server: LiveServer, browser: Browser
) -> None:
    now = timezone.now() - timedelta(minutes=5)
    clara = person("clara", staff_role=StaffRole.OFFICER)
    access = began(Kind.ACCESS, now=now, last=now - 75 * DAY)
    members = began(Kind.MEMBERS, seller=cast.north, now=now, last=now - 75 * DAY)
    olga = item(access, Sort.STAFF, cast.olga)
    bob = item(members, Sort.MEMBER, cast.bob)
    desk = look(browser, live_server.url, cast.carl, 1400)
    desk.open("/admin/compliance/review/")
    desk.shoot("reviews list")
    desk.open(f"/admin/compliance/review/{access.pk}/change/")
    desk.shoot("review open")
    # By keyboard: into the line's buttons, one to the right twice, and send.
    desk.page.locator(f"[name='choice-{olga.pk}']").first.focus()
    desk.page.keyboard.press("Space")
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("ArrowRight")
    desk.page.get_by_role("button", name="Decide as chosen").click()
    desk.reads("takes effect at once")
    desk.shoot("review sure")
    desk.page.get_by_role("button", name="Do it").click()
    desk.reads("It took effect")
    desk.shoot("review decided")

    phone = look(browser, live_server.url, cast.alice, 390)
    phone.open("/s/north/review")
    phone.shoot("own review phone")
    wide = look(browser, live_server.url, cast.alice, 1280)
    wide.open("/s/north/review")
    wide.shoot("own review")
    wide.page.locator(f"[name='choice-{bob.pk}'][value='keep']").check()
    wide.page.get_by_role("button", name="Decide as chosen").click()
    wide.reads("It took effect")
    wide.page.get_by_role("button", name="Finish the review").click()
    wide.page.get_by_role("button", name="Finish it").click()
    wide.reads("No review is under way")
    for one in (desk, phone, wide):
        assert not one.complaints
        assert not one.outside
    assert not User.objects.get(pk=cast.olga.pk).is_active
    assert Membership.objects.filter(user=cast.bob).exists()
    made = ReviewDecision.objects.filter(review=members).order_by("item__number")
    assert [one.choice for one in made] == [Choice.SPARED, Choice.KEEP]
    assert services.may_be_signed([olga], clara)
