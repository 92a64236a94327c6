"""The desk for incidents in a real browser: the strict policy, wide and narrow."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from compliance.incidents.affected.services import add_seller
from compliance.incidents.casework import Decision, NoticeDuty
from compliance.incidents.containment.actions import BY_NAME
from compliance.incidents.containment.services import contain, keep
from compliance.incidents.models import Incident
from compliance.incidents.services import ask_decision, note_bounced
from tests.compliance.incidents.cases import duty_of, opened, sent_by
from tests.conftest import Cast
from tests.marketplaces.console.test_staff_access_in_a_browser import browse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOSTILE = '"><img src=x onerror=alert(1)> Nordwind-' + "x" * 60
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "dark", "viewport": {"width": 375, "height": 740}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_keeps_the_policy_and_fits(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    look: str,
) -> None:
    now = timezone.now()
    case = opened(
        cast.carl,
        now,
        title=HOSTILE,
        what=HOSTILE,
        detected_at=now - timedelta(hours=21),
        kind=Incident.Kind.CREDENTIAL_LEAK,
    )
    opened(cast.carl, now, is_drill=True, title="A drill")
    notice = sent_by(cast.carl, duty_of(case), now)
    sending = notice.sendings.get()
    note_bounced(actor=cast.carl, sending=sending, why="x", now=now)
    ask_decision(
        actor=cast.carl,
        incident=case,
        what=Decision.What.NOT_AMAZON,
        why=HOSTILE,
        now=now,
    )
    add_seller(actor=cast.carl, incident=case, slug="north", now=now)
    measure = contain(
        actor=cast.carl,
        incident=case,
        action=BY_NAME["pause-seller"],
        target=str(cast.north.pk),
        now=now,
    )
    keep(actor=cast.carl, measure=measure, why="Until it is known.", now=now)
    officer = browse(browser, live_server, cast.carl, LOOKS[look])

    def at(name: str, *args: object) -> str:
        return reverse(f"admin:compliance_incident_{name}", args=args)

    for name, path in {
        "list": at("changelist"),
        "page": at("change", case.pk),
        "open": at("open"),
        "arming": at("arming"),
        "keep": at("verb", case.pk, "keep") + f"?measure={measure.pk}",
        "know": at("step", case.pk, "know"),
        "send": at("notice", case.pk, "walmart", "send"),
        "otherwise": at("notice", case.pk, "amazon", "otherwise"),
        "tasks": reverse("admin:compliance_task_changelist"),
        "suspicion": "/account/report",
    }.items():
        officer.open(path)
        if name == "page":
            officer.page.get_by_role("heading", name="Who is owed a notice").click()
        officer.shoot(f"incidents-{look}-{name}")
    assert officer.complaints == []
    assert officer.outside == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_came_back_is_over_the_owners_pages_and_fits(
    live_server: LiveServer, browser: Browser, cast: Cast, settings: Any, look: str
) -> None:
    settings.PRODUCTION = True
    now = timezone.now()
    case = opened(cast.carl, now)
    add_seller(actor=cast.carl, incident=case, slug="north", now=now)
    duty = duty_of(case, NoticeDuty.Recipient.SELLERS)
    notice = sent_by(cast.carl, duty, now, seller_id=cast.north.pk)
    sending = notice.sendings.get(person_id=cast.alice.pk)
    note_bounced(actor=cast.carl, sending=sending, why="No such user.", now=now)
    owner = browse(browser, live_server, cast.alice, LOOKS[look])
    owner.open("/s/north/orders")
    owner.shoot(f"returned-{look}-banner")
    owner.page.get_by_role("link", name="Read the notice").click()
    owner.shoot(f"returned-{look}-notice")
    owner.page.get_by_role("button", name="I have read it").click()
    owner.open("/s/north/orders")
    assert owner.page.get_by_role("link", name="Read the notice").count() == 0
    assert owner.complaints == []
    assert owner.outside == []
