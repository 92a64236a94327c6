"""INC-2: to whom a notice goes, which settings say it, and what each of them reads."""

from datetime import timedelta
from typing import Any

import pytest

from compliance import clocks
from compliance.incidents import sections
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.drafts import drafted
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    know,
    merge,
    note_sent_otherwise,
    renew_duties,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.selfsending import watch
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import DataClass
from tests.compliance.incidents.cases import (
    deliver,
    duty_of,
    mails,
    notices_to,
    opened,
    sent_by,
)
from tests.conftest import NOW, Cast
from tests.plugseller.jobs.test_outbox import Servers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Recipient = NoticeDuty.Recipient
AMAZON, DRILL = "security@amazon.com", "drill@example.test"
SETTINGS = {
    Recipient.WALMART: ("WALMART_SECURITY_CONTACT", "security@walmart.example"),
    Recipient.AUTHORITY: ("AUTHORITY_CONTACT", "breach@authority.example"),
}


def known(cast: Cast, incident: Incident, *marketplaces: str) -> None:
    """Personal data of these marketplaces: everybody is owed a notice."""
    know(
        actor=cast.carl,
        incident=incident,
        title=incident.title,
        kind=Incident.Kind.EXPOSURE,
        severity=Incident.Severity.HIGH,
        marketplaces=list(marketplaces),
        data_kinds=[DataClass.PERSONAL.value],
        amazon_is_involved="amazon" in marketplaces,
        now=NOW,
    )


@pytest.mark.parametrize("recipient", SETTINGS)
def test_in_production_it_reaches_the_contact_of_the_settings(
    cast: Cast, production: Any, servers: Servers, recipient: NoticeDuty.Recipient
) -> None:
    postman = servers()
    for name, address in SETTINGS.values():
        setattr(production, name, address)
    incident = opened(cast.carl, NOW)
    known(cast, incident, "amazon", "walmart")
    duty = duty_of(incident, recipient)
    notice = sent_by(cast.carl, duty, NOW)
    deliver(NOW)
    follow_mails(NOW)
    [(envelope, tls)] = [
        one for one in postman.got if cast.carl.email not in one[0].rcpt_tos
    ]
    assert envelope.rcpt_tos == [SETTINGS[recipient][1]]
    assert tls is not None
    sending = notice.sendings.get()
    assert (sending.state, sending.is_real) == (Sending.State.ACCEPTED, True)
    assert duty_of(incident, recipient).met_at == NOW
    assert duty_of(incident).met_at is None  # Amazon's own is still owed


@pytest.mark.parametrize("recipient", SETTINGS)
def test_without_a_contact_it_is_refused_with_the_way_out(
    cast: Cast, production: Any, recipient: NoticeDuty.Recipient
) -> None:
    setattr(production, SETTINGS[recipient][0], "")
    incident = opened(cast.carl, NOW)
    known(cast, incident, "amazon", "walmart")
    duty = duty_of(incident, recipient)
    before = len(mails())
    with pytest.raises(IncidentRefused, match="No address is known"):
        sent_by(cast.carl, duty, NOW)
    assert len(mails()) == before
    assert not Notice.objects.exclude(sent_at=None).exists()
    duty = duty_of(incident, recipient)
    assert duty.is_open
    assert clocks.running().filter(subject_id=duty.pk).exists()
    note_sent_otherwise(
        actor=cast.carl, duty=duty, at=NOW, proof="Their form; case 7.", now=NOW
    )
    assert duty_of(incident, recipient).met_at == NOW


def test_without_any_contact_of_amazon_hour_22_cries_out_and_goes_once_there_is_one(
    cast: Cast, production: Any, armed: None, caplog: pytest.LogCaptureFixture
) -> None:
    production.AMAZON_SECURITY_CONTACTS = []
    incident = opened(cast.carl, NOW)
    watch(NOW + 22 * HOUR)
    assert f"{incident.reference}: No address is known" in caplog.text
    assert not Notice.objects.exclude(sent_at=None).exists()
    production.AMAZON_SECURITY_CONTACTS = [AMAZON]
    watch(NOW + 22 * HOUR + timedelta(minutes=1))
    assert len(notices_to(AMAZON)) == 1


