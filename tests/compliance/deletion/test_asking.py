"""A deletion is asked for by one of several doors; there is one path and one clock."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from compliance import clocks
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import DeletionRefused, request_deletion, withdraw
from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import (
    DAY,
    GRACE,
    by_owner,
    contact_of,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
Status = DeletionRequest.Status


def test_an_owner_asks_and_is_told_when_it_begins(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    assert request.status == Status.SCHEDULED
    assert request.received_at == now
    assert request.due_at == now + timedelta(seconds=30 * 86_400)
    assert request.starts_at == now + GRACE
    assert re.fullmatch(r"DEL-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", request.reference)
    [clock] = clocks.running()
    assert (clock.subject_id, clock.due_at) == (request.pk, request.due_at)
    steps = list(request.steps.values_list("what", "actor_id"))
    assert [what for what, _ in steps] == ["received", "verified", "scheduled"]
    assert {actor for _, actor in steps} == {cast.alice.pk}
    [mail] = mails_to(cast.alice.email)
    assert request.reference in mail["subject"]
    assert "2026-11-26 12:00 UTC" in mail["text"]
    assert "2026-12-24 12:00 UTC" in mail["text"]


def test_the_log_names_each_step_and_nobody(cast: Cast, now: datetime) -> None:
    by_owner(cast.alice, cast.north, now=now)
    names = ["deletion.received", "deletion.verified", "deletion.scheduled"]
    found = list(Entry.objects.filter(event__in=names).order_by("id"))
    assert [entry.event for entry in found] == names
    assert {entry.seller_id for entry in found} == {cast.north.pk}
    for entry in Entry.objects.all():
        assert cast.alice.email not in str(vars(entry))


def test_who_asked_is_sealed(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    assert cast.alice.email not in str(DeletionRequest.objects.values())
    assert request.contact is not None
    assert request.contact.reveal()["email"] == cast.alice.email


@pytest.mark.parametrize("who", ["bob", "charlie", "olga", "carl"])
def test_nobody_else_asks_for_a_sellers_deletion(
    cast: Cast, now: datetime, who: str
) -> None:
    with pytest.raises(PermissionDenied):
        by_owner(getattr(cast, who), cast.north, now=now)
    assert not DeletionRequest.objects.exists()


def test_asking_again_is_the_same_request(cast: Cast, now: datetime) -> None:
    first = by_owner(cast.alice, cast.north, now=now)
    again = by_owner(cast.alice, cast.north, now=now + DAY)
    assert again.pk == first.pk
    assert again.due_at == now + 30 * DAY
    assert len(mails_to(cast.alice.email)) == 1
    assert first.steps.last().what == "asked again"  # type: ignore[union-attr]


def test_reading_stops_at_once_and_comes_back(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at == now
    withdraw(actor=cast.alice, request=request, now=now + DAY)
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
    assert Seller.objects.get(pk=cast.south.pk).frozen_at is None
    assert not clocks.running()
    assert "Withdrawn" in subjects_to(cast.alice.email)[-1]


def test_a_person_asks_about_their_own_account(cast: Cast, now: datetime) -> None:
    request = request_deletion(
        actor=cast.bob,
        source=DeletionRequest.Source.PERSON,
        kind=DeletionRequest.Kind.PEOPLE,
        people=[cast.bob],
        contact=contact_of(cast.bob),
        identity="Second factor shown again",
        verified=True,
        grace=GRACE,
        now=now,
    )
    assert request.status == Status.SCHEDULED
    assert request.people == [str(cast.bob.pk)]


def test_a_last_owner_must_choose_first(cast: Cast, now: datetime) -> None:
    with pytest.raises(DeletionRefused, match="last owner of North"):
        request_deletion(
            actor=cast.alice,
            source=DeletionRequest.Source.PERSON,
            kind=DeletionRequest.Kind.PEOPLE,
            people=[cast.alice],
            contact=contact_of(cast.alice),
            identity="Second factor shown again",
            verified=True,
            grace=GRACE,
            now=now,
        )
