"""A clock that was ahead keeps no job from running; one that leaps destroys nothing."""

import io
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from plugseller.audit.models import Entry
from plugseller.jobs import clock, health, timetable
from plugseller.jobs.models import Beat, ClockReading
from plugseller.jobs.timetable import run_due
from plugseller.shelves import PERIODICALS, Periodic
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


DAY = timedelta(days=1)


class Machine:
    """A machine whose clock and whose seconds since its start are told to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
        self.now, self.ran_for, self.boot = now, 0.0, "first"
        monkeypatch.setattr(clock, "running", lambda: (self.boot, self.ran_for))

    def passes(self, time: timedelta) -> str:
        """Time goes by; whether the clock is believed then."""
        self.ran_for += time.total_seconds()
        return self.leaps(time)

    def leaps(self, time: timedelta) -> str:
        """The clock is set, and nothing else happens."""
        self.now += time
        return clock.why_in_doubt(self.now)

    def starts_again(self, after: timedelta) -> str:
        self.boot, self.ran_for = f"{self.boot} and again", 5.0
        return self.leaps(after)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(monkeypatch, timezone.now())
    assert made.passes(timedelta()) == ""
    return made


def forward() -> list[Any]:
    found = Entry.objects.filter(event="clock.set_forward").order_by("id")
    return [entry.additional_data for entry in found]


def test_time_that_passes_is_believed_however_long(machine: Machine) -> None:
    for passed in (MINUTE, 3 * DAY, 400 * DAY):
        assert machine.passes(passed) == ""
    assert forward() == []
    assert health.of_clock(machine.now) == ""


def test_a_small_leap_is_told_of_and_believed(machine: Machine) -> None:
    assert machine.leaps(6 * MINUTE) == ""
    assert forward() == [{"minutes": 6, "believed": True}]
    assert health.of_clock(timezone.now()) == ""  # a virtual machine was paused
    assert machine.passes(MINUTE) == ""
    assert len(forward()) == 1


def test_a_great_leap_is_in_doubt_until_the_clock_is_put_right(
    machine: Machine,
) -> None:
    assert "isn't believed" in machine.leaps(365 * DAY)
    assert "isn't believed" in machine.passes(MINUTE)
    assert forward() == [{"minutes": 365 * 24 * 60, "believed": False}]
    assert "confirm_clock" in health.of_clock(machine.now)
    assert machine.leaps(-365 * DAY) == ""
    assert "isn't believed" not in health.of_clock(machine.now)


def test_a_start_again_makes_no_leap_believed(machine: Machine) -> None:
    assert machine.leaps(365 * DAY)
    assert machine.starts_again(MINUTE)
    assert machine.passes(MINUTE)
    assert machine.leaps(-365 * DAY) == ""


def test_a_month_of_ticks_and_a_reboot_are_believed(machine: Machine) -> None:
    """No two ticks look equally late, and the network sets the clock back a little."""
    for number in range(30 * 24):
        assert machine.passes(timedelta(hours=1)) == ""
        late = timedelta(milliseconds=number * 7919 % 50)
        assert clock.why_in_doubt(machine.now - late) == ""
    assert machine.leaps(timedelta(seconds=-0.5)) == ""
    for _ in range(10):
        assert machine.passes(DAY) == ""
    assert machine.starts_again(2 * MINUTE) == ""
    assert forward() == []


def test_a_clock_may_be_put_right_by_a_start(machine: Machine) -> None:
    assert machine.leaps(40 * DAY)
    assert machine.starts_again(MINUTE)
    assert machine.starts_again(-40 * DAY) == ""
    assert health.of_clock(machine.now) == ""
    for _ in range(45):
        assert machine.passes(DAY) == ""
    assert health.of_clock(machine.now) == ""


def test_a_clock_put_right_later_leaves_no_doubt_of_earlier_starts(
    machine: Machine,
) -> None:
    assert machine.leaps(40 * DAY)
    assert machine.starts_again(MINUTE)
    assert machine.leaps(-40 * DAY) == ""
    assert ClockReading.objects.filter(doubted_at__isnull=False).count() == 0


def test_a_system_that_does_not_tell_how_long_it_runs_keeps_nobody_from_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(clock, "_BOOT", tmp_path / "unreadable")
    assert clock.why_in_doubt(timezone.now() + 4000 * DAY) == ""


@pytest.mark.parametrize(("days", "believed"), [(6, True), (8, False)])
def test_a_machine_that_stood_still(
    machine: Machine, days: int, believed: bool
) -> None:
    assert (machine.starts_again(days * DAY) == "") == believed


def test_a_machine_that_starts_with_a_clock_far_behind(machine: Machine) -> None:
    """Its battery is empty; then the time comes from the network."""
    assert machine.starts_again(-2000 * DAY) == ""
    assert machine.passes(MINUTE) == ""
    assert machine.leaps(2000 * DAY + 3 * MINUTE) == ""
    assert forward() == []
    assert machine.leaps(2 * DAY)


def test_somebody_says_that_the_clock_is_right(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.starts_again(30 * DAY)
    monkeypatch.setattr(timezone, "now", lambda: machine.now)
    out = io.StringIO()
    call_command("confirm_clock", stdout=out)
    assert f"{machine.now:%Y-%m-%d %H:%M} UTC" in out.getvalue()
    assert machine.passes(MINUTE) == ""
    assert health.of_clock(machine.now) == ""
    assert Entry.objects.filter(event="clock.confirmed").count() == 1


def test_nothing_is_destroyed_by_a_clock_in_doubt(
    shelf: dict[str, Periodic], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: machine.now)
    ran: list[str] = []
    for name, destroys in (("purge", True), ("mail", False)):
        work = partial(lambda name, now: ran.append(name), name)
        shelf[name] = Periodic(name, timedelta(hours=1), work, destroys=destroys)
    machine.leaps(40 * DAY)
    told = {piece.name: piece.outcome for piece in timetable.tick()}
    assert told == {"purge": "clock in doubt", "mail": "done"}
    assert ran == ["mail"]
    clock.confirm(machine.now)
    assert {piece.name for piece in timetable.tick() if piece.outcome == "done"} == {
        "purge"
    }


@pytest.mark.parametrize("command", ["purge_expired", "process_deletions"])
def test_no_command_destroys_by_a_clock_in_doubt(
    machine: Machine, command: str
) -> None:
    ClockReading.objects.update(read_at=machine.now - 40 * DAY)
    with pytest.raises(CommandError, match="confirm_clock"):
        call_command(command)


def test_what_destroys_by_the_clock_says_so() -> None:
    assert {name for name, piece in PERIODICALS.items() if piece.destroys} == {
        "backup.expire",
        "deletion.process",
        "deletion.unattended",
        "exports.expire",
        "keys.rotate",
        "retention.purge",
        "retention.purge_hourly",
        "reviews.silence",
    }
