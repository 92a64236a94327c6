"""The report that auditors get on paper: opened in a browser, and as it is printed."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from compliance.incidents.affected.models import AffectedList
from compliance.incidents.affected.services import add_seller
from compliance.incidents.containment.actions import BY_NAME
from compliance.incidents.containment.services import contain, keep, undo
from compliance.incidents.evidence.models import EvidenceFile
from compliance.incidents.evidence.services import add_file, link_entry
from compliance.incidents.models import Incident
from compliance.incidents.review.services import QUESTIONS, write_review
from compliance.incidents.services import advance, know, note_fact
from compliance.incidents.services.outcomes import follow_mails
from compliance.tasks import Task, finish_task, open_task
from plugseller.audit.models import Entry
from tests.compliance.incidents.cases import deliver, duty_of, opened, sent_by
from tests.conftest import Cast
from tests.marketplaces.console.test_staff_access_in_a_browser import browse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Status = Incident.Status
MINUTE = timedelta(minutes=1)
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 740}},
}
SECTIONS = ["Notices", "Who is affected", "Containment", "Evidence", "Tasks"]
WORDS = {
    "what": "A key lay in a public place. " + "x" * 120,
    "noted": "The cleaner found a note.",
    "root_cause": "Nobody scans what is pushed.",
    "lessons": "We scan every push.",
}


@dataclass(frozen=True)
class Walked:
    """A case with something in each section, and when its notice was taken."""

    case: Incident
    began: datetime
    notified: datetime


@pytest.fixture
def walked(cast: Cast, live_server: LiveServer) -> Walked:
    carl, now = cast.carl, timezone.now()
    began = now - 150 * MINUTE
    case = opened(carl, began, what=WORDS["what"], kind=Incident.Kind.CREDENTIAL_LEAK)
    about: Any = {"actor": carl, "incident": case}
    for status, after in ((Status.TRIAGED, 10), (Status.CONTAINED, 45)):
        advance(**about, status=status, now=began + after * MINUTE)
    know(
        **about,
        now=now,
        title=case.title,
        kind=Incident.Kind.CREDENTIAL_LEAK,
        severity=Incident.Severity.HIGH,
        marketplaces=["amazon"],
        data_kinds=["credential"],
        amazon_is_involved=True,
    )
    note_fact(case, "noted", actor=carl, now=now, text=WORDS["noted"])
    add_seller(**about, slug="north", now=now)
    paused, stopped = (
        contain(**about, action=BY_NAME[name], target=str(cast.north.pk), now=now)
        for name in ("pause-seller", "stop-exports")
    )
    keep(actor=carl, measure=paused, why="Until it is known.", now=now)
    undo(actor=carl, measure=stopped, now=now)
    add_file(**about, name="carl's notes.txt", content=[b"proof"], now=now)
    link_entry(**about, number=Entry.objects.latest("id").pk, now=now)
    asked: Any = {"source": Task.Source.INCIDENT, "subject_id": case.pk, "actor": carl}
    open_task(**asked, title="Scan every push", due_at=now + 60 * MINUTE, now=now)
    done = open_task(**asked, title="Tell the team", due_at=now + MINUTE, now=now)
    finish_task(actor=carl, task=done, outcome="Told.", now=now)
    answers = {name: WORDS[name] for name in ("root_cause", "lessons")}
    write_review(**about, answers=answers, now=now)
    sent_by(carl, duty_of(case), now)
    deliver(now)
    follow_mails(now)
    case.refresh_from_db()
    met = duty_of(case).met_at
    assert met
    return Walked(case, began, met)


def spoken(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def on_paper(page: Page) -> dict[str, str]:
    """What is visible in print, below each heading; "" is what stands before."""
    page.emulate_media(media="print")
    heads = page.locator("h2:visible").all_inner_texts()
    text, found, last = page.locator("body").inner_text(), {}, ""
    for head in heads:
        found[last], _, text = text.partition(f"{head}\n")
        last = head
    return found | {last: text}


def inks(page: Page) -> tuple[set[str], set[str]]:
    """The colours of what is read, and of what lies behind it."""
    found = page.evaluate(
        """() => ["color", "backgroundColor"].map(name =>
          [...document.querySelectorAll("body, h1, h2, h3, p, pre, li, td, th, tr")]
            .filter(e => e.checkVisibility()).map(e => getComputedStyle(e)[name]))"""
    )
    return set(found[0]), set(found[1]) - {"rgba(0, 0, 0, 0)"}


def lightest(colour: str) -> int:
    return max(int(one) for one in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize("look", LOOKS)
def test_the_printed_report_has_every_section_and_nothing_of_the_desk(
    live_server: LiveServer,
    browser: Browser,
    cast: Cast,
    walked: Walked,
    look: str,
) -> None:
    case, began = walked.case, walked.began
    officer = browse(browser, live_server, cast.carl, LOOKS[look])
    page = officer.page
    officer.open(f"/admin/compliance/incident/{case.pk}/change/")
    page.get_by_role("link", name="Report to print, without words").click()
    officer.reads("What people wrote is sealed and left out.")
    assert not officer.too_wide()
    officer.shoot(f"report-{look}-screen")
    assert page.get_by_text("Print this page").is_visible()
    assert page.locator("#header").is_visible()

    told = on_paper(page)
    officer.shoot(f"report-{look}-print")
    for gone in ("#header", ".breadcrumbs", "#nav-sidebar", ".unprinted"):
        assert page.locator(f"{gone}:visible").count() == 0, gone
    read, behind = inks(page)
    assert max(map(lightest, read)) <= 0x66, read
    assert min(map(lightest, behind)) >= 0xF0, behind
    assert [*told][-6:] == [*SECTIONS, "Timeline"]
    top = told[[*told][-7]]
    for line in (
        f"{case.reference}: A key in a public place",
        "A credential leaked. Severity high. Contained.",
        f"Detected {spoken(began)} (somebody reported it), entered {spoken(began)}.",
        "Amazon Information involved: yes. Marketplaces: amazon. "
        "Kinds of data: credential.",
    ):
        assert line in top
    took = int((walked.notified - began) / MINUTE)
    assert (
        f"Minutes from the detection to triage: 10, to contain: 45, to notify: {took}."
    ) in top

    due = spoken(began + timedelta(hours=24))
    assert (
        f"Amazon: owed until {due}; met {spoken(walked.notified)}." in (told["Notices"])
    )
    assert "Walmart: not owed" in told["Notices"]
    found = AffectedList.objects.get()
    assert f"1 seller, SHA-256 {found.sha256}" in told["Who is affected"]
    assert "it stays, as was confirmed" in told["Containment"]
    assert "undone" in told["Containment"]
    file, entry = EvidenceFile.objects.get(), case.entry_links.get()
    assert f"5 bytes, SHA-256 {file.sha256}" in told["Evidence"]
    assert f"Audit entry {entry.entry}, hash {entry.hash}" in told["Evidence"]
    assert f"until {spoken(began + 210 * MINUTE)}, open" in told["Tasks"]
    assert "Tell the team: until" in told["Tasks"]
    assert told["Tasks"].count("done") == 1
    lines = [one for one in told["Timeline"].splitlines() if " UTC\t" in one]
    steps = ["detected", "triaged", "contained", "noted", "contained by"]
    assert [s for s in steps if not any(f"\t{s}\t" in one for one in lines)] == []
    assert len(lines) == case.timeline.count()

    text = "".join(told.values())
    for secret in (*WORDS.values(), "carl's notes", cast.carl.email, "North"):
        assert secret not in text
    assert page.pdf().startswith(b"%PDF")
    assert officer.complaints == []
    assert officer.outside == []


def test_the_words_are_printed_for_who_pressed_the_button(
    live_server: LiveServer, browser: Browser, cast: Cast, walked: Walked
) -> None:
    officer = browse(browser, live_server, cast.carl, LOOKS["light"])
    officer.open(f"/admin/compliance/incident/{walked.case.pk}/change/")
    officer.page.get_by_role("button", name="with what was written").click()
    officer.reads(WORDS["noted"])
    told = on_paper(officer.page)
    officer.shoot("report-light-words")
    assert WORDS["what"] in "".join(told.values())
    assert f"noted: {WORDS['noted']}" in told["Timeline"]
    assert QUESTIONS["lessons"] in told["Review"]
    for name in ("root_cause", "lessons"):
        assert WORDS[name] in told["Review"]
    assert walked.case.timeline.filter(what="report with words").count() == 1
    assert not officer.too_wide()
    assert officer.complaints == []
