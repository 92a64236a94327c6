"""INC-2: to whom a notice goes, which settings say it, and what each of them reads."""

from datetime import timedelta
from typing import Any

import pytest

from compliance import clocks
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    IncidentRefused,
    know,
    note_sent_otherwise,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.selfsending import watch
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
from tests.plugseller.jobs.test_outbox import servers as servers

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
