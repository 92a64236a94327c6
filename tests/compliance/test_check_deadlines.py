"""`check_deadlines` fails when a promise is late, and when nobody can have heard."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from compliance import clocks
from compliance.checking import check_clocks
from compliance.clocks import Deadline, Duty
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs.models import OutgoingMail
from tests.conftest import Cast

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _duty() -> Iterator[None]:
    def tell(deadline: Deadline, now: datetime) -> list[OutgoingMail]:
        return tell_officers(subject=deadline.label, text="", now=now)

    duty = Duty("test.watched", "Watched", 30 * DAY, warns=(10 * DAY,))
    clocks.duty(duty, on_warning=tell, on_overdue=tell)
    yield
    clocks._duties.pop(duty.name)


def started(days_ago: float) -> Deadline:
    return clocks.start(
        "test.watched",
        uuid4(),
        label="DEL-ABCD-EFGH",
        now=datetime.now(UTC) - days_ago * DAY,
    )


def status(capsys: Any) -> tuple[int, str]:
    try:
        call_command("check_deadlines")
    except SystemExit as ended:
        return int(str(ended.code)), capsys.readouterr().out
    return 0, capsys.readouterr().out


def test_a_clock_in_time_is_shown(capsys: Any) -> None:
    started(1)
    code, shown = status(capsys)
    assert code == 0
    assert "DEL-ABCD-EFGH" in shown
    assert "in time" in shown


def test_an_overdue_one_fails(cast: Cast, capsys: Any) -> None:
    started(30.01)
    clocks.run_due(datetime.now(UTC))
    code, shown = status(capsys)
    assert code == 1
    assert "overdue" in shown


def test_a_warning_that_is_out_is_no_trouble(cast: Cast, capsys: Any) -> None:
    started(21)
    clocks.run_due(datetime.now(UTC))
    assert status(capsys)[0] == 0


@pytest.mark.parametrize("state", ["queued", "failed"])
def test_a_warning_that_no_server_takes_fails(
    cast: Cast, capsys: Any, state: str
) -> None:
    started(21)
    clocks.run_due(datetime.now(UTC))
    OutgoingMail.objects.update(trouble="SMTPException", state=state, attempts=1)
    code, shown = status(capsys)
    assert code == 1
    assert "didn't leave" in shown


def test_jobs_that_sleep_are_found_out(cast: Cast, capsys: Any) -> None:
    started(21)
    code, shown = status(capsys)
    assert code == 1
    assert "do the jobs run?" in shown


def test_a_duty_nobody_knows_any_more_is_trouble() -> None:
    clock = started(1)
    Deadline.objects.filter(pk=clock.pk).update(duty="gone")
    [found] = check_clocks(datetime.now(UTC))
    assert found.is_wrong
