"""The table of transitions: every pair, as the issue says it and no other."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import withdraw
from compliance.deletion.states import WAYS, DeletionRefused, move
from tests.compliance.deletion.asked import by_owner
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
Status = DeletionRequest.Status

# Written down once more, apart from the code: from -> to.
ALLOWED = {
    ("received", "verified"),
    ("received", "rejected"),
    ("received", "withdrawn"),
    ("verified", "scheduled"),
    ("verified", "rejected"),
    ("verified", "withdrawn"),
    ("scheduled", "executing"),
    ("scheduled", "on hold"),
    ("scheduled", "rejected"),
    ("scheduled", "withdrawn"),
    ("executing", "verifying"),
    ("executing", "on hold"),
    ("verifying", "completed"),
    ("verifying", "executing"),
    ("verifying", "on hold"),
    ("on hold", "scheduled"),
    ("on hold", "executing"),
    ("on hold", "rejected"),
    ("on hold", "withdrawn"),
}


@pytest.mark.parametrize(("before", "after"), [*product(Status.values, Status.values)])
def test_each_pair_is_allowed_or_refused_as_written(
    cast: Cast, now: datetime, before: str, after: str
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    DeletionRequest.objects.filter(pk=request.pk).update(status=before)
    request.refresh_from_db()
    if (before, after) in ALLOWED:
        move(request, Status(after))
        assert request.status == after
        return
    with pytest.raises(DeletionRefused):
        move(request, Status(after))
    assert DeletionRequest.objects.get().status == before


def test_every_state_stands_in_the_table() -> None:
    assert set(WAYS) == set(Status)


def test_two_who_move_it_at_once_do_it_once(cast: Cast, now: datetime) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    copy = DeletionRequest.objects.get()
    move(request, Status.WITHDRAWN)
    with pytest.raises(DeletionRefused, match="just now"):
        move(copy, Status.EXECUTING)


@pytest.mark.parametrize("status", [Status.EXECUTING, Status.ON_HOLD, Status.VERIFYING])
def test_what_began_is_not_taken_back_and_the_instant_is_told(
    cast: Cast, now: datetime, status: str
) -> None:
    request = by_owner(cast.alice, cast.north, now=now)
    gone = now + timedelta(hours=49, seconds=7)
    DeletionRequest.objects.update(status=status, began_at=gone, keys_destroyed_at=gone)
    with pytest.raises(DeletionRefused, match=r"first key.*2026-11-26 13:00:07 UTC"):
        withdraw(actor=cast.alice, request=request, now=now + timedelta(days=4))
    assert DeletionRequest.objects.get().status == status
