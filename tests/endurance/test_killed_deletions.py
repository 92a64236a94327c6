"""A deletion killed at any point is finished by the next worker, once (RET-2).

Worker after worker is killed -9: the first at its first statement, the next at its
second, and so on, each going on from what the one before left. So whatever one of them
does, another dies right before it, and one right after, also at the commits and at the
writes of the ledger.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches

from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from plugseller.accounts.models import Seller
from plugseller.audit.verify import verify
from plugseller.custody import ledger
from plugseller.jobs.models import OutgoingMail
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import Lived, apart, held, lived_in
from tests.conftest import person
from tests.endurance.killing import EVERY_POINT, kills, worker

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STRIDE = 1 if EVERY_POINT else 19  # points between two kills
Status = DeletionRequest.Status
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def two(db: None) -> tuple[Lived, Lived]:
    carl = person("carl", staff_role="officer")
    return (
        lived_in("north", staff=carl, orders=2),
        lived_in("south", staff=carl, orders=2),
    )


def carry_out() -> bool:
    """What a worker does."""
    return not any(one.failed for one in process_due(NOW + GRACE))


def test_a_deletion_killed_at_every_point_is_complete_and_certified_once(
    two: tuple[Lived, Lived],
) -> None:
    north, south = two
    scope, neighbour = north.whole(), south.whole()
    of_south, of_north = held(neighbour), held(scope)
    request = by_owner(north.owner, north.seller, now=NOW)

    died = list(kills(carry_out, stride=STRIDE))[-1]

    assert died * STRIDE > 150  # it was killed all along its way
    request.refresh_from_db()
    assert request.status == Status.COMPLETED
    assert held(neighbour) == of_south
    mine = replace(scope, request_id=request.pk)  # its own mails go last
    assert held(mine) == dict.fromkeys(of_north, 0)
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    [certificate] = request.certificates.all()
    for place in certificate.body["places"]:
        assert place["after"] == 0, place
        # Counted in the transactions that removed them: none twice, none forgotten.
        assert place["erased"] == place["before"], place
    assert request.steps.filter(what="certified").count() == 1
    assert request.steps.filter(what="keys destroyed").count() == 1
    lines = ledger.read()
    assert len({line.hash for line in lines}) == len(lines) == 5
    asked = OutgoingMail.objects.filter(owner=request.pk)
    subjects = [mail.content.reveal()["subject"] for mail in asked]
    assert [s for s in subjects if s.startswith("Done")] == [
        f"Done: {request.reference} was carried out"
    ]
    assert verify().is_whole
    assert worker(1_000_000, carry_out)  # nothing is left to do
    assert request.certificates.count() == 1
    caches["default"].clear()
