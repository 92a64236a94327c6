"""A deletion is carried out, place by place, and proved (RET-2)."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from compliance.deletion.execution import due, execute
from compliance.deletion.models import DeletionRequest
from plugseller.accounts.models import Seller, User
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import EMPTY, Lived, apart, held, lived_in
from tests.conftest import person

Status = DeletionRequest.Status


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def two(db: None) -> tuple[Lived, Lived]:
    carl = person("carl", staff_role="officer")
    return lived_in("north", staff=carl), lived_in("south", staff=carl)


def test_a_whole_account_goes_in_order_and_is_certified(
    two: tuple[Lived, Lived], now: datetime
) -> None:
    north, south = two
    request = by_owner(north.owner, north.seller, now=now)
    of_south = held(south.whole())
    assert not due(now).exists()
    then = now + GRACE

    done = execute(request, then)

    assert (done.outcome, done.failed, done.found) == (Status.COMPLETED, False, 0)
    request.refresh_from_db()
    assert request.status == Status.COMPLETED
    assert held(south.whole()) == of_south
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    assert not User.objects.filter(pk__in=[one.pk for one in north.people]).exists()
    for outcome in request.outcomes.all():
        assert outcome.after == 0, outcome.holding
        assert outcome.erased == outcome.before, outcome.holding
        assert outcome.before or outcome.holding in EMPTY, outcome.holding
    [certificate] = request.certificates.all()
    assert certificate.body["on_hold"] == []
