"""INC-2 at the desk: a notice that mail can't bring, what proves that one arrived, and
a case that is opened again after everybody was told."""

from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from compliance import clocks
from compliance.clocks import Deadline
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    advance,
    draft_of,
    edit_notice,
    know,
    note_bounced,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.selfsending import watch
from plugseller.jobs.models import OutgoingMail
from tests.compliance.incidents.cases import (
    deliver,
    duty_of,
    mails,
    notices_to,
    opened,
    sent_by,
)
from tests.conftest import NOW, Cast, signed_in
from tests.plugseller.jobs.test_outbox import Servers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
AMAZON = "security@amazon.com"
State, Status = Sending.State, Incident.Status


def desk(incident: Incident, what: str = "change") -> str:
    return f"/admin/compliance/incident/{incident.pk}/{what}/"


def otherwise(incident: Incident) -> str:
    return desk(incident, "notices/amazon/otherwise")


def proof(at: datetime, text: str = "By their form; CANARY case 77.") -> dict[str, str]:
    return {"at": f"{at:%Y-%m-%d %H:%M:%S}", "proof": text}


def letter(client: Client, incident: Incident) -> str:
    """The text to paste, as the page shows it."""
    page = client.get(otherwise(incident)).text
    return unescape(page.partition('<pre class="letter">')[2].partition("</pre>")[0])


def test_what_was_sent_otherwise_is_recorded_with_its_proof(cast: Cast) -> None:
    carl, now = signed_in(cast.carl), timezone.now()
    incident = opened(cast.carl, now - 2 * HOUR, what="A key lay in a public place.")
    assert otherwise(incident) in carl.get(desk(incident)).text
    words = letter(carl, incident)
    assert "A key lay in a public place." in words
    for wrong in (
        proof(now, " "),
        proof(now + HOUR),
        proof(now - 3 * HOUR),
        {"at": "just now", "proof": "P."},
    ):
        answer = carl.post(otherwise(incident), wrong)
        assert answer.status_code == 400
        assert "errorlist" in answer.text
    assert not Sending.objects.exists()
    at = (now - HOUR).replace(microsecond=0)
    assert carl.post(otherwise(incident), proof(at))["Location"] == desk(incident)
    sending = Sending.objects.get()
    assert (sending.state, sending.accepted_at) == (State.OTHERWISE, at)
    assert sending.noted_by == cast.carl.pk
    assert sending.notice.content.reveal()["text"].strip() == words.strip()
    assert len(sending.notice.sha256) == 64
    assert not OutgoingMail.objects.filter(urgent=True).exists()  # no mail of it
    duty = duty_of(incident)
    assert (duty.met_at, duty.was_late) == (at, False)
    page = carl.get(desk(incident)).text
    assert "Sent otherwise, with proof" in page
    assert "CANARY" not in page  # the proof is sealed
    assert "CANARY case 77" in carl.post(desk(incident, "words")).text


def test_what_came_back_is_shown_as_it_left_to_be_pasted(
    cast: Cast, production: Any, servers: Servers
) -> None:
    """Word by word, whatever became known since: it is the notice that was owed."""
    servers()
    carl, now = signed_in(cast.carl), timezone.now()
    incident = opened(cast.carl, now - HOUR)
    duty = duty_of(incident)
    edit_notice(
        actor=cast.carl, duty=duty, subject="S", text="The first words.", now=now
    )
    sent_by(cast.carl, duty, now)
    deliver(now)
    follow_mails(now)
    edit_notice(actor=cast.carl, duty=duty, subject="S", text="More words.", now=now)
    assert letter(carl, incident) == "More words."  # the first ones arrived
    first = Sending.objects.get()
    note_bounced(actor=cast.carl, sending=first, why="A bounce.", now=now)
    assert letter(carl, incident) == "The first words."
    carl.post(otherwise(incident), proof(now - timedelta(minutes=1)))
    second = Sending.objects.exclude(pk=first.pk).get()
    assert second.notice == first.notice
    assert second.state == State.OTHERWISE
    assert duty_of(incident).met_at is not None
    assert len(notices_to(AMAZON)) == 1


