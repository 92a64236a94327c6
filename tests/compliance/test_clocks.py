"""Clocks end when they were started plus their time, warn once, and never sleep."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from compliance import clocks
from compliance.clocks import Deadline, Duty, due_after
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from tests.conftest import Cast

DAY = timedelta(days=1)
PROMISE = Duty(
    "test.promise",
    "A promise of the tests",
    timedelta(days=30),
    warns=tuple(timedelta(days=days) for days in (10, 5, 2, 1)),
    acts=1.5 * DAY,
)
SUBJECT = UUID("6f1a0000-0000-4000-8000-000000000001")


@pytest.fixture
def taken() -> Iterator[list[str]]:
    """The steps that were taken, with a duty on the shelf that only notes them."""
    steps: list[str] = []
    clocks.duty(
        PROMISE,
        on_warning=lambda deadline, now: steps.append(f"warned {deadline.warned}"),
        on_overdue=lambda deadline, now: steps.append("escalated"),
        act=lambda deadline, now: steps.append("acted"),
    )
    yield steps
    clocks._duties.pop(PROMISE.name)


def started(now: datetime, subject: UUID = SUBJECT, **more: Any) -> Deadline:
    return clocks.start(PROMISE.name, subject, label="Something", now=now, **more)


class TestLadder:
    pytestmark = pytest.mark.django_db

    def test_each_step_is_taken_once_in_its_order(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        for hours in range(0, 32 * 24, 6):
            clocks.run_due(now + timedelta(hours=hours))
        assert taken == [
            "warned 1",
            "warned 2",
            "warned 3",
            "acted",
            "warned 4",
            "escalated",
        ]

    def test_of_steps_a_jump_left_out_only_the_newest_is_told(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        clocks.run_due(now + 28 * DAY)
        clocks.run_due(now + 28 * DAY)
        assert taken == ["warned 3"]

    def test_after_a_jump_over_all_of_it_only_the_escalation_is_told(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        clocks.run_due(now + 400 * DAY)
        clocks.run_due(now + 401 * DAY)
        assert taken == ["acted", "escalated"]

    def test_a_clock_that_jumps_back_takes_no_step_again(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        clocks.run_due(now + 26 * DAY)
        clocks.run_due(now + 2 * DAY)
        clocks.run_due(now + 26 * DAY)
        assert taken == ["warned 2"]

    def test_nothing_is_told_of_what_is_done_or_no_longer_owed(
        self, taken: list[str], now: datetime
    ) -> None:
        other = uuid4()
        started(now)
        started(now, other)
        assert clocks.met(PROMISE.name, SUBJECT, now=now + DAY)
        assert clocks.drop(PROMISE.name, other, now=now + DAY)
        clocks.run_due(now + 40 * DAY)
        assert taken == []
        assert not clocks.overdue(now + 40 * DAY)
        assert not clocks.running()

    def test_an_act_that_ends_the_clock_is_followed_by_nothing(
        self, taken: list[str], now: datetime
    ) -> None:
        def done(deadline: Deadline, now: datetime) -> None:
            clocks.met(deadline.duty, deadline.subject_id, now=now)

        clocks._duties[PROMISE.name] = clocks.Handled(
            PROMISE, lambda *_: taken.append("warned"), lambda *_: None, done, None
        )
        started(now)
        clocks.run_due(now + 40 * DAY)
        assert taken == []

    def test_a_step_that_fails_is_tried_again_and_stops_no_other(
        self, taken: list[str], now: datetime
    ) -> None:
        def fails_once(deadline: Deadline, now: datetime) -> None:
            taken.append(f"tried {deadline.label}")
            if deadline.label == "Bad" and len(taken) == 1:
                raise RuntimeError

        clocks._duties[PROMISE.name] = clocks.Handled(
            PROMISE, fails_once, fails_once, None, None
        )
        clocks.start(PROMISE.name, uuid4(), label="Bad", now=now - DAY)
        clocks.start(PROMISE.name, uuid4(), label="Good", now=now)
        with pytest.raises(ExceptionGroup):
            clocks.run_due(now + 20 * DAY)
        clocks.run_due(now + 20 * DAY)
        assert taken == ["tried Bad", "tried Good", "tried Bad"]

    def test_each_step_is_in_the_log(self, taken: list[str], now: datetime) -> None:
        started(now)
        clocks.run_due(now + 20 * DAY)
        clocks.run_due(now + 30 * DAY)
        names = ["deadline.warned", "deadline.acted", "deadline.missed"]
        found = Entry.objects.filter(event__in=names).order_by("id")
        assert [entry.event for entry in found] == names
        assert clocks.running().get().escalated_at == now + 30 * DAY

    def test_every_officer_gets_the_mail(self, cast: Cast, now: datetime) -> None:
        mails = tell_officers(subject="Look", text="Now", now=now)
        assert [mail.owner for mail in mails] == [cast.carl.pk]


class TestStarting:
    pytestmark = pytest.mark.django_db

    def test_a_clock_that_runs_keeps_its_end(
        self, taken: list[str], now: datetime
    ) -> None:
        first = started(now)
        again = started(now + 5 * DAY)
        assert again.pk == first.pk
        assert again.due_at == now + 30 * DAY

    def test_it_may_end_earlier_and_never_later(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        assert started(now, due_at=now + 7 * DAY).due_at == now + 7 * DAY
        assert started(now, due_at=now + 9 * DAY).due_at == now + 7 * DAY

    def test_what_ended_stays_on_record_beside_the_next(
        self, taken: list[str], now: datetime
    ) -> None:
        started(now)
        clocks.met(PROMISE.name, SUBJECT, now=now + 31 * DAY)
        started(now + 31 * DAY)
        newer, older = Deadline.objects.order_by("-started_at")
        assert newer.is_running
        assert older.was_late

    def test_a_duty_without_a_length_needs_an_end(self, now: datetime) -> None:
        dated = Duty("test.dated", "Dated", None, warns=())
        clocks.duty(dated, on_warning=lambda *_: None, on_overdue=lambda *_: None)
        try:
            with pytest.raises(ValueError, match="due_at"):
                clocks.start("test.dated", SUBJECT, label="x", now=now)
        finally:
            clocks._duties.pop("test.dated")

    def test_a_ladder_is_written_from_the_top(self) -> None:
        mixed = Duty("test.mixed", "Mixed", None, warns=(DAY, 2 * DAY))
        with pytest.raises(ValueError, match="earliest"):
            clocks.duty(mixed, on_warning=lambda *_: None, on_overdue=lambda *_: None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_a_step_once(taken: list[str], now: datetime) -> None:
    subjects = [uuid4() for _ in range(10)]
    for subject in subjects:
        started(now, subject)
    together = Barrier(2)
    counts: list[int] = []

    def work() -> None:
        together.wait()
        counts.append(clocks.run_due(now + 20 * DAY))
        connections.close_all()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == len(subjects)
    assert taken == ["warned 1"] * len(subjects)


def test_a_time_without_a_zone_starts_nothing() -> None:
    with pytest.raises(ValueError, match="zone"):
        due_after(datetime(2026, 1, 1), DAY)  # noqa: DTZ001  what is refused


ZONES = [
    "Europe/Istanbul",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Africa/Casablanca",
    "UTC",
]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2126, 1, 1)),  # noqa: DTZ001  zones come below
    st.sampled_from(ZONES),
    st.integers(0, 1),
)
@settings(max_examples=10_000, deadline=None)
def test_due_is_thirty_times_a_day_of_seconds_later(
    wall: datetime, zone: str, fold: int
) -> None:
    """Over 100 years: leap days, both changes of the clock, and every zone."""
    received = wall.replace(tzinfo=ZoneInfo(zone), fold=fold)
    due = due_after(received, 30 * DAY)
    assert due - received == timedelta(
        seconds=30 * 86_400
    )  # between two zones: elapsed
    assert due.utcoffset() == timedelta()


@pytest.mark.parametrize(
    ("received", "due"),
    [
        # 29 February lies between
        ("2028-02-10T12:00:00+00:00", "2028-03-11T12:00:00+00:00"),
        # the last second of a day, of a year, in a zone far ahead
        ("2026-12-31T23:59:59+14:00", "2027-01-30T09:59:59+00:00"),
        # a summer time that begins in between takes no hour off
        ("2026-03-15T23:59:59+01:00", "2026-04-14T22:59:59+00:00"),
    ],
)
def test_due_on_days_people_get_wrong(received: str, due: str) -> None:
    begun = datetime.fromisoformat(received)
    assert due_after(begun, 30 * DAY) == datetime.fromisoformat(due)


class TestNeverLater(TestCase):
    """Whatever is asked in whatever order, a clock that runs never moves later."""

    @given(st.lists(st.integers(-40 * 86_400, 40 * 86_400), min_size=1, max_size=6))
    @settings(max_examples=60, deadline=None)
    def test_an_end_only_ever_comes_nearer(self, seconds: list[int]) -> None:
        now = datetime(2028, 2, 29, 23, 59, 59, tzinfo=timezone(timedelta(hours=3)))
        clocks._duties[PROMISE.name] = clocks.Handled(
            PROMISE, lambda *_: None, lambda *_: None, None, None
        )
        subject, nearest = uuid4(), now + 30 * DAY
        started(now, subject)
        for offset in seconds:
            asked = nearest + timedelta(seconds=offset)
            due = started(now, subject, due_at=asked).due_at
            nearest = min(nearest, asked)
            assert due == nearest.astimezone(UTC)
        clocks._duties.pop(PROMISE.name)


@pytest.mark.django_db
def test_cron_alone_takes_the_steps(taken: list[str], capsys: Any) -> None:
    """`manage.py tick`, and no worker anywhere."""
    started(datetime.now(UTC) - 20 * DAY)
    with suppress(SystemExit):  # other pieces look at files that outlive a test
        call_command("tick")
    assert taken == ["warned 1"]
    assert "deadlines.run" in capsys.readouterr().out


@pytest.mark.django_db
def test_mails_of_a_warning_are_known(cast: Cast, now: datetime) -> None:
    def warn(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
        return tell_officers(subject=deadline.label, text="", now=now)

    clocks.duty(PROMISE, on_warning=warn, on_overdue=warn)
    try:
        deadline = started(now)
        clocks.run_due(now + 20 * DAY)
        deadline.refresh_from_db()
        assert deadline.mails == [str(OutgoingMail.objects.get().pk)]
    finally:
        clocks._duties.pop(PROMISE.name)
