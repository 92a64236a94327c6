"""What proves something speaks of the erased by their ids, and keeps no deletion from
its end (RET-2)."""

from datetime import datetime
from typing import Any

import pytest

from compliance.deletion.models import DeletionRequest
from compliance.governance.reviews.models import Review, ReviewDecision
from compliance.governance.reviews.services import decide, sign_off
from compliance.governance.reviews.services.starting import begin
from compliance.incidents import sections
from compliance.incidents.casework import NoticeDuty, Sending
from compliance.incidents.models import Incident
from compliance.incidents.services import (
    note_bounced,
    renew_duties,
    report_suspicion,
)
from compliance.incidents.services.outcomes import follow_mails
from compliance.incidents.services.returned import note_read
from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.jobs import outbox
from tests.compliance.deletion.asked import DAY
from tests.compliance.deletion.carrying_out import _apart as _apart
from tests.compliance.deletion.carrying_out import carl as carl
from tests.compliance.deletion.carrying_out import gone
from tests.compliance.deletion.carrying_out import two as two
from tests.compliance.incidents.cases import duty_of, opened, sent_by
from tests.compliance.inhabited import Lived
from tests.conftest import person

pytestmark = pytest.mark.django_db
Choice, Kind = ReviewDecision.Choice, Review.Kind


def found(request: DeletionRequest) -> list[str]:
    """What the independent look found, if anything."""
    steps = request.steps.filter(what="something was found")
    return sorted(place for step in steps for place in step.details["places"])


def test_reviews_that_speak_of_a_seller_keep_its_deletion_from_nothing(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, _ = two
    second = person("second.owner")
    join(actor=None, seller=north.seller, user=second, role=Role.OWNER)
    own = begin(Kind.MEMBERS, seller=north.seller, last=now - 90 * DAY, now=now)
    assert own is not None
    for item in own.items.exclude(person_id=north.owner.pk):
        decide(actor=north.owner, item=item, choice=Choice.KEEP, now=now)
    for item in own.items.filter(person_id=north.owner.pk):
        decide(actor=second, item=item, choice=Choice.KEEP, now=now)
    sign_off(actor=north.owner, review=own, now=now)
    begin(Kind.ACCESS, last=now - 90 * DAY, now=now)
    begin(Kind.LOGS, last=now - 14 * DAY, now=now)
    request = gone(north, now=now)
    assert found(request) == []
    assert request.status == DeletionRequest.Status.COMPLETED
    kept = Review.objects.get(seller_id=north.seller.pk)
    assert kept.signed_by == north.owner.pk  # the proof


def test_an_incident_its_people_reported_or_were_told_of_keeps_it_from_nothing(
    two: tuple[Lived, Lived],
    carl: User,
    now: datetime,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    north, _ = two
    settings.PRODUCTION = True
    report_suspicion(reporter=north.viewer, what="Odd.", noticed_at=None, now=now)
    monkeypatch.setattr(sections, "_sellers", [lambda _: [north.seller.pk]])
    incident = opened(carl, now, amazon=Incident.Involved.YES)
    renew_duties(incident, now=now)
    duty = duty_of(incident, NoticeDuty.Recipient.SELLERS)
    notice = sent_by(carl, duty, now, seller_id=north.seller.pk)
    outbox.send_due(now)
    follow_mails(now)
    back = notice.sendings.get()
    note_bounced(actor=carl, sending=back, why="No such user.", now=now)
    assert note_read(actor=north.owner, notice=notice, now=now)
    request = gone(north, now=now)
    assert found(request) == []
    assert request.status == DeletionRequest.Status.COMPLETED
    kept = Sending.objects.filter(notice=notice).order_by("way")
    assert [one.person_id for one in kept] == [north.owner.pk] * 2  # the proof
