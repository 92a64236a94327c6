"""INC-2: “We notify affected sellers and the marketplace of a security incident
concerning their data.”"""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from compliance import clocks
from compliance.clocks import Deadline, Duty, Handled
from tests.conftest import NOW
from tests.promise.controls import fails, passes

pytestmark = pytest.mark.django_db
CONTROL = "inc-2.notices"
DUTY = "notice.sellers"
DAY = timedelta(days=1)


def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the clocks that the incidents' room has on the shelf."""
    for name in [name for name in clocks.DUTIES if "notice" in name]:
        monkeypatch.delitem(clocks._duties, name)


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """One notice's clock."""
    nobodys(monkeypatch)
    what = Duty(DUTY, "Notice", lasts=timedelta(hours=24), warns=())
    handled = Handled(what, nothing, nothing, nothing, None)
    monkeypatch.setitem(clocks._duties, DUTY, handled)


def nothing(deadline: Deadline, now: datetime) -> None:
    """No step of this clock does anything."""


def test_without_a_clock_nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    nobodys(monkeypatch)
    assert fails(CONTROL, NOW)


@pytest.mark.usefixtures("_clock")
def test_a_notice_that_did_not_leave_in_time_breaks_it() -> None:
    incident = uuid4()
    clocks.start(DUTY, incident, label="INC-2026-001", now=NOW)
    assert passes(CONTROL, NOW)
    assert fails(CONTROL, NOW + DAY)
    clocks.met(DUTY, incident, now=NOW + DAY)
    assert passes(CONTROL, NOW + DAY)
