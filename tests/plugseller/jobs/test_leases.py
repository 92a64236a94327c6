"""A lease is one worker's, and whoever writes on it finds out in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from plugseller.jobs import leases
from plugseller.jobs.models import Lease

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NAME = "sync:1"

pytestmark = pytest.mark.django_db


def taken(*, now: datetime = NOW) -> leases.Held:
    held = leases.take(NAME, now=now)
    assert held is not None
    return held


def keep(held: leases.Held, *, now: datetime) -> list[str]:
    """What the database was told."""
    with CaptureQueriesContext(connection) as told, transaction.atomic():
        leases.keep(held, now=now)
    return [query["sql"].split()[0] for query in told if "lease" in query["sql"]]


def test_a_lease_in_use_is_looked_at_and_prolonged_only_at_times() -> None:
    held = taken()
    assert keep(held, now=NOW + timedelta(seconds=59)) == ["SELECT"]
    later = NOW + timedelta(seconds=61)
    assert keep(held, now=later) == ["SELECT", "UPDATE"]
    assert Lease.objects.get().expires_at == later + leases.LIFE


def test_a_lease_that_ran_out_and_that_nobody_took_is_still_ours() -> None:
    held = taken()
    later = NOW + timedelta(days=1)
    keep(held, now=later)
    assert Lease.objects.get().expires_at == later + leases.LIFE


def test_the_next_holder_shuts_the_last_one_out() -> None:
    held = taken()
    Lease.objects.update(holder="elsewhere 1 1", expires_at=NOW)
    taken(now=NOW + timedelta(seconds=1))
    with pytest.raises(leases.LeaseLost):
        keep(held, now=NOW + timedelta(seconds=2))
    with pytest.raises(leases.LeaseLost):
        leases.renew(held, now=NOW + timedelta(seconds=2))


def test_a_dead_worker_of_this_machine_keeps_nobody_waiting() -> None:
    held = taken()
    Lease.objects.update(holder=f"{Lease.objects.get().holder}0")
    assert leases.take(NAME, now=NOW) == leases.Held(NAME, held.fence + 1)


def test_a_clock_that_was_put_back_shuts_nobody_out() -> None:
    """A worker of another machine died; then the clock jumped back by a day."""
    held = taken(now=NOW + timedelta(days=1))
    Lease.objects.update(holder="elsewhere 1 1")
    assert leases.take(NAME, now=NOW) == leases.Held(NAME, held.fence + 1)


@pytest.mark.skipif(
    not Path("/proc/self/ns/pid").exists(), reason="only Linux parts processes so"
)
def test_a_worker_of_another_container_is_not_taken_for_dead() -> None:
    taken()
    mine = Lease.objects.get().holder
    here = str(Path("/proc/self/ns/pid").readlink())
    assert here in mine
    Lease.objects.update(holder=mine.replace(here, "pid:[1]") + "0")
    assert leases.take(NAME, now=NOW + leases.LIFE / 2) is None
    assert leases.take(NAME, now=NOW + leases.LIFE) is not None


def test_a_lease_given_back_is_nobodys() -> None:
    held = taken()
    leases.give_back(held)
    with pytest.raises(leases.LeaseLost):
        keep(held, now=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor == 'sqlite'", reason="SQLite has one writer at a time anyway"
)
def test_nobody_takes_the_lease_before_the_transaction_ends() -> None:
    held = taken()
    with transaction.atomic():
        leases.keep(held, now=NOW)
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT 1 FROM jobs_lease FOR UPDATE SKIP LOCKED")
                assert cursor.fetchall() == []
        finally:
            other.close()
