"""The officers' desk: an incident from the first look to its end, by its buttons."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.clocks import Deadline
from compliance.desklines import Block, told
from compliance.incidents.casework import Decision, NoticeDuty, RunbookStep, Sending
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from compliance.incidents.services import arm, bar, report_suspicion
from compliance.incidents.services.outcomes import follow_mails
from compliance.packing import PARTS, Period
from compliance.tasks import Task
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from tests.compliance.incidents.cases import deliver, duty_of, mails, opened
from tests.conftest import Cast, person, signed_in

pytestmark = pytest.mark.django_db
HOME = "/admin/compliance/incident/"
HOUR = timedelta(hours=1)
Status = Incident.Status


def page_of(incident: Incident) -> str:
    return reverse("admin:compliance_incident_change", args=[incident.pk])


def address(name: str, *args: Any) -> str:
    return reverse(f"admin:compliance_incident_{name}", args=args)


def do(client: Client, incident: Incident, step: str, **given: Any) -> Any:
    return client.post(address("step", incident.pk, step), given)


def shown(client: Client, incident: Incident) -> str:
    return client.get(page_of(incident)).content.decode()


def utc(ago: timedelta = timedelta()) -> str:
    return f"{timezone.now() - ago:%Y-%m-%d %H:%M}"


def test_an_officer_walks_an_incident_from_the_first_look_to_its_end(
    cast: Cast, clara: User
) -> None:
    carl, second = signed_in(cast.carl), signed_in(clara)
    answer = carl.post(
        HOME + "open/",
        {
            "title": "A key in a public place",
            "detected_at": utc(2 * HOUR),
            "detected_by": "outside",
            "kind": "credential leak",
            "severity": "high",
            "what": "A key lay in a public place.",
        },
    )
    incident = Incident.objects.get()
    assert answer["Location"] == page_of(incident)
    first = shown(carl, incident)
    for words in (
        *("Confirm", "Not an incident", "goes out at", "left"),
        "Revoke it.",
    ):
        assert words in first
    for gone in (">Close the case<", ">Contained<"):
        assert gone not in first
    do(carl, incident, "lead", lead=str(cast.carl.pk))
    do(carl, incident, "confirm")
    do(
        carl,
        incident,
        "know",
        title=incident.title,
        kind="credential leak",
        severity="high",
        marketplaces=["amazon"],
        data_kinds=["credential"],
        window="02:00 to 03:40 UTC",
    )
    send = address("notice", incident.pk, "amazon", "send")
    read = carl.get(send)
    assert "02:00 to 03:40 UTC" in read.content.decode()
    sha256 = read.context["draft"].sha256
    assert carl.post(send, {"sha256": "0" * 64}).status_code == 200
    assert not Sending.objects.exists()
    assert carl.post(send, {"sha256": sha256})["Location"] == page_of(incident)
    deliver(timezone.now())
    follow_mails(timezone.now())
    assert duty_of(incident).met_at is not None
    do(carl, incident, "contained")
    do(carl, incident, "back")
    do(carl, incident, "contained")
    due = f"{timezone.now() + 24 * HOUR:%Y-%m-%d %H:%M}"
    do(carl, incident, "task", title="Scan", due_at=due, lead=str(cast.carl.pk))
    for step in ("eradicated", "recovered", "reviewed"):
        do(carl, incident, step)
    refused = do(carl, incident, "closed")
    assert "1 of its tasks" in refused.content.decode()
    task = Task.objects.get()
    accept = reverse("admin:compliance_task_step", args=[task.pk, "accept"])
    assert carl.post(accept, {"why": "So."}).status_code == 400
    assert second.post(accept, {"why": "The vendor is late."}).status_code == 302
    do(carl, incident, "closed")
    incident.refresh_from_db()
    assert incident.status == Status.CLOSED
    ticked = RunbookStep.objects.filter(incident=incident, is_automatic=True)
    keys = set(ticked.values_list("key", flat=True))
    assert keys == {"lead", "triage", "scope", "amazon", "cause", "recover", "review"}
    last = shown(carl, incident)
    assert "automatic" in last
    assert "To triage: 12" in last  # minutes: two hours and a little
    do(carl, incident, "reopen")
    incident.refresh_from_db()
    assert incident.status == Status.TRIAGED


def test_only_what_may_be_done_is_offered_and_nothing_else_is_done(
    cast: Cast,
) -> None:
    carl = signed_in(cast.carl)
    incident = opened(cast.carl, timezone.now())
    for step in ("closed", "contained", "recovered", "let-in", "reopen", "back"):
        do(carl, incident, step)
        incident.refresh_from_db()
        assert incident.status == Status.DETECTED
    assert do(carl, incident, "no-such-step").status_code == 404


def test_what_takes_two_is_signed_by_another_at_the_desk(
    cast: Cast, clara: User
) -> None:
    carl, second = signed_in(cast.carl), signed_in(clara)
    incident = opened(cast.carl, timezone.now())
    do(carl, incident, "dismiss", why="A test of ours.")
    asked = Decision.objects.get()
    sign = address("decision", incident.pk, asked.pk, "sign")
    assert ">Sign<" not in shown(carl, incident)
    carl.post(sign)
    incident.refresh_from_db()
    assert incident.status == Status.DETECTED
    assert ">Sign<" in shown(second, incident)
    second.post(sign)
    incident.refresh_from_db()
    assert incident.status == Status.DISMISSED


def press(client: Client, step: RunbookStep, what: str, **given: Any) -> str:
    place = address("runbook", step.incident_id, step.pk, what)
    answer = client.post(place, given, follow=True)
    step.refresh_from_db()
    return str(answer.text)


def test_a_step_is_taken_given_to_another_ticked_and_taken_back(
    cast: Cast, clara: User
) -> None:
    carl = signed_in(cast.carl)
    incident = opened(cast.carl, timezone.now())
    step = incident.runbook.filter(is_due=True)[0]
    press(carl, step, "take")
    assert step.owner_id == cast.carl.pk
    page = shown(carl, incident)
    assert f'<option value="{clara.pk}">{clara.email}</option>' in page
    assert f'<option value="{cast.carl.pk}">' not in page
    press(carl, step, "give", lead=str(clara.pk))
    assert step.owner_id == clara.pk
    given = incident.timeline.filter(what="step given").latest("noted_at")
    assert given.details == {"step": step.key, "owner": str(clara.pk)}
    for wrong in ("", str(cast.alice.pk), str(cast.olga.pk), "x"):
        assert "Choose who does it" in press(carl, step, "give", lead=wrong)
    assert step.owner_id == clara.pk
    press(carl, step, "tick")
    assert (step.done_by, bool(step.done_at)) == (cast.carl.pk, True)
    assert "ticked already" in press(carl, step, "tick")
    press(carl, step, "untick")
    assert step.done_at is None
    assert step.owner_id == clara.pk


def test_a_step_isnt_given_to_who_is_barred(cast: Cast, clara: User) -> None:
    now = timezone.now()
    incident = opened(cast.carl, now)
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=now)
    step = incident.runbook.filter(is_due=True)[0]
    carl = signed_in(cast.carl)
    assert f'<option value="{clara.pk}">' not in shown(carl, incident)
    assert "Choose who does it" in press(carl, step, "give", lead=str(clara.pk))
    assert step.owner_id is None


def test_a_draft_is_dropped_and_follows_the_record_again(cast: Cast) -> None:
    carl = signed_in(cast.carl)
    incident = opened(cast.carl, timezone.now())
    edit, drop, send = (
        address("notice", incident.pk, "amazon", step)
        for step in ("edit", "drop", "send")
    )
    assert "Drop this draft" not in carl.get(edit).text
    carl.post(edit, {"subject": "A notice", "text": "In words of ours."})
    assert "Drop this draft" in carl.get(edit).text
    assert "In words of ours." in carl.get(send).text
    assert carl.get(drop).status_code == 405
    carl.post(drop)
    assert "In words of ours." not in carl.get(send).text
    assert "draft that was dropped" in shown(carl, incident)
    assert "No edited draft is kept" in carl.post(drop, follow=True).text
    carl.post(edit, {"subject": "A notice", "text": "Other words of ours."})
    assert "Other words of ours." in carl.get(send).text


def test_who_is_barred_finds_nothing_and_decides_nothing(
    cast: Cast, clara: User
) -> None:
    now = timezone.now()
    incident = opened(cast.carl, now, what="It may be Clara.")
    do(signed_in(cast.carl), incident, "task", title="Look", due_at="2099-01-01 00:00")
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=now)
    second = signed_in(clara)
    assert incident.reference not in second.get(HOME).content.decode()
    assert second.get(page_of(incident)).status_code == 302  # no such incident
    for step in ("confirm", "dismiss", "closed", "let-in"):
        assert do(second, incident, step, why="x").status_code == 404
    for place in ("send", "edit"):
        assert (
            second.get(address("notice", incident.pk, "amazon", place)).status_code
            == 404
        )
    assert second.post(address("words", incident.pk)).status_code == 404
    every = {line.text for block in told(clara, now).values() for line in block}
    assert not any(incident.reference in text for text in every)
    clocks = reverse("admin:compliance_deadline_changelist")
    assert incident.reference not in second.get(clocks).text
    assert incident.reference in signed_in(cast.carl).get(clocks).text
    for clock in Deadline.objects.filter(label__contains=incident.reference):
        at = reverse("admin:compliance_deadline_change", args=[clock.pk])
        assert second.get(at).status_code == 302  # no such clock
    do(signed_in(cast.carl), incident, "let-in", person_id=str(clara.pk), why="No.")
    assert incident.reference in second.get(HOME).content.decode()


def test_no_page_of_the_desk_tells_who_is_barred_of_an_alarm(
    cast: Cast, clara: User, settings: Any
) -> None:
    settings.PRODUCTION = True  # and nobody armed it
    now = timezone.now()
    incident = opened(cast.carl, now, detected_at=now - timedelta(hours=23))
    bar(actor=cast.carl, incident=incident, person=clara, why="Perhaps.", now=now)
    for place in ("/admin/", HOME, "/healthz"):
        assert incident.reference not in signed_in(clara).get(place).text
    assert incident.reference in signed_in(cast.carl).get("/admin/").text
    assert "need somebody now" in signed_in(clara).get("/healthz").text


def test_the_time_left_has_one_wording_on_every_page(cast: Cast) -> None:
    now = timezone.now()
    opened(cast.carl, now, detected_at=now - timedelta(hours=2, seconds=30))
    client = signed_in(cast.carl)
    clocks = reverse("admin:compliance_deadline_changelist")
    for place in ("/admin/", HOME, clocks, page_of(Incident.objects.get())):
        assert "21 h 59 min left" in client.get(place).text


def test_the_last_officer_cannot_be_barred(cast: Cast) -> None:
    incident = opened(cast.carl, timezone.now())
    given = {"person": cast.carl.email, "why": "Perhaps."}
    refused = do(signed_in(cast.carl), incident, "bar", **given)
    assert "Nobody would be left" in refused.content.decode()


def test_no_page_form_or_history_shows_what_was_sealed_and_reading_it_is_logged(
    cast: Cast,
) -> None:
    carl, now = signed_in(cast.carl), timezone.now()
    incident = report_suspicion(
        reporter=cast.bob, what="CANARY <b>saw</b> it", noticed_at=None, now=now
    )
    do(carl, incident, "note", at=utc(), text="CANARY two")
    history = reverse("admin:compliance_incident_history", args=[incident.pk])
    pages = [
        page_of(incident),
        history,
        HOME,
        *(address("step", incident.pk, one) for one in ("know", "note", "dismiss")),
        *(address("notice", incident.pk, "amazon", one) for one in ("send", "edit")),
    ]
    for page in pages:
        assert "CANARY" not in carl.get(page).content.decode(), page
    words = carl.post(address("words", incident.pk)).content.decode()
    assert "CANARY &lt;b&gt;saw&lt;/b&gt; it" in words
    assert "CANARY two" in words
    entry = Entry.objects.filter(event="incident.step").latest("id")
    assert entry.additional_data["step"] == "words read"
    assert "CANARY" not in str([vars(one) for one in Entry.objects.all()])


def test_texts_and_times_that_cannot_be_are_refused_with_a_sentence(
    cast: Cast,
) -> None:
    carl = signed_in(cast.carl)
    incident = opened(cast.carl, timezone.now())
    for step, given in (
        ("note", {"at": utc(-HOUR), "text": "x"}),
        ("note", {"at": "yesterday", "text": "x"}),
        ("note", {"at": utc(), "text": "x" * 10_001}),
        ("earlier", {"detected_at": utc(-HOUR), "why": "x"}),
        ("earlier", {"detected_at": "1990-01-01 00:00", "why": "x"}),
        ("know", {"title": "x" * 201, "kind": "unknown", "severity": "low"}),
        ("merge", {"into": incident.reference, "why": "x"}),
        ("merge", {"into": "INC-1999-00001", "why": "x"}),
        ("task", {"title": "x", "due_at": utc(HOUR), "lead": str(cast.carl.pk)}),
        ("lead", {"lead": str(cast.olga.pk)}),
    ):
        answer = do(carl, incident, step, **given)
        assert answer.status_code == 400, step
        assert "errorlist" in answer.content.decode(), step
    answer = carl.post(HOME + "open/", {"title": "x", "detected_at": utc(-HOUR)})
    assert answer.status_code == 400


def test_the_list_has_a_clock_and_finds_what_is_late_and_a_drill_has_its_colour(
    cast: Cast,
) -> None:
    carl, now = signed_in(cast.carl), timezone.now()
    late = opened(cast.carl, now, detected_at=now - 25 * HOUR)
    soon = opened(cast.carl, now, detected_at=now - 20 * HOUR)
    drill = opened(cast.carl, now, is_drill=True)
    every = carl.get(HOME).content.decode()
    assert "overdue by 1 h 0 min" in every
    assert "3 h 59 min left" in every
    assert 'class="drill"' in every
    for state, found in (
        ("overdue", {late}),
        ("soon", {late, soon}),
        ("new", {late, soon, drill}),
        ("ended", set()),
    ):
        rows = carl.get(HOME, {"state": state}).content.decode()
        listed = {one for one in (late, soon, drill) if page_of(one) in rows}
        assert listed == found, state
    rows = carl.get(HOME, {"is_drill__exact": "1"}).content.decode()
    assert drill.reference in rows
    assert soon.reference not in rows
    assert "This is a drill" in shown(carl, drill)


def test_every_page_of_the_desk_says_what_is_not_on_its_way(
    cast: Cast, production: Any
) -> None:
    now = timezone.now()
    opened(cast.carl, now, detected_at=now - 23 * HOUR)
    page = signed_in(cast.carl).get("/admin/accounts/user/").content.decode()
    assert "the notice to Amazon isn&#x27;t sent" in page
    assert "armed" in page
    assert "isn&#x27;t sent" not in signed_in(cast.olga).get("/admin/").content.decode()


def test_two_officers_arm_it_at_the_desk_and_one_disarms(
    cast: Cast, clara: User
) -> None:
    page, carl = address("arming"), signed_in(cast.carl)
    assert "Not armed" in carl.get(page).content.decode()
    carl.post(page, {"step": "arm"})
    carl.post(page, {"step": "arm"})
    assert "Not armed" in carl.get(page).content.decode()
    signed_in(clara).post(page, {"step": "arm"})
    assert "<strong>Armed." in carl.get(page).content.decode()
    carl.post(page, {"step": "disarm"})
    assert "Not armed" in carl.get(page).content.decode()


def test_the_start_page_says_what_burns_what_is_late_and_what_waits(
    cast: Cast, clara: User, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    late = opened(cast.carl, now, detected_at=now - 25 * HOUR)
    for _ in range(5):
        opened(cast.carl, now)
    do(signed_in(cast.carl), late, "dismiss", why="So.")
    arm(actor=cast.carl, now=now)
    with django_assert_max_num_queries(25):
        page = told(clara, now)
    assert sum(late.reference in line.text for line in page[Block.BURNING]) >= 1
    assert any(late.reference in line.text for line in page[Block.LATE])
    assert any(late.reference in line.text for line in page[Block.ASKED])
    assert any("haven't armed" in line.text for line in page[Block.ASKED])
    mine = told(cast.carl, now)
    assert not any(late.reference in line.text for line in mine[Block.ASKED])


def test_anybody_who_is_signed_in_reports_in_two_fields_and_not_endlessly(
    cast: Cast, settings: Any
) -> None:
    bob, now = signed_in(cast.bob), timezone.now()
    assert "Report a suspicion" in bob.get("/account/factors").content.decode()
    when = f"{now - 30 * HOUR:%Y-%m-%dT%H:%M}"
    for _ in range(settings.REPORTS_PER_DAY):
        bob.post("/account/report", {"what": "A strange mail", "when": when})
    incidents = list(Incident.objects.all())
    assert len(incidents) == settings.REPORTS_PER_DAY
    for incident in incidents:  # an old time of theirs makes no clock overdue
        assert incident.detected_at >= now - HOUR
        assert incident.timeline.get(what="reported").at < now - 29 * HOUR
    assert sum("A suspicion" in one["subject"] for one in mails()) == len(incidents)
    refused = bob.post("/account/report", {"what": "Again"})
    assert refused.status_code == 400
    assert "support@plugakademi.org" in refused.content.decode()
    for wrong in ({}, {"what": " "}, {"what": "x" * 10_001}):
        assert bob.post("/account/report", wrong).status_code == 400
    future = f"{now + 30 * HOUR:%Y-%m-%dT%H:%M}"
    olga = signed_in(cast.olga)
    told = olga.post("/account/report", {"what": "x", "when": future})
    assert "hasn&#x27;t come" in told.content.decode()
    olga.post("/account/report", {"what": "x", "when": when})
    staff = Incident.objects.get(entered_by=cast.olga.pk)
    assert staff.detected_at < now - 29 * HOUR  # our staff noticed it then


def test_a_reporters_own_time_zone_counts(cast: Cast) -> None:
    User.objects.filter(pk=cast.olga.pk).update(time_zone="Asia/Tokyo")
    cast.olga.refresh_from_db()
    noon = (timezone.now() - 2 * 24 * HOUR).replace(hour=12, minute=0)
    when = {"what": "x", "when": f"{noon:%Y-%m-%dT12:00}"}
    signed_in(cast.olga).post("/account/report", when)
    assert Incident.objects.get().detected_at.hour == 3


def test_an_auditor_takes_no_words_and_no_address_along(cast: Cast) -> None:
    now = timezone.now()
    opened(cast.carl, now, what="CANARY")
    report_suspicion(reporter=cast.bob, what="CANARY", noticed_at=None, now=now)
    period = Period(now - HOUR, now + HOUR)
    tables = list(PARTS["incidents"](period, now))
    packed = {one.name: list(one.rows) for one in tables}  # type: ignore[union-attr]  # tables all
    assert len(packed["incidents.csv"]) == 2
    assert len(packed["incident-notices-owed.csv"]) == 2 * len(NoticeDuty.Recipient)
    for rows in packed.values():
        assert "CANARY" not in str(rows)
        assert "@example" not in str(rows)


def test_officers_alone_and_no_other_staff(cast: Cast) -> None:
    incident = opened(cast.carl, timezone.now())
    for someone in (cast.olga, cast.alice, person("oscar", staff_role="operator")):
        assert signed_in(someone).get(page_of(incident)).status_code in (302, 403)
        answer = do(signed_in(someone), incident, "confirm")
        assert answer.status_code in (302, 403)
        incident.refresh_from_db()
        assert incident.status == Status.DETECTED
    assert affected_sellers(incident) == []
