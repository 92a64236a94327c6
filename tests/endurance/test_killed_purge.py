"""Retention killed in the middle, and two at once: all goes, and each row is told."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import Sum

from compliance.models import Purge
from compliance.retention.services import Occupied, nothing_overdue, purge
from marketplaces import stores
from marketplaces.models import Order
from plugseller.audit.models import Entry
from plugseller.audit.verify import verify
from tests.compliance.inhabited import NOW, Lived, lived_in
from tests.conftest import person
from tests.endurance.killing import EVERY_POINT, kills

LATER = NOW + timedelta(days=31)  # the seller chose 30 for its orders
STRIDE = 1 if EVERY_POINT else 7  # points between two kills
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(db: None, monkeypatch: Any) -> tuple[Lived, Lived]:
    monkeypatch.setattr(stores, "_ORDERS", 3)  # at once: several batches
    carl = person("carl", staff_role="officer")
    return tuple(lived_in(name, staff=carl, orders=6) for name in ("north", "south"))  # type: ignore[return-value]  # two names


def purged() -> bool:
    """What a worker does; only its own overdue rows are looked at."""
    return {one.trouble for one in purge(LATER)} <= {""}


def removed(holding: str) -> int:
    rows = Purge.objects.filter(holding=holding)
    return int(rows.aggregate(all=Sum("rows"))["all"] or 0)


def told(holding: str) -> int:
    entries = Entry.objects.filter(
        event="retention.purged", additional_data__holding=holding
    )
    return sum(entry.rows or 0 for entry in entries)


def test_a_purge_killed_at_any_point_is_finished_and_every_row_of_it_is_told(
    two: tuple[Lived, Lived],
) -> None:
    had = Order.unfenced.count()
    for died in kills(purged, stride=STRIDE):
        # Counted in the transaction that removed them, whatever came in between.
        assert removed("marketplaces.Order") == had - Order.unfenced.count(), died
    assert died * STRIDE > 100  # it was killed all along its way
    assert nothing_overdue(LATER) == []
    assert not Order.unfenced.exists()
    for holding, rows in (
        ("marketplaces.Order", had),
        ("marketplaces.OrderItem", 2 * had),
    ):
        assert removed(holding) == told(holding) == rows
    assert Purge.objects.filter(broken_off=True).exists()
    assert not Purge.objects.filter(ended_at=None).exists()
    assert verify().is_whole


def test_of_two_at_once_one_works_and_the_other_says_so(
    two: tuple[Lived, Lived],
) -> None:
    had = Order.unfenced.count()
    connections.close_all()
    both = [os.fork() or _once() for _ in range(2)]
    ends = {os.WEXITSTATUS(os.waitpid(one, 0)[1]) for one in both}
    assert ends <= {_DONE, _OCCUPIED}
    assert _DONE in ends
    assert not Order.unfenced.exists()
    assert removed("marketplaces.Order") == told("marketplaces.Order") == had
    assert verify().is_whole


_DONE, _OCCUPIED = 0, 3


def _once() -> int:
    ended = 1
    try:
        ended = _DONE if purged() else 1
    except Occupied:
        ended = _OCCUPIED
    finally:
        os._exit(ended)
