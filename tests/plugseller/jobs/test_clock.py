"""A clock that was ahead keeps no job from running, and is told of (edge case 19)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from plugseller.audit.models import Entry
from plugseller.jobs import health
from plugseller.jobs.models import Beat
from plugseller.jobs.timetable import run_due
from plugseller.shelves import Periodic
from tests.plugseller.jobs.test_timetable import empty_shelf, put

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shelf(monkeypatch: Any) -> dict[str, Periodic]:
    """A timetable with nothing on it."""
    return empty_shelf(monkeypatch)


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=4000)])
def test_after_a_clock_is_set_back_each_job_runs_at_once_and_then_as_ever(
    shelf: dict[str, Periodic], ahead: timedelta
) -> None:
    now = timezone.now()
    ran: list[datetime] = []
    put(shelf, "a", ran.append)
    put(shelf, "bad", lambda now: 1 / 0)
    run_due(now + ahead)
    assert health.of_clock(now) == ""
    ran.clear()
    for minute in range(62):
        run_due(now + minute * MINUTE)
    assert ran == [now, now + 60 * MINUTE]
    assert Entry.objects.filter(event="clock.set_back").count() == 1
    assert "set back" in health.of_clock(timezone.now())
    assert health.of_clock(timezone.now() + timedelta(days=2)) == ""


def test_clocks_of_machines_may_differ_a_little(shelf: dict[str, Periodic]) -> None:
    now = timezone.now()
    ran: list[datetime] = []
    put(shelf, "a", ran.append)
    run_due(now + 4 * MINUTE)
    run_due(now)
    assert ran == [now + 4 * MINUTE]
    assert not Entry.objects.filter(event="clock.set_back").exists()


def test_a_job_known_since_the_future_is_due_now(shelf: dict[str, Periodic]) -> None:
    now = timezone.now()
    ran: list[datetime] = []
    put(shelf, "a", ran.append)
    Beat.objects.create(name="a", known_at=now + timedelta(days=9))
    run_due(now)
    assert ran == [now]
