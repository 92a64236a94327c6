"""The desk for incidents in a real browser: the strict policy, wide and narrow."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from compliance.incidents.casework import Decision
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
    officer = browse(browser, live_server, cast.carl, LOOKS[look])

    def at(name: str, *args: object) -> str:
        return reverse(f"admin:compliance_incident_{name}", args=args)

    for name, path in {
        "list": at("changelist"),
        "page": at("change", case.pk),
        "open": at("open"),
        "arming": at("arming"),
        "know": at("step", case.pk, "know"),
        "send": at("notice", case.pk, "walmart", "send"),
        "otherwise": at("notice", case.pk, "amazon", "otherwise"),
        "tasks": reverse("admin:compliance_task_changelist"),
        "report": "/account/report",
    }.items():
        officer.open(path)
        if name == "page":
            officer.page.get_by_role("heading", name="Who is owed a notice").click()
        officer.shoot(f"incidents-{look}-{name}")
    assert officer.complaints == []
    assert officer.outside == []