def test_what_waits_for_a_mail_server_is_not_sent_after_it_went_otherwise(
    cast: Cast, production: Any, servers: Servers
) -> None:
    postman = servers()
    carl, now = signed_in(cast.carl), timezone.now()
    incident = opened(cast.carl, now - HOUR)
    sent_by(cast.carl, duty_of(incident), now)
    carl.post(otherwise(incident), proof(now - timedelta(minutes=1)))
    states = Sending.objects.order_by("way").values_list("state", flat=True)
    assert list(states) == [State.SUPERSEDED, State.OTHERWISE]
    deliver(now)
    assert not any(AMAZON in one.rcpt_tos for one, _ in postman.got)


@pytest.mark.parametrize("arrives", [True, False])
def test_that_it_arrived_or_came_back_is_recorded_by_its_button(
    cast: Cast, production: Any, servers: Servers, arrives: bool
) -> None:
    servers()
    carl, now = signed_in(cast.carl), timezone.now()
    incident = opened(cast.carl, now - HOUR)
    sent_by(cast.carl, duty_of(incident), now)
    sending = Sending.objects.get()
    step = "delivered" if arrives else "bounced"
    at = desk(incident, f"sending/{sending.pk}/{step}")
    given = proof(now) if arrives else {"why": "CANARY: no such user."}
    if arrives:  # no server has taken it yet
        assert "accepted can have arrived" in carl.post(at, given).text
        assert Sending.objects.get().state == State.QUEUED
    deliver(now)
    follow_mails(now)
    assert at in carl.get(desk(incident)).text
    assert carl.get(at).status_code == 200
    assert carl.post(at, {key: "" for key in given}).status_code == 400
    assert carl.post(at, given)["Location"] == desk(incident)
    sending = Sending.objects.get()
    assert sending.state == (State.DELIVERED if arrives else State.BOUNCED)
    assert sending.noted_by == cast.carl.pk
    assert (duty_of(incident).met_at is not None) == arrives
    page = carl.get(desk(incident)).text
    assert str(State(sending.state).label) in page
    assert "CANARY" not in page
    assert signed_in(cast.olga).post(at, given).status_code in (302, 403)


def test_opened_again_after_all_were_told_it_owes_a_follow_up_and_no_new_24_hours(
    cast: Cast, production: Any, servers: Servers, armed: None
) -> None:
    """Edge 28."""
    servers()
    incident = opened(cast.carl, NOW)
    know(
        actor=cast.carl,
        incident=incident,
        title=incident.title,
        kind=Incident.Kind.CREDENTIAL_LEAK,
        severity=Incident.Severity.HIGH,
        marketplaces=["amazon"],
        data_kinds=[],
        amazon_is_involved=True,
        now=NOW,
    )
    sent_by(cast.carl, duty_of(incident), NOW)
    deliver(NOW)
    follow_mails(NOW)
    for status in (
        *(Status.TRIAGED, Status.CONTAINED, Status.ERADICATED),
        *(Status.RECOVERED, Status.REVIEWED, Status.CLOSED),
    ):
        advance(actor=cast.carl, incident=incident, status=status, now=NOW + HOUR)
    assert incident.ended_at is not None

    later = NOW + 100 * HOUR
    advance(actor=cast.carl, incident=incident, status=Status.TRIAGED, now=later)
    duty = duty_of(incident)
    assert (duty.met_at, duty.due_at) == (NOW, NOW + 24 * HOUR)
    assert not duty.is_overdue(later)
    running = Deadline.objects.filter(subject_id=duty.pk, ended_at=None)
    assert not running.exists()
    told = len(mails())
    for hours in (0, 12, 22, 24):  # what a new clock would do
        clocks.run_due(later + hours * HOUR)
        watch(later + hours * HOUR)
    assert not any("Amazon" in one["subject"] for one in mails()[told:])
    assert len(notices_to(AMAZON)) == 1

    assert draft_of(duty, now=later).notice is None
    edit_notice(
        actor=cast.carl, duty=duty, subject="More", text="We know more.", now=later
    )
    added = sent_by(cast.carl, duty, later)
    assert (added.kind, added.number) == (Notice.Kind.FOLLOW_UP, 2)
    assert [one["text"] for one in notices_to(AMAZON)].count("We know more.") == 1
    assert NoticeDuty.objects.get(pk=duty.pk).met_at == NOW
