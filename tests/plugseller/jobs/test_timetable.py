"""The timetable runs in every installation, by queue or cron, each piece once."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task

from plugseller import shelves
from plugseller.jobs import leases
from plugseller.jobs.apps import put_timetable_into_queue
from plugseller.jobs.models import Beat
from plugseller.jobs.timetable import BEGINS_WITHIN, make_known, run_due
from plugseller.shelves import Periodic

pytestmark = pytest.mark.django_db


def empty_shelf(monkeypatch: Any) -> dict[str, Periodic]:
    pieces: dict[str, Periodic] = {}
    for room in ("timetable", "overview", "health"):
        monkeypatch.setattr(f"plugseller.jobs.{room}.PERIODICALS", pieces)
    return pieces


@pytest.fixture
def shelf(monkeypatch: Any) -> dict[str, Periodic]:
    """A timetable with nothing on it."""
    return empty_shelf(monkeypatch)


def put(shelf: dict[str, Periodic], name: str, work: Any) -> None:
    shelf[name] = Periodic(name, timedelta(hours=1), work)


def test_a_migrated_installation_ticks_by_itself() -> None:
    Schedule.objects.all().delete()
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
    job = Schedule.objects.get(name="tick")
    assert (job.func, job.minutes) == ("plugseller.jobs.jobs.tick", 1)


def test_no_queue_table_is_no_reason_to_fail(monkeypatch: Any) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)
    Schedule.objects.all().delete()
    put_timetable_into_queue(using="default", sender=apps.get_app_config("jobs"))
    assert not Schedule.objects.exists()


def test_every_app_put_its_work_on_the_timetable() -> None:
    assert {"mail.send", "retention.purge", "marketplaces.sync_due"} <= set(
        shelves.PERIODICALS
    )


def test_work_runs_when_it_is_due_and_not_before(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    ran: list[datetime] = []
    put(shelf, "a", ran.append)
    for minutes in (0, 1, 59, 60, 61):
        run_due(now + timedelta(minutes=minutes))
    assert ran == [now, now + timedelta(hours=1)]


def test_a_clock_that_was_put_back_keeps_nothing_waiting(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    """Until it has caught up; and a host that is slow by seconds repeats nothing."""
    ran: list[datetime] = []
    put(shelf, "good", ran.append)
    put(shelf, "bad", lambda now: 1 / 0)
    run_due(now + timedelta(days=1))
    for minutes in (0, 1, -1, 2):
        run_due(now + timedelta(minutes=minutes))
    assert ran == [now + timedelta(days=1), now]
    assert Beat.objects.get(name="bad").failures == 3  # minutes -1 day, 0 and 2


def test_a_piece_that_fails_is_told_and_tried_again_and_stops_no_other(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    ran: list[datetime] = []
    put(shelf, "bad", lambda now: 1 / 0)
    put(shelf, "good", ran.append)
    first = {piece.name: piece for piece in run_due(now)}
    assert first["bad"].failed
    assert not first["good"].failed
    assert ran == [now]
    assert Beat.objects.get(name="bad").failed_at == now
    assert {p.outcome for p in run_due(now) if p.name == "bad"} == {"not due"}
    soon = now + timedelta(minutes=1)
    assert {p.outcome for p in run_due(soon)} == {"ZeroDivisionError", "not due"}


def test_a_piece_that_goes_on_failing_is_tried_ever_more_seldom(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    tried = []

    def work(at: datetime) -> None:
        tried.append(at)
        raise OSError

    put(shelf, "bad", work)
    for minute in range(200):
        run_due(now + timedelta(minutes=minute))
    waits = [(b - a).total_seconds() // 60 for a, b in pairwise(tried)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_was_tried_longest_ago_comes_first(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    """So a piece that kills each process that runs it keeps no other from running."""
    order: list[str] = []
    for name in ("a", "b", "c"):
        put(shelf, name, lambda now, name=name: order.append(name))
    make_known(now)
    for minutes, name in enumerate(("b", "c", "a")):
        Beat.objects.filter(name=name).update(
            tried_at=now - timedelta(minutes=9 - minutes)
        )
    run_due(now)
    assert order == ["b", "c", "a"]


def test_a_tick_that_took_long_begins_nothing_new(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    put(shelf, "a", lambda now: None)
    assert [ran.outcome for ran in run_due(now, at_most=timedelta(0))] == ["put off"]
    assert [ran.outcome for ran in run_due(now)] == ["done"]


def test_a_tick_ends_before_the_queue_would_end_it(settings: Any) -> None:
    longest = max(piece.limit for piece in shelves.PERIODICALS.values())
    queue = timedelta(seconds=settings.Q_CLUSTER["timeout"])
    assert BEGINS_WITHIN + longest < queue


def test_without_workers_the_tick_does_what_was_queued(
    settings: Any, shelf: dict[str, Periodic], capsys: Any
) -> None:
    async_task("plugseller.jobs.outbox.send_now", str(uuid4()))
    async_task("plugseller.jobs.outbox.send_now", "no id at all")
    settings.JOB_WORKERS = 2
    call_command("tick")
    assert OrmQ.objects.count() == 2  # the workers' own
    settings.JOB_WORKERS = 0
    with pytest.raises(SystemExit):  # one of them failed, and stopped nothing
        call_command("tick")
    assert not OrmQ.objects.exists()
    assert "ValueError" in capsys.readouterr().out


def test_migrating_makes_the_shared_cache() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE shared_cache")
    call_command("migrate", verbosity=0)
    cache.set("kept", 1)
    assert cache.get("kept") == 1


def test_a_piece_at_work_elsewhere_is_left_alone(
    shelf: dict[str, Periodic], now: datetime
) -> None:
    put(shelf, "a", lambda now: 1 / 0)
    make_known(now)
    assert leases.take("timetable a", now=now)
    assert [piece.outcome for piece in run_due(now)] == ["busy elsewhere"]
