"""The end: the request and those joined to it are completed, and the clock is met."""

from datetime import datetime

import pytest

from compliance import clocks
from compliance.clocks import Deadline
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    DeletionRefused,
    begin,
    complete,
    verify_requester,
)
from compliance.deletion.states import Status, move
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import DAY, by_letter, by_owner, mails_to
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def carried_out(request: DeletionRequest, now: datetime) -> DeletionRequest:
    assert begin(request, now=now)
    request.refresh_from_db()
    move(request, Status.VERIFYING)
    return complete(request, now=now, backups="2026-12-24", certificate="C-1")


def test_both_who_asked_hear_of_it_and_one_clock_is_met(
    cast: Cast, now: datetime
) -> None:
    own = by_owner(cast.alice, cast.north, now=now)
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    verify_requester(actor=cast.carl, request=letter, identity="Phone", now=now)
    carried_out(own, now + 3 * DAY)
    letter.refresh_from_db()
    assert letter.status == Status.COMPLETED
    assert letter.ended_at == now + 3 * DAY
    for address in (cast.alice.email, "writer@example.test"):
        text = mails_to(address)[-1]["text"]
        assert "2026-12-24" in text
        assert "C-1" in text
    met = Deadline.objects.get(duty="deletion", met_at__isnull=False)
    assert (met.subject_id, met.was_late) == (own.pk, False)
    assert not clocks.running()
    events = Entry.objects.values_list("event", flat=True)
    assert {"deletion.joined", "deletion.completed"} <= set(events)


def test_a_stranger_who_wrote_learns_nothing_of_the_owners_request(
    cast: Cast, now: datetime
) -> None:
    """Edge case 8: neither that there was one, nor its date, nor what was held."""
    own = by_owner(cast.alice, cast.north, now=now)
    letter = by_letter(cast.carl, seller=cast.north, now=now + 5 * DAY)
    assert letter.joined_to_id == own.pk
    carried_out(own, now + 6 * DAY)
    letter.refresh_from_db()
    assert letter.status == Status.RECEIVED
    assert letter.joined_to_id is None
    [mail] = mails_to("writer@example.test")
    assert "older request" not in mail["text"]
    assert "2026-12-29 12:00 UTC" in mail["text"]  # its own 30 days
    clock = clocks.running().get(duty="deletion")
    assert (clock.subject_id, clock.due_at) == (letter.pk, now + 30 * DAY)


def test_nothing_is_completed_before_it_was_looked_for(
    cast: Cast, now: datetime
) -> None:
    request = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    begin(request, now=now)
    with pytest.raises(DeletionRefused):
        complete(request, now=now)


def test_begun_twice_it_began_once(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now, grace=0 * DAY)
    assert begin(request, now=now)
    assert begin(request, now=now + DAY)
    assert DeletionRequest.objects.get().began_at == now
    assert request.steps.filter(what="begun").count() == 1
