"""A job that hasn't run when due is late after three ticks, and not before."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from plugseller.jobs import leases
from plugseller.jobs.health import of_jobs
from plugseller.jobs.models import Beat
from plugseller.jobs.running import begin
from plugseller.jobs.timetable import beats, make_known, run_due, silent_since
from plugseller.shelves import Periodic
from tests.plugseller.jobs.test_timetable import empty_shelf, put

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)
SILENT = (
    "Nobody ticks since 2026-11-24 12:00 UTC: neither cron's tick nor a worker is at "
    "work. Web processes do only what can't wait."
)


@pytest.fixture
def shelf(monkeypatch: Any) -> dict[str, Periodic]:
    """A timetable with one hourly job on it."""
    made = empty_shelf(monkeypatch)
    put(made, "a", lambda now: None)
    return made


def test_nothing_ticks(shelf: dict[str, Periodic], now: datetime) -> None:
    run_due(now)
    assert of_jobs(now + HOUR + 3 * MINUTE) == ""
    assert of_jobs(now + HOUR + 3 * MINUTE + SECOND) == f"{SILENT} Overdue: a."


def test_nothing_ever_ticked(shelf: dict[str, Periodic], now: datetime) -> None:
    make_known(now)
    assert of_jobs(now + 3 * MINUTE) == ""
    assert of_jobs(now + 3 * MINUTE + SECOND) == f"{SILENT} Overdue: a."


def test_one_at_work_is_late_when_its_limit_is_over(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    make_known(now)
    assert begin(shelf["a"], now=now)
    limit = shelf["a"].limit
    assert of_jobs(now + limit + 3 * MINUTE) == ""
    assert of_jobs(now + limit + 3 * MINUTE + SECOND) == f"{SILENT} Overdue: a."


def test_one_that_fails_and_fails_is_late_as_well(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    put(shelf, "a", lambda now: 1 / 0)
    for minute in range(9):
        run_due(now + minute * MINUTE)
    assert of_jobs(now + 9 * MINUTE) == "Overdue: a."
    Beat.objects.update(ran_at=now + 9 * MINUTE, failures=0)
    assert of_jobs(now + 9 * MINUTE) == ""


def test_a_long_run_that_gives_signs_of_life_is_no_silence(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    """One tick is at it, and comes to what is overdue when that has ended."""
    shelf["long"] = Periodic("long", HOUR, lambda now: None, limit=HOUR)
    make_known(now)
    running = begin(shelf["long"], now=now)
    assert running
    assert silent_since(beats(), now + 10 * MINUTE) == now
    running._start -= 9 * 60  # its heart beats nine minutes later
    running.beat()
    assert of_jobs(now + 10 * MINUTE) == "Overdue: a."
    assert silent_since(beats(), now + 20 * MINUTE)  # it died


def test_a_worker_that_is_busy_with_the_queue_is_no_silence(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    make_known(now)
    for name in ("outbox", "timetable a"):  # web processes hold these as well
        leases.take(name, now=now + 8 * MINUTE)
    assert silent_since(beats(), now + 10 * MINUTE) == now
    sync = leases.take("sync:1", now=now + 8 * MINUTE)
    assert sync
    assert of_jobs(now + 10 * MINUTE) == "Overdue: a."
    assert silent_since(beats(), now + 12 * MINUTE) == now  # it stands still
    leases.renew(sync, now=now + 15 * MINUTE)
    assert silent_since(beats(), now + 15 * MINUTE) is None
    assert silent_since(beats(), now + 15 * MINUTE + SECOND) == now  # no job takes that
