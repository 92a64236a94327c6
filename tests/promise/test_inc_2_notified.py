"""INC-2: “We notify affected sellers and the marketplace of a security incident
concerning their data.”"""

from datetime import timedelta
from uuid import uuid4

import pytest

from compliance import clocks
from tests.conftest import NOW
from tests.promise.controls import fails, passes, without_notices

pytestmark = pytest.mark.django_db
CONTROL = "inc-2.notices"
DUTY = "notice sellers"
DAY = timedelta(days=1)


def test_without_a_clock_nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    without_notices(monkeypatch)
    assert fails(CONTROL, NOW)


def test_a_notice_that_did_not_leave_in_time_breaks_it() -> None:
    incident = uuid4()
    due = NOW + DAY
    clocks.start(DUTY, incident, label="INC-2026-001", now=NOW, due_at=due)
    assert passes(CONTROL, NOW)
    assert fails(CONTROL, NOW + DAY)
    clocks.met(DUTY, incident, now=NOW + DAY)
    assert passes(CONTROL, NOW + DAY)
