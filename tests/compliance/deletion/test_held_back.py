"""A legal hold keeps what it names, and the rest goes (RET-2, edges 10 and 11)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from compliance import clocks
from compliance.deletion import execution
from compliance.deletion.execution import (
    execute,
    process_due,
)
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import (
    release_hold,
)
from marketplaces.models import Order
from plugseller.accounts.models import Seller, User
from plugseller.crypto.models import DataKey
from plugseller.custody.walking import erase_holding
from plugseller.jobs.models import OutgoingMail
from tests.compliance.deletion.asked import (
    GRACE,
    by_owner,
)
from tests.compliance.deletion.carrying_out import _apart, carl, hold, two
from tests.compliance.inhabited import Lived, held

__all__ = ["_apart", "carl", "two"]  # fixtures

Status = DeletionRequest.Status
DAY = timedelta(days=1)


def test_a_hold_on_orders_keeps_them_and_what_they_hang_on(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    """The rest is deleted; the certificate says what stays, and why (edge 10)."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    hold(request, carl, ["marketplaces.Order"], now)
    then = now + GRACE

    done = execute(request, then)

    request.refresh_from_db()
    assert (done.outcome, request.status) == (Status.ON_HOLD, Status.ON_HOLD)
    kept = set(request.outcomes.filter(ended_at=None).values_list("holding", flat=True))
    assert kept == {
        "marketplaces.Order",
        "marketplaces.Connection",
        "accounts.Seller",
    }
    orders = Order.objects.across_sellers(reason="test")
    assert orders.filter(seller=north.seller).count() == 6
    assert not User.objects.filter(pk=north.owner.pk).exists()
    keys = DataKey.objects.filter(owner=north.seller.pk)
    assert keys.exclude(destroyed_at=None).count() == 1
    [certificate] = request.certificates.all()
    listed = {one["place"]: one for one in certificate.body["on_hold"]}
    assert listed.keys() == kept
    assert "Section 147" in listed["marketplaces.Order"]["why"]
    assert listed["marketplaces.Order"]["left"] == 6
    assert listed["marketplaces.Order"]["ends_or_is_reviewed_at"]
    assert list(clocks.running())  # the promise's clock has no pause
    # Looked at again, nothing more happens.
    assert [one.outcome for one in process_due(then + DAY)] == [Status.ON_HOLD]
    assert request.certificates.count() == 1


def test_a_released_hold_finishes_by_itself_and_a_new_version_is_issued(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    standing = hold(request, carl, ["marketplaces.Order"], now)
    execute(request, now + GRACE)
    release_hold(actor=carl, hold=standing, now=now + 4 * DAY)

    [done] = process_due(now + 4 * DAY)

    assert done.outcome == Status.COMPLETED
    versions = list(request.certificates.all())
    assert [one.version for one in versions] == [2, 1]
    assert versions[0].body["on_hold"] == []
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    places = {one["place"]: one for one in versions[0].body["places"]}
    assert places["marketplaces.Order"]["erased"] == 6


def test_a_hold_that_is_placed_while_it_runs_stops_before_the_next_place(
    two: tuple[Lived, Lived],
    carl: User,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is gone by then is listed (edge 11)."""
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    does = erase_holding

    def held_in_between(holding: Any, *args: Any, **kwargs: Any) -> int:
        removed = does(holding, *args, **kwargs)
        if holding.name == "marketplaces.OrderItem":
            request.refresh_from_db()
            hold(request, carl, [], now + GRACE)
        return removed

    monkeypatch.setattr(execution, "erase_holding", held_in_between)
    done = execute(request, now + GRACE)
    request.refresh_from_db()
    assert (done.outcome, request.status) == (Status.ON_HOLD, Status.ON_HOLD)
    orders = Order.objects.across_sellers(reason="test")
    assert orders.filter(seller=north.seller).count() == 6
    [certificate] = request.certificates.all()
    places = {one["place"]: one for one in certificate.body["places"]}
    assert places["marketplaces.OrderItem"]["erased"] == 12
    assert places["marketplaces.Order"]["erased"] == 0
    assert places["marketplaces.Order"]["after"] == 6


def test_a_hold_on_everything_lets_nothing_begin(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    before = held(north.whole())
    hold(request, carl, [], now)
    assert process_due(now + GRACE) == []
    after = held(north.whole())
    assert {n for n in before if before[n] > after[n]} == set()


def test_a_held_sealed_value_keeps_its_key(
    two: tuple[Lived, Lived], carl: User, now: datetime
) -> None:
    north, _ = two
    request = by_owner(north.owner, north.seller, now=now)
    hold(request, carl, ["jobs.OutgoingMail"], now)
    execute(request, now + GRACE)
    request.refresh_from_db()
    assert request.status == Status.ON_HOLD
    assert DataKey.objects.get(owner=north.seller.pk).destroyed_at is None
    mail = OutgoingMail.objects.filter(owner=north.seller.pk).first()
    assert mail is not None
    assert mail.content.reveal()["to"] == north.owner.email
