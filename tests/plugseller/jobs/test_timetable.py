"""The timetable runs in every installation, by queue or cron, each piece once."""

from datetime import datetime, timedelta
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
from plugseller.jobs.timetable import run_due
from plugseller.shelves import Periodic

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(monkeypatch: Any) -> dict[str, Periodic]:
    """A timetable with nothing on it."""
    pieces: dict[str, Periodic] = {}
    monkeypatch.setattr("plugseller.jobs.timetable.PERIODICALS", pieces)
    return pieces


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
    assert {"mail.send", "mail.forget", "marketplaces.sync_due"} <= set(
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
    assert {p.outcome for p in run_due(now) if p.name == "bad"} == {"ZeroDivisionError"}


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
    assert leases.take("timetable a", now=now)
    assert [piece.outcome for piece in run_due(now)] == ["busy elsewhere"]