@pytest.mark.parametrize("recipient", Recipient)
@pytest.mark.parametrize("is_drill", [True, False])
def test_a_drill_and_what_is_not_production_reach_nobody_real(
    cast: Cast,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    recipient: NoticeDuty.Recipient,
    is_drill: bool,
) -> None:
    """Each recipient, with every address set that production would use."""
    settings.PRODUCTION, settings.INCIDENT_DRILL_ADDRESS = is_drill, DRILL
    for name, address in SETTINGS.values():
        setattr(settings, name, address)
    seller = cast.north.pk if recipient == Recipient.SELLERS else None
    monkeypatch.setattr(sections, "_sellers", [lambda _: [cast.north.pk]])
    incident = opened(cast.carl, NOW, is_drill=is_drill)
    known(cast, incident, "amazon", "walmart")
    renew_duties(incident, now=NOW)
    sent_by(cast.carl, duty_of(incident, recipient), NOW, seller_id=seller)
    urgent = OutgoingMail.objects.filter(urgent=True)
    assert [one.content.reveal()["to"] for one in urgent] == [DRILL]
    assert not Sending.objects.filter(is_real=True).exists()


def test_a_drill_and_a_real_case_at_hour_22_each_reach_their_own(
    cast: Cast, production: Any, armed: None
) -> None:
    drill = opened(cast.carl, NOW, title="Our exercise", is_drill=True)
    real = opened(cast.carl, NOW, title="A key in a public place")
    clocks.run_due(NOW + 22 * HOUR)
    watch(NOW + 22 * HOUR)
    [to_amazon], [exercise] = notices_to(AMAZON), notices_to(DRILL)
    assert real.reference in to_amazon["subject"]
    assert drill.reference not in to_amazon["subject"] + to_amazon["text"]
    assert exercise["subject"].startswith("DRILL: ")
    assert drill.reference in exercise["subject"]
    assert real.reference not in exercise["subject"] + exercise["text"]
    for incident, is_real in ((real, True), (drill, False)):
        assert Sending.objects.get(notice__duty__incident=incident).is_real is is_real


@pytest.mark.parametrize("drill_goes_into_case", [True, False])
def test_a_case_and_a_drill_stay_apart(cast: Cast, drill_goes_into_case: bool) -> None:
    case, drill = opened(cast.carl, NOW), opened(cast.carl, NOW, is_drill=True)
    one, other = (drill, case) if drill_goes_into_case else (case, drill)
    with pytest.raises(IncidentRefused, match="stay apart"):
        merge(actor=cast.carl, incident=one, into=other, why="One.", now=NOW)
    with pytest.raises(IncidentRefused, match="stay apart"):
        merge(actor=cast.carl, incident=one, into=one, why="Itself.", now=NOW)
    one.refresh_from_db()
    assert one.status == Incident.Status.DETECTED
    assert other.timeline.filter(what="took in").count() == 0


def test_both_marketplaces_are_told_and_neither_hears_of_the_other(
    cast: Cast, production: Any
) -> None:
    """Edge 29: one case, a notice each, and no fact that names the other."""
    name, walmart_at = SETTINGS[Recipient.WALMART]
    setattr(production, name, walmart_at)
    incident = opened(cast.carl, NOW, what="Orders of Amazon and Walmart lay open.")
    known(cast, incident, "amazon", "walmart")
    due = {}
    for recipient, address, other in (
        (Recipient.AMAZON, AMAZON, "walmart"),
        (Recipient.WALMART, walmart_at, "amazon"),
    ):
        duty = duty_of(incident, recipient)
        assert duty.is_open
        due[recipient] = duty.due_at
        for kind in Notice.Kind:
            words = " ".join(drafted(duty, kind, now=NOW)).lower()
            assert recipient.value in words, kind
            assert other not in words, kind
            assert "lay open" not in words, kind  # the fact that names both
        sent_by(cast.carl, duty, NOW)
        [told] = notices_to(address)
        assert other not in (told["subject"] + told["text"]).lower()
    assert set(due.values()) == {NOW + 24 * HOUR}
    plain = opened(cast.carl, NOW, what="Orders lay open.")
    known(cast, plain, "amazon", "walmart")
    for recipient in (Recipient.AMAZON, Recipient.WALMART):
        words = drafted(duty_of(plain, recipient), Notice.Kind.INITIAL, now=NOW)[1]
        assert "Orders lay open." in words
