"""INC-2: a notice that came back is seen by the seller's owners in the console."""

from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from compliance.incidents import sections
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import note_bounced, renew_duties
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.returned import note_read, unread_at
from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.jobs.models import OutgoingMail
from tests.compliance.incidents.cases import (
    deliver,
    duty_of,
    mails,
    notices_to,
    opened,
    sent_by,
)
from tests.conftest import NOW, Cast, person, signed_in
from tests.plugseller.jobs.test_outbox import Servers

pytestmark = pytest.mark.django_db
SELLERS = NoticeDuty.Recipient.SELLERS
BANNER = "the mail came back"


@pytest.fixture
def duty(cast: Cast, monkeypatch: pytest.MonkeyPatch, production: Any) -> NoticeDuty:
    """North is affected, and owed a notice."""
    monkeypatch.setattr(sections, "_sellers", [lambda _: [cast.north.pk]])
    incident = opened(cast.carl, NOW, amazon=Incident.Involved.YES)
    renew_duties(incident, now=NOW)
    return duty_of(incident, SELLERS)


def sent(cast: Cast, duty: NoticeDuty) -> Notice:
    made = sent_by(cast.carl, duty, NOW, seller_id=cast.north.pk)
    assert isinstance(made, Notice)
    return made


def came_back(cast: Cast, notice: Notice, owner: User) -> None:
    sending = notice.sendings.get(person_id=owner.pk)
    note_bounced(actor=cast.carl, sending=sending, why="No such user.", now=NOW)


def pages_of(who: User) -> str:
    return signed_in(who).get("/s/north/orders").text


def read_it(client: Client, notice: Notice) -> Any:
    return client.post(reverse("returned_notice", args=["north", notice.pk]))


def test_the_owner_sees_it_on_the_next_page_until_it_was_read(
    cast: Cast, duty: NoticeDuty
) -> None:
    notice = sent(cast, duty)
    assert BANNER not in pages_of(cast.alice)
    came_back(cast, notice, cast.alice)
    assert BANNER in pages_of(cast.alice)
    assert BANNER not in pages_of(cast.bob)  # he only looks
    assert BANNER not in signed_in(cast.charlie).get("/s/south/orders").text
    client = signed_in(cast.alice)
    page = client.get(reverse("returned_notice", args=["north", notice.pk]))
    assert notice.content.reveal()["text"][:40] in page.text
    assert BANNER in client.get("/s/north/orders").text  # looking isn't saying so
    duty.refresh_from_db()
    assert duty.met_at is None
    assert read_it(client, notice).status_code == 302
    assert BANNER not in pages_of(cast.alice)
    duty.refresh_from_db()
    assert duty.met_at
    assert duty.incident.timeline.get(what="notice read in the console")
    assert [one.state for one in notice.sendings.order_by("way")] == ["bounced", "read"]
    assert read_it(client, notice).status_code == 404  # nothing is left to read
    desk = signed_in(cast.carl).get(
        f"/admin/compliance/incident/{duty.incident_id}/change/"
    )
    assert "Read in the console by an owner" in desk.text


def test_nobody_else_reads_it_or_says_so(cast: Cast, duty: NoticeDuty) -> None:
    notice = sent(cast, duty)
    came_back(cast, notice, cast.alice)
    for who, status in ((cast.bob, 403), (cast.charlie, 404), (cast.olga, 404)):
        at = reverse("returned_notice", args=["north", notice.pk])
        assert signed_in(who).get(at).status_code == status
        assert read_it(signed_in(who), notice).status_code == status
        with pytest.raises(PermissionDenied):
            note_read(actor=who, notice=notice, now=NOW)
    own = reverse("returned_notice", args=["south", notice.pk])
    assert signed_in(cast.charlie).get(own).status_code == 404
    assert unread_at(cast.north.pk).count() == 1


def test_a_server_that_knows_no_such_user_is_a_mail_that_came_back(
    cast: Cast, duty: NoticeDuty, servers: Servers
) -> None:
    servers().says = "550 no such user"
    notice = sent(cast, duty)
    now = NOW
    for _ in range(3):
        mail = OutgoingMail.objects.get(urgent=True)
        now = max(now, mail.try_at)
        deliver(now)
        follow_mails(now)
    assert notice.sendings.get().state == Sending.State.BOUNCED
    assert BANNER in pages_of(cast.alice)


def test_the_next_owner_is_tried_and_no_alarm_while_another_copy_is_under_way(
    cast: Cast, duty: NoticeDuty
) -> None:
    notice = sent(cast, duty)
    zoe = person("zoe")
    join(actor=cast.alice, user=zoe, seller=cast.north, role=Role.OWNER)

    def pages() -> int:
        return sum(one["subject"].startswith("ACT NOW") for one in mails())

    came_back(cast, notice, cast.alice)
    assert len(notices_to(zoe.email)) == 1
    assert pages() == 0
    came_back(cast, notice, zoe)
    assert pages() > 0
    assert any("on their next page in the console" in one["text"] for one in mails())
    assert len(notices_to(zoe.email)) == 1


def test_what_went_to_the_drills_address_is_nobodys_to_read(
    cast: Cast, duty: NoticeDuty
) -> None:
    Incident.objects.filter(pk=duty.incident_id).update(is_drill=True)
    duty.incident.refresh_from_db()
    notice = sent(cast, duty)
    came_back(cast, notice, cast.alice)
    assert unread_at(UUID(str(cast.north.pk))).count() == 0
    assert BANNER not in pages_of(cast.alice)
