"""Each run has a heartbeat, a lock, a limit and a history, however it ends."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from plugseller.jobs import leases, running
from plugseller.jobs.models import Beat, Lease, Run
from plugseller.jobs.running import OutOfTime, alive, begin, end, go_on
from plugseller.jobs.timetable import make_known, run_due
from plugseller.shelves import Periodic
from tests.plugseller.jobs.test_timetable import empty_shelf, put

pytestmark = pytest.mark.django_db
Outcome = Run.Outcome
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shelf(monkeypatch: Any) -> dict[str, Periodic]:
    """A timetable with nothing on it."""
    return empty_shelf(monkeypatch)


def begun(shelf: dict[str, Periodic], now: datetime) -> running.Running:
    """A run of "a" that a worker has just begun."""
    put(shelf, "a", lambda now: None)
    make_known(now)
    made = begin(shelf["a"], now=now)
    assert made is not None
    return made


def left_by_a_dead_worker() -> None:
    """As if its process were gone: the same machine, a number that isn't used."""
    Lease.objects.update(holder=f"{Lease.objects.get().holder}0")


def test_a_run_is_told_with_what_it_counted(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    put(shelf, "a", lambda now: 7)
    run_due(now)
    run = Run.objects.get()
    assert (run.name, run.outcome, run.rows) == ("a", Outcome.DONE, 7)
    assert run.started_at == now
    assert run.ended_at is not None
    assert Beat.objects.get(name="a").ran_at == now


def test_an_error_is_told_by_its_kind_and_nothing_else(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    def work(now: datetime) -> None:
        raise ValueError("alice@example.test")

    put(shelf, "a", work)
    run_due(now)
    run = Run.objects.get()
    assert (run.outcome, run.note) == (Outcome.FAILED, "ValueError")


def test_a_run_whose_process_was_killed_is_closed_by_the_next_tick(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    begun(shelf, now)
    left_by_a_dead_worker()
    run_due(now + MINUTE)
    assert [run.outcome for run in Run.objects.all()] == [Outcome.DIED]
    assert Beat.objects.get(name="a").failures == 1
    run_due(now + 2 * MINUTE)
    assert [run.outcome for run in Run.objects.all()] == [Outcome.DONE, Outcome.DIED]
    assert Beat.objects.get(name="a").failures == 0


def test_a_living_run_is_left_alone_until_its_limit_and_then_taken_over(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    hanging = begun(shelf, now)
    limit = shelf["a"].limit
    assert [r.outcome for r in run_due(now + limit - MINUTE)] == ["busy elsewhere"]
    run_due(now + limit + MINUTE)
    run = Run.objects.get(pk=hanging.run_id)
    assert run.outcome == Outcome.TIMED_OUT
    run_due(now + limit + 2 * MINUTE)
    end(hanging, Outcome.DONE, rows=9)  # it wakes up, and has no say any more
    assert Beat.objects.get(name="a").ran_at == now + limit + 2 * MINUTE
    assert [(r.outcome, r.rows) for r in Run.objects.all()] == [
        (Outcome.DONE, None),
        (Outcome.TIMED_OUT, None),
    ]


def test_the_lease_is_prolonged_by_the_heart_but_never_beyond_the_limit(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    shelf["a"] = Periodic("a", timedelta(hours=1), lambda now: None, 7 * MINUTE)
    make_known(now)
    made = begin(shelf["a"], now=now)
    assert made is not None
    assert Lease.objects.get().expires_at == now + leases.LIFE
    made._start -= 4 * 60
    made.beat()
    assert Lease.objects.get().expires_at == now + 7 * MINUTE
    assert Run.objects.get().beat_at - now >= 4 * MINUTE


@pytest.mark.django_db(transaction=True)
def test_a_heart_beats_beside_the_work(
    shelf: dict[str, Periodic], now: datetime, monkeypatch: Any
) -> None:
    monkeypatch.setattr(running, "BEAT_EVERY", timedelta(seconds=0.05))
    seen: set[datetime] = set()

    def work(now: datetime) -> None:
        until = time.monotonic() + 20
        while len(seen) < 3 and time.monotonic() < until:
            seen.add(Run.objects.get().beat_at)

    put(shelf, "a", work)
    assert [ran.outcome for ran in run_due(now)] == ["done"]
    assert len(seen) == 3


@pytest.mark.django_db(transaction=True)
def test_a_heart_that_lost_its_lease_tells_the_work(
    shelf: dict[str, Periodic], now: datetime, monkeypatch: Any
) -> None:
    monkeypatch.setattr(running, "BEAT_EVERY", timedelta(seconds=0.05))
    made = begun(shelf, now)
    Lease.objects.update(fence=99)
    with alive(made):
        until = time.monotonic() + 20
        while not made.lost and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(leases.LeaseLost):
            go_on()


def test_long_work_that_asks_stops_at_its_limit(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    steps = []

    def work(now: datetime) -> None:
        current = running._current.get()
        assert current is not None
        while True:
            go_on()
            steps.append(now)
            current._start -= 120  # each step takes two minutes

    put(shelf, "a", work)
    assert [(r.outcome, r.failed) for r in run_due(now)] == [("timed out", True)]
    assert len(steps) == 3  # at 0, 2 and 4 of 5 minutes
    assert Lease.objects.get().expires_at is None


def test_work_that_was_taken_over_finds_out_where_it_asks(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    made = begun(shelf, now)
    with alive(made):
        go_on()
        Lease.objects.update(fence=99)
        with pytest.raises(leases.LeaseLost):
            go_on()


def test_outside_of_a_run_nobody_is_stopped() -> None:
    go_on()
    with pytest.raises(OutOfTime):
        raise OutOfTime


def test_what_ends_the_process_is_noted_before_it_does(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    def work(now: datetime) -> None:
        raise KeyboardInterrupt

    put(shelf, "a", work)
    with pytest.raises(KeyboardInterrupt):
        run_due(now)
    run = Run.objects.get()
    assert (run.outcome, run.note) == (Outcome.DIED, "KeyboardInterrupt")


def test_a_piece_that_was_done_meanwhile_is_not_done_again(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    """Of two ticks that both saw it due, the second finds it done."""
    put(shelf, "a", lambda now: None)
    run_due(now)
    assert begin(shelf["a"], now=now) is None
    assert Lease.objects.get().expires_at is None
    assert Run.objects.count() == 1


def test_the_command_tells_how_jobs_stand_and_fails_for_those_that_need_somebody(
    shelf: dict[str, Periodic], capsys: Any
) -> None:
    put(shelf, "good", lambda now: 3)
    call_command("tick")
    call_command("jobs")
    assert "done" in capsys.readouterr().out
    put(shelf, "bad", lambda now: 1 / 0)
    with pytest.raises(SystemExit):
        call_command("tick")
    call_command("jobs")  # one failure isn't news yet
    assert "ZeroDivisionError" in capsys.readouterr().out
    Beat.objects.filter(name="bad").update(failures=3)
    with pytest.raises(SystemExit):
        call_command("jobs", "--json")
    told = capsys.readouterr().out
    assert '"failed": [\n    "bad"\n  ]' in told
    Beat.objects.filter(name="bad").delete()
    del shelf["bad"]
    made = Beat.objects.get(name="good")
    assert made.ran_at is not None
    early = made.ran_at - timedelta(hours=1, minutes=4)
    Beat.objects.filter(name="good").update(ran_at=early, tried_at=early)
    with pytest.raises(SystemExit):
        call_command("jobs")
    assert "overdue" in capsys.readouterr().out
