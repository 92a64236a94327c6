"""Several requests about the same data: one is carried out, one date counts."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import clocks
from compliance.deletion.arranging import covers, leaders
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    begin,
    reject,
    verify_requester,
    withdraw,
)
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from tests.compliance.deletion.asked import DAY, by_letter, by_owner
from tests.conftest import Cast, person
from tests.marketplaces.console import rows

pytestmark = pytest.mark.django_db
Source, Status = DeletionRequest.Source, DeletionRequest.Status


def fresh(request: DeletionRequest) -> DeletionRequest:
    return DeletionRequest.objects.get(pk=request.pk)


def test_the_same_scope_by_another_door_shares_the_older_date(
    cast: Cast, now: datetime
) -> None:
    first = by_owner(cast.alice, cast.north, now=now)
    letter = by_letter(cast.carl, seller=cast.north, now=now + 5 * DAY)
    assert letter.joined_to_id == first.pk
    assert letter.due_at == first.due_at == now + 30 * DAY
    assert fresh(first).also_from == ["letter"]
    assert [c.subject_id for c in clocks.running().filter(duty="deletion")] == [
        first.pk
    ]


def test_the_earlier_date_wins_whichever_came_first(cast: Cast, now: datetime) -> None:
    first = by_owner(cast.alice, cast.north, now=now)
    notice = by_letter(
        cast.carl,
        seller=cast.north,
        source=Source.MARKETPLACE,
        verified=True,
        now=now,
        received_at=now - 10 * DAY,
    )
    assert fresh(first).due_at == notice.due_at == now + 20 * DAY
    [clock] = clocks.running().filter(duty="deletion")
    assert clock.due_at == now + 20 * DAY


def test_a_wider_scope_is_a_new_request_and_the_part_keeps_its_date(
    cast: Cast, now: datetime
) -> None:
    account = rows.connect(cast.north)
    part = by_owner(cast.alice, cast.north, connection=account, now=now)
    whole = by_owner(cast.alice, cast.north, now=now + DAY)
    assert whole.pk != part.pk
    assert whole.joined_to_id is None
    assert fresh(part).joined_to_id is None
    assert (fresh(part).due_at, whole.due_at) == (now + 30 * DAY, now + 31 * DAY)
    assert part.starts_at
    assert begin(part, now=part.starts_at)


def test_a_part_of_what_begins_earlier_is_joined(cast: Cast, now: datetime) -> None:
    account = rows.connect(cast.north)
    whole = by_owner(cast.alice, cast.north, now=now)
    notice = by_letter(
        cast.carl,
        seller=cast.north,
        connection=account,
        source=Source.MARKETPLACE,
        verified=True,
        now=now + DAY,
    )
    assert notice.joined_to_id == whole.pk
    withdraw(actor=cast.alice, request=whole, now=now + DAY)
    alone = fresh(notice)
    assert alone.joined_to_id is None
    assert alone.due_at == now + 30 * DAY
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
    account.refresh_from_db()
    assert account.frozen_at is not None
    assert begin(alone, now=now + 4 * DAY)


def test_to_be_a_duplicate_keeps_nobody_from_being_verified(
    cast: Cast, now: datetime
) -> None:
    """A stranger's letter came first; the owner's own request leads all the same."""
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    own = by_owner(cast.alice, cast.north, now=now + DAY)
    assert own.status == Status.SCHEDULED
    assert own.joined_to_id is None
    assert fresh(letter).joined_to_id == own.pk
    assert own.due_at == now + 30 * DAY
    verify_requester(
        actor=cast.carl, request=letter, identity="Known address", now=now + DAY
    )
    assert fresh(letter).status == Status.VERIFIED
    withdraw(actor=cast.alice, request=letter, now=now + DAY)
    assert fresh(letter).status == Status.WITHDRAWN
    assert fresh(own).status == Status.SCHEDULED


def test_a_joined_request_that_is_withdrawn_leaves_the_other(
    cast: Cast, now: datetime
) -> None:
    own = by_owner(cast.alice, cast.north, now=now)
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    reject(actor=cast.carl, request=letter, reason="Not yours", now=now)
    assert fresh(own).status == Status.SCHEDULED
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is not None


def test_another_owner_who_asks_is_joined(cast: Cast, now: datetime) -> None:
    dora = person("dora")
    join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    first = by_owner(cast.alice, cast.north, now=now)
    second = by_owner(dora, cast.north, now=now + DAY)
    assert second.pk != first.pk
    assert second.joined_to_id == first.pk
    assert not begin(second, now=now + 5 * DAY)


@pytest.mark.django_db(transaction=True)
def test_two_browsers_that_press_at_once_make_one_request(
    cast: Cast, now: datetime
) -> None:
    together = Barrier(2)
    made: list[DeletionRequest] = []

    def press() -> None:
        together.wait()
        made.append(by_owner(cast.alice, cast.north, now=now))
        connections.close_all()

    browsers = [Thread(target=press) for _ in range(2)]
    for browser in browsers:
        browser.start()
    for browser in browsers:
        browser.join()
    assert len({request.pk for request in made}) == 1
    assert DeletionRequest.objects.count() == 1


START = datetime.fromisoformat("2026-11-24T12:00:00+00:00")
SELLER = "11111111-1111-4111-8111-111111111111"
PARTS = ("22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333")
A_REQUEST = st.builds(
    lambda whole, part, days, status, grace: DeletionRequest(
        kind="account" if whole else "connection",
        seller_id=SELLER,
        connection_id=None if whole else PARTS[part],
        status=status,
        received_at=START + timedelta(days=days),
        starts_at=None
        if status == "received"
        else START + timedelta(days=days + grace),
        due_at=START + timedelta(days=days + 30),
        began_at=START if status == "executing" else None,
    ),
    st.booleans(),
    st.integers(0, 1),
    st.integers(0, 20),
    st.sampled_from(["received", "scheduled", "on hold", "executing"]),
    st.integers(0, 7),
)


@given(st.lists(A_REQUEST, max_size=6))
@settings(max_examples=300, deadline=None)
def test_whatever_is_open_each_is_carried_out_by_one_that_covers_it(
    requests: list[DeletionRequest],
) -> None:
    for one, leader in leaders(requests).items():
        if leader is None:
            continue
        assert covers(leader, one)
        assert leaders(requests)[leader] is None
        assert one.began_at is None
        assert not (leader.status == "received" and one.status != "received")
