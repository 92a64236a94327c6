"""INC-3: a dead tick isn't the end of it. Web processes do what can't wait."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from compliance.incidents.casework import Notice
from compliance.incidents.services.selfsending import watch
from plugseller.jobs import standin
from plugseller.jobs.health import of_jobs
from plugseller.jobs.models import Beat, OutgoingMail, Run
from plugseller.jobs.timetable import beats, make_known, silent_since, stand_in
from plugseller.shelves import PERIODICALS
from tests.compliance.incidents.cases import duty_of, notices_to, opened
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
DRILL, HOUR, MINUTE = "drill@localhost", timedelta(hours=1), timedelta(minutes=1)


def last_tick(at: datetime) -> None:
    Beat.objects.all().delete()
    make_known(at)
    Beat.objects.update(tried_at=at, ran_at=at)


@pytest.fixture
def web(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A web process that has just started and looks at its first request."""
    settings.INCIDENT_DRILL_ADDRESS = DRILL
    settings.MIDDLEWARE = ["plugseller.jobs.standin.StandIn", *settings.MIDDLEWARE]
    monkeypatch.setattr(standin, "_looked_at", float("-inf"))
    yield Client()
    wait_for_it()


def wait_for_it() -> None:
    for thread in threading.enumerate():
        if thread.name == "stand-in":
            thread.join()


def test_the_next_request_sends_what_a_dead_tick_left_owed(
    cast: Cast, web: Client, caplog: pytest.LogCaptureFixture
) -> None:
    now = timezone.now()
    late = opened(cast.carl, now, detected_at=now - 30 * HOUR)
    opened(cast.carl, now, detected_at=now - HOUR)  # nothing is owed of this one yet
    last_tick(now - 10 * HOUR)
    web.get("/healthz")
    wait_for_it()
    notice = Notice.objects.get()
    assert notice.went_by_itself
    assert notice.duty.incident == late
    assert len(notices_to(DRILL)) == 1
    mail = OutgoingMail.objects.get(urgent=True)
    assert mail.state == OutgoingMail.State.ACCEPTED
    assert "CRITICAL" in {one.levelname for one in caplog.records}
    # What the mail server said is seen at the next look, and late is shown as late.
    watch(timezone.now())
    duty = duty_of(late)
    assert duty.met_at
    assert duty.was_late
    page = signed_in(cast.carl).get(f"/admin/compliance/incident/{late.pk}/change/")
    assert "told late" in page.text


def test_nothing_is_done_while_somebody_ticks(cast: Cast, web: Client) -> None:
    now = timezone.now()
    opened(cast.carl, now, detected_at=now - 23 * HOUR)
    last_tick(now)
    web.get("/healthz")
    wait_for_it()
    assert not Notice.objects.exists()
    assert not Run.objects.exists()


def test_a_process_looks_once_a_minute(cast: Cast, web: Client) -> None:
    last_tick(timezone.now())
    web.get("/healthz")
    last_tick(timezone.now() - HOUR)
    web.get("/healthz")
    assert not Run.objects.exists()
    standin._looked_at = time.monotonic() - standin.EVERY
    web.get("/healthz")
    wait_for_it()
    assert Run.objects.exists()


def test_many_processes_send_one_notice(cast: Cast, settings: Any) -> None:
    settings.INCIDENT_DRILL_ADDRESS = DRILL
    now = timezone.now()
    opened(cast.carl, now, detected_at=now - 23 * HOUR)
    last_tick(now - HOUR)
    together, wrong = Barrier(4), []

    def process() -> None:
        together.wait()
        try:
            stand_in(now)
        except Exception as error:  # told to the test, which fails on it
            wrong.append(error)
        finally:
            connections.close_all()

    processes = [Thread(target=process) for _ in range(4)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    assert wrong == []
    assert Notice.objects.count() == len(notices_to(DRILL)) == 1


def test_only_what_can_not_wait_is_done_and_it_is_no_sign_of_life(
    cast: Cast, now: datetime
) -> None:
    last_tick(now)
    # The tick of a moment ago isn't missed.
    assert silent_since(beats(), now + 3 * MINUTE) is None
    at = now + 20 * MINUTE
    assert {one.name for one in stand_in(at)} == {
        "mail.send",
        "deadlines.run",
        "incidents.notices",
    }
    assert silent_since(beats(), at) == now
    told = of_jobs(at)
    assert told.startswith("Nobody ticks since 2026-11-24 12:00 UTC")
    assert "mail.send" not in told
    assert "incidents.detection" in told


def test_a_database_that_is_away_is_no_reason_to_fail_a_page(
    web: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError, connection

    def away(*args: Any) -> Any:
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        assert web.get("/security.txt").status_code in (200, 301, 302, 404)
        assert standin._looked_at > float("-inf")


def test_each_that_can_not_wait_is_on_the_timetable() -> None:
    urgent = [name for name, piece in PERIODICALS.items() if piece.cant_wait]
    assert urgent[0] == "mail.send"  # posted by the others, so it comes last
