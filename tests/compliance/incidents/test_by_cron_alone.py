"""INC-3, the whole of it: nobody does anything, and only `manage.py tick` runs."""

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.core.management import call_command

from compliance.clocks import Deadline
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import arm
from plugseller.accounts.models import User
from tests.compliance.incidents.cases import duty_of
from tests.compliance.ticking import Cron
from tests.compliance.ticking import cron as cron
from tests.conftest import Cast, signed_in
from tests.plugseller.jobs.test_outbox import Postman, Servers

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REAL = "security@amazon.com"


def subjects_to(postman: Postman, address: str) -> list[str]:
    """Of the mails the server took for that address, in turn."""
    mine = [one.content for one, _ in postman.got if address in one.rcpt_tos]
    read = (message_from_bytes(one, policy=policy.default) for one in mine)
    return [str(one["Subject"]) for one in read]


def warnings_to(postman: Postman, address: str) -> list[str]:
    told = subjects_to(postman, address)
    return [one for one in told if " left: " in one and "Amazon" in one]


def test_from_the_detection_to_the_notice_that_amazons_server_took(
    cast: Cast, clara: User, cron: Cron, production: Any, servers: Servers, capsys: Any
) -> None:
    postman = servers()
    for officer in (cast.carl, clara):
        arm(actor=officer, now=cron.now)
    call_command("plant_canary", name="Larch Supplies", slug="larch")
    cron.tick()  # nothing has happened yet
    assert not Incident.objects.exists()

    # A person of another seller reaches for the canary; nobody of ours sees it.
    assert signed_in(cast.charlie).get("/s/larch/orders").status_code == 404
    seen_at = cron.now
    cron.tick(times=2)
    incident = Incident.objects.get()
    assert (incident.detected_by, incident.rule) == (
        Incident.Detected.RULE,
        "canary",
    )
    assert incident.detected_at == seen_at
    assert incident.entered_by is None
    duty = duty_of(incident)
    assert duty.due_at == incident.detected_at + 24 * HOUR
    for officer in (cast.carl, clara):
        assert any(
            incident.reference in one for one in subjects_to(postman, officer.email)
        )

    # Warnings, each once, 12, 6 and 3 hours before the end.
    for left, known in ((13, 0), (12, 1), (6, 2), (3, 3)):
        cron.tick(at=duty.due_at - left * HOUR, times=2)
        for officer in (cast.carl, clara):
            assert len(warnings_to(postman, officer.email)) == known, left
    hours = [one.split(" left")[0] for one in warnings_to(postman, clara.email)]
    assert hours == ["12 hours", "6 hours", "3 hours"]
    assert warnings_to(postman, cast.olga.email) == []

    # Hour 22.
    cron.tick(at=duty.due_at - 2 * HOUR - 2 * MINUTE)
    assert subjects_to(postman, REAL) == []
    cron.tick(times=3)
    [subject] = subjects_to(postman, REAL)
    assert incident.reference in subject
    [(envelope, tls)] = [one for one in postman.got if REAL in one[0].rcpt_tos]
    assert tls is not None
    sending = Sending.objects.get(notice__duty=duty)
    assert sending.state == Sending.State.ACCEPTED
    assert sending.answer == "250 OK"
    assert sending.message_id.encode() in envelope.content
    notice = Notice.objects.get(duty=duty)
    assert notice.went_by_itself
    assert notice.sha256
    duty = NoticeDuty.objects.select_related("incident").get(pk=duty.pk)
    assert duty.met_at is not None
    assert timedelta(0) <= duty.met_at - (duty.due_at - 2 * HOUR) <= 6 * MINUTE
    assert not duty.was_late
    ended = Deadline.objects.get(subject_id=duty.pk)
    assert (ended.met_at, ended.was_late) == (duty.met_at, False)

    # And that was all: nothing is sent again, and nobody is told that it is late.
    for later in (1, 15):
        cron.tick(at=duty.due_at + later * HOUR)
    assert len(subjects_to(postman, REAL)) == 1
    told = subjects_to(postman, cast.carl.email)
    assert not any("Amazon" in one and "OVERDUE" in one for one in told)
    done = incident.timeline.filter(
        what__in=("detected", "rule fired", "notice sent", "notice accepted")
    )
    assert done.count() == 4
    assert all(one.is_automatic for one in done)
