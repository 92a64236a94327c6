"""INC-2: a notice is sent once, in the words that were read, and what becomes of it is
evidence."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from compliance.checking import check_clocks
from compliance.clocks import Deadline
from compliance.incidents.affected.services import add_seller
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.drafts import drafted, fingerprint, troubles
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    draft_of,
    edit_notice,
    note_bounced,
    note_delivered,
    note_sent_otherwise,
    send_notice,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.selfsending import alarms
from plugseller.accounts.models import Seller, User
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import HOLDINGS
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
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Recipient, State = NoticeDuty.Recipient, Sending.State
REAL, DRILL = "security@amazon.com", "drill@example.test"


def test_a_notice_holds_what_amazon_asks_for_and_its_hash_is_of_what_left(
    cast: Cast, production: Any, servers: Servers
) -> None:
    production.MARKETPLACE_APPS["amazon"]["application_id"] = "amzn1.sp.solution.1"
    postman = servers()
    incident = opened(cast.carl, NOW - HOUR, what="A key lay in a public place.")
    duty = duty_of(incident)
    notice = sent_by(cast.carl, duty, NOW)
    deliver(NOW)
    follow_mails(NOW)
    [(envelope, tls)] = postman.got
    assert tls is not None
    assert envelope.rcpt_tos == [REAL]
    [told] = notices_to(REAL)
    for part in (
        *("Plug Seller", "amzn1.sp.solution.1", incident.reference),
        *("2026-11-24T11:00:00Z", "A key lay in a public place.", "Suspected"),
        production.INCIDENT_CONTACT,
        "2026-11-25T11:00:00Z",  # the next update
    ):
        assert part in told["text"]
    assert "Walmart" not in told["text"]
    assert notice.sha256 == fingerprint(told["subject"], told["text"])
    sending = Sending.objects.get()
    assert (sending.state, sending.accepted_at) == (State.ACCEPTED, NOW)
    assert sending.answer == "250 OK"
    assert sending.message_id.encode() in envelope.content
    duty.refresh_from_db()
    assert duty.met_at == NOW
    assert not Deadline.objects.filter(subject_id=duty.pk, ended_at=None).exists()
    # The mail itself expires; what proves it stays.
    HOLDINGS["jobs.OutgoingMail"].store.purge(NOW + timedelta(days=999), at_most=99)
    assert not OutgoingMail.objects.filter(urgent=True).exists()
    assert Sending.objects.get().answer == "250 OK"


def test_what_was_sent_is_never_edited_and_an_addition_is_a_new_notice(
    cast: Cast,
) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    first = sent_by(cast.carl, duty, NOW)
    kept = first.content.reveal()
    made = edit_notice(
        actor=cast.carl, duty=duty, subject="More", text="We know more.", now=NOW
    )
    assert (made.number, made.kind) == (2, Notice.Kind.FOLLOW_UP)
    first = Notice.objects.get(pk=first.pk)
    assert first.content.reveal() == kept
    second = sent_by(cast.carl, duty, NOW)
    assert second.pk == made.pk
    assert [one["text"] for one in mails()[-1:]] == ["We know more."]


def concerning(cast: Cast, seller: Seller) -> Incident:
    """A case that affects a seller."""
    incident = opened(cast.carl, NOW)
    add_seller(actor=cast.carl, incident=incident, slug=seller.slug, now=NOW)
    return incident


def test_a_draft_stays_the_same_while_it_is_read(cast: Cast) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    read = draft_of(duty, now=NOW)
    later = NOW + 20 * MINUTE
    send_notice(actor=cast.carl, duty=duty, sha256=read.sha256, now=later)
    assert Notice.objects.get().sha256 == read.sha256


def test_only_what_was_read_is_sent(cast: Cast) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    read = draft_of(duty, now=NOW)
    edit_notice(actor=cast.carl, duty=duty, subject="S", text="Other.", now=NOW)
    with pytest.raises(IncidentRefused, match="changed since"):
        send_notice(actor=cast.carl, duty=duty, sha256=read.sha256, now=NOW)
    sent_by(cast.carl, duty, NOW)
    with pytest.raises(IncidentRefused, match="changed since"):
        send_notice(actor=cast.carl, duty=duty, sha256=read.sha256, now=NOW)
    assert Notice.objects.filter(kind=Notice.Kind.INITIAL).count() == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ask bob@example.test.", "names a person"),
        ("The token was Atzr|IwEBIabc.", "a key or a token"),
        ("Walmart's orders too.", "another marketplace"),
        ("We write on behalf of Amazon.", "speaks for"),
        ("x" * 10_001, "10,000"),
        ("", "10,000"),
    ],
)
def test_what_no_notice_may_hold_is_refused_and_no_fact_brings_it_in(
    cast: Cast, text: str, why: str
) -> None:
    incident = opened(cast.carl, NOW, what=text)
    duty = duty_of(incident)
    with pytest.raises(IncidentRefused, match=why):
        edit_notice(actor=cast.carl, duty=duty, subject="S", text=text, now=NOW)
    if why != "10,000":
        assert text not in drafted(duty, Notice.Kind.INITIAL, now=NOW)[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Carl Officer looks at it.", "names a person"),
        ("It was  CARL\nOFFICER's laptop.", "names a person"),
        ("Alice Owner saw it first.", "names a person"),
        ("Call +49 30 901820 for more.", "phone number"),
        ("Call 030 9018 2045 for more.", "phone number"),
        ("Call (212) 555-0147 for more.", "phone number"),
        ("It was password hunter2; changed since.", "a key or a token"),
        ("secret=hunter", "a key or a token"),
        ("The API key: x9-yy7 was used.", "a key or a token"),
        ("sk_live_4eC39HqLyjWD", "a key or a token"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "a key or a token"),
        ("plug_8f7d6c5b4a", "a key or a token"),
    ],
)
def test_no_name_number_or_key_goes_into_a_notice(
    cast: Cast, settings: Any, text: str, why: str
) -> None:
    User.objects.filter(pk=cast.carl.pk).update(name="Carl Officer")
    User.objects.filter(pk=cast.alice.pk).update(name="Alice Owner")
    duty = duty_of(concerning(cast, cast.north))
    with pytest.raises(IncidentRefused, match=why):
        edit_notice(actor=cast.carl, duty=duty, subject="S", text=text, now=NOW)
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "Between 2026-11-24 09:30 and 2026-11-25T11:00:00Z, 1,234,567 rows were read.",
        "See INC-2026-00014 and DEL-2026-00003; 10.0.0.12 and 192.168.100.200 tried.",
        "Application amzn1.sp.solution.1, order 114-1234567-7654321, build 20261124.",
        "Every password was changed on 2026-11-24. Passwords: unaffected. Tokens: 12.",
        "The token of INC-2026-00014 was revoked; the secret is safe.",
        "24.11.2026, 09:30 to 10:45 UTC; 0 of 12 000 orders; 0.5 % of 2 500 000.",
        "Bob Member of another seller isn't ours to know.",
        "North Shop is told itself.",
    ],
)
def test_dates_references_and_counts_are_no_secrets(cast: Cast, text: str) -> None:
    User.objects.filter(pk=cast.bob.pk).update(name="North Shop")
    User.objects.filter(pk=cast.charlie.pk).update(name="Bob Member")
    Seller.objects.filter(pk=cast.north.pk).update(name="North Shop")
    duty = duty_of(concerning(cast, cast.north))
    edit_notice(actor=cast.carl, duty=duty, subject="S", text=text, now=NOW)
    assert Notice.objects.get().content.reveal()["text"] == text


def test_every_template_keeps_its_own_rules_and_html_stays_text(cast: Cast) -> None:
    words = "<script>alert(1)</script> & done"
    incident = opened(cast.carl, NOW, what=words, is_drill=True)
    for recipient in Recipient:
        duty = duty_of(incident, recipient)
        for kind in Notice.Kind:
            subject, text = drafted(duty, kind, now=NOW, seller=cast.north)
            assert troubles(recipient, f"{subject}\n{text}") == []
            assert words in text
            assert subject.startswith("DRILL: ")
            assert "\n" not in subject
    for recipient in (Recipient.SELLERS, Recipient.AUTHORITY):
        told = "".join(
            drafted(duty_of(incident, recipient), Notice.Kind.INITIAL, now=NOW)
        )
        assert "amazon" not in told.lower()
        assert "walmart" not in told.lower()


@pytest.mark.parametrize(("is_drill", "real"), [(True, True), (False, False)])
def test_a_drill_and_what_is_not_production_reach_no_real_recipient(
    cast: Cast, settings: Any, is_drill: bool, real: bool
) -> None:
    settings.PRODUCTION, settings.INCIDENT_DRILL_ADDRESS = real, DRILL
    settings.WALMART_SECURITY_CONTACT = "w@walmart.example"
    incident = opened(cast.carl, NOW, is_drill=is_drill)
    for recipient in (Recipient.AMAZON, Recipient.WALMART):
        duty = duty_of(incident, recipient)
        sent_by(cast.carl, duty, NOW)
        bounced = Sending.objects.get(notice__duty=duty)
        note_bounced(actor=cast.carl, sending=bounced, why="A test.", now=NOW)
    urgent = OutgoingMail.objects.filter(urgent=True)
    assert {one.content.reveal()["to"] for one in urgent} == {DRILL}
    assert not Sending.objects.filter(is_real=True).exists()
    if is_drill:  # nor do its warnings reach anybody else
        assert {one["to"] for one in mails()} == {DRILL}


def test_a_drill_without_an_address_of_its_own_sends_nothing(
    cast: Cast, production: Any
) -> None:
    production.INCIDENT_DRILL_ADDRESS = ""
    duty = duty_of(opened(cast.carl, NOW, is_drill=True))
    with pytest.raises(IncidentRefused, match="INCIDENT_DRILL_ADDRESS"):
        sent_by(cast.carl, duty, NOW)
    assert mails() == []


def test_a_bounce_makes_it_red_again_and_tries_the_next_way_then_pages_people(
    cast: Cast, production: Any, servers: Servers
) -> None:
    servers()
    production.AMAZON_SECURITY_CONTACTS = [REAL, "second@amazon.example"]
    incident = opened(cast.carl, NOW)
    duty = duty_of(incident)
    sent_by(cast.carl, duty, NOW)
    deliver(NOW)
    follow_mails(NOW)
    later = NOW + 3 * HOUR
    first = Sending.objects.get()
    note_bounced(actor=cast.carl, sending=first, why="A bounce.", now=later)
    duty.refresh_from_db()
    assert duty.met_at is None
    running = Deadline.objects.get(subject_id=duty.pk, ended_at=None)
    assert running.due_at == NOW + 24 * HOUR  # counted from the detection all the same
    deliver(later)
    follow_mails(later)
    duty.refresh_from_db()
    assert duty.met_at == later
    assert len(notices_to("second@amazon.example")) == 1
    second = Sending.objects.get(way=2)
    note_bounced(actor=cast.carl, sending=second, why="Again.", now=later)
    pages = [told for told in mails() if told["subject"].startswith("ACT NOW")]
    assert {told["to"] for told in pages} == {cast.carl.email}
    proof: dict[str, Any] = {"at": later, "proof": "By the form; case 77."}
    note_sent_otherwise(actor=cast.carl, duty=duty, now=later, **proof)
    duty.refresh_from_db()
    assert duty.met_at == later
    assert Notice.objects.count() == 1


def test_a_server_that_refuses_for_good_is_left_for_the_next_way(
    cast: Cast, production: Any, servers: Servers
) -> None:
    postman = servers()
    postman.says = "550 5.7.1 SPF, security@amazon.com"
    production.AMAZON_SECURITY_CONTACTS = [REAL, "second@amazon.example"]
    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    now = NOW
    for _ in range(4):
        deliver(now)
        follow_mails(now)
        now += 5 * MINUTE
    first = Sending.objects.get(way=1)
    assert first.state == State.BOUNCED
    assert Sending.objects.get(way=2).state == State.QUEUED
    assert "amazon.com" not in str(OutgoingMail.objects.values_list("answer"))
    postman.says = "250 OK"
    deliver(now)
    follow_mails(now)
    duty.refresh_from_db()
    assert duty.met_at == now


def test_a_server_that_refuses_the_only_way_pages_people_once_and_is_tried_on(
    cast: Cast, production: Any, servers: Servers
) -> None:
    postman = servers()
    postman.says = "550 5.7.1 SPF, security@amazon.com"
    incident = opened(cast.carl, NOW)
    duty = duty_of(incident)
    sent_by(cast.carl, duty, NOW)
    now = NOW
    for _ in range(40):
        deliver(now)
        follow_mails(now)
        now += 5 * MINUTE
    waiting = Sending.objects.get()
    assert (waiting.state, waiting.is_refused) == (State.QUEUED, True)
    [page] = [told for told in mails() if told["subject"].startswith("ACT NOW")]
    assert page["to"] == cast.carl.email
    [notice] = notices_to(REAL)
    assert notice["text"] in page["text"]  # to be pasted
    [clock] = [one for one in check_clocks(now) if one.deadline.subject_id == duty.pk]
    assert clock.is_wrong
    assert "refuse it for good" in clock.trouble
    assert any("refused for good (550)" in told for told in alarms(now))
    desk = reverse("admin:compliance_incident_change", args=[incident.pk])
    assert "refused for good: send it otherwise" in signed_in(cast.carl).get(desk).text
    postman.says = "250 OK"
    deliver(now)
    follow_mails(now)
    duty.refresh_from_db()
    assert duty.met_at == now
    assert not alarms(now)


@pytest.mark.parametrize("says", ["450 4.7.1 Later", "550 5.7.1 SPF"])
def test_nobody_is_paged_before_a_server_refused_three_times_for_good(
    cast: Cast, production: Any, servers: Servers, says: str
) -> None:
    servers().says = says
    sent_by(cast.carl, duty_of(opened(cast.carl, NOW)), NOW)
    for passed in range(2 if says.startswith("5") else 9):
        deliver(NOW + passed * 5 * MINUTE)
        follow_mails(NOW + passed * 5 * MINUTE)
    assert not [told for told in mails() if told["subject"].startswith("ACT NOW")]


def test_sent_otherwise_needs_a_proof_and_a_time_that_can_be(cast: Cast) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    for at, proof in ((NOW, " "), (NOW + HOUR, "P."), (NOW - HOUR, "P.")):
        with pytest.raises(IncidentRefused):
            note_sent_otherwise(actor=cast.carl, duty=duty, at=at, proof=proof, now=NOW)
    assert not Sending.objects.exists()


def test_what_waits_is_superseded_when_it_was_sent_otherwise(cast: Cast) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    note_sent_otherwise(actor=cast.carl, duty=duty, at=NOW, proof="P.", now=NOW)
    states = list(Sending.objects.order_by("way").values_list("state", flat=True))
    assert states == [State.SUPERSEDED, State.OTHERWISE]
    assert deliver(NOW) == 0


def test_delivered_is_said_only_with_evidence(cast: Cast) -> None:
    duty = duty_of(opened(cast.carl, NOW))
    sent_by(cast.carl, duty, NOW)
    sending = Sending.objects.get()
    told: dict[str, Any] = {
        "actor": cast.carl,
        "sending": sending,
        "at": NOW,
        "now": NOW,
    }
    with pytest.raises(IncidentRefused, match="accepted"):
        note_delivered(proof="An answer.", **told)
    deliver(NOW)
    follow_mails(NOW)
    with pytest.raises(IncidentRefused, match="proves"):
        note_delivered(proof="", **told)
    note_delivered(proof="An answer.", **told)
    sending.refresh_from_db()
    assert sending.state == State.DELIVERED


def test_each_affected_seller_is_told_by_a_notice_of_its_own(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, production: Any, servers: Servers
) -> None:
    from compliance.incidents import sections
    from compliance.incidents.services import renew_duties

    servers()
    sellers = [cast.north.pk, cast.south.pk]
    monkeypatch.setattr(sections, "_sellers", [lambda _: sellers])
    incident = opened(cast.carl, NOW, amazon=Incident.Involved.YES)
    renew_duties(incident, now=NOW)
    duty = duty_of(incident, Recipient.SELLERS)
    sent_by(cast.carl, duty, NOW, seller_id=cast.north.pk)
    deliver(NOW)
    follow_mails(NOW)
    duty.refresh_from_db()
    assert duty.met_at is None  # South's people don't know yet
    [told] = notices_to(cast.alice.email)
    assert "North" in told["text"]
    assert "South" not in told["text"]
    assert notices_to(cast.charlie.email) == []
    sent_by(cast.carl, duty, NOW, seller_id=cast.south.pk)
    deliver(NOW)
    follow_mails(NOW)
    duty.refresh_from_db()
    assert duty.met_at == NOW
