"""INC-2: “We notify affected sellers and the marketplace of a security incident
concerning their data.”"""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from compliance import clocks
from compliance.incidents.casework import Notice
from tests.compliance.incidents.cases import duty_of, opened, sent_by
from tests.conftest import NOW, Cast
from tests.promise.controls import fails, figure, passes, without_notices

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


@pytest.mark.parametrize("what", ["content", "sha256"])
def test_a_sent_notice_that_was_changed_since_breaks_it(cast: Cast, what: str) -> None:
    """By somebody who got past the trigger; the text of another row doesn't open."""
    first, other = (
        sent_by(cast.carl, duty_of(opened(cast.carl, NOW, title=title)), NOW)
        for title in ("A key in a public place", "A lost laptop")
    )
    assert passes(CONTROL, NOW)
    assert figure(CONTROL, "sent") == 2
    table = Notice._meta.db_table
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    key = Notice._meta.pk.get_db_prep_value
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER notice_no_change{on_table}")
        cursor.execute(
            f"UPDATE {table} SET {what} = "  # noqa: S608  our own table
            f"(SELECT {what} FROM {table} WHERE id = %s) WHERE id = %s",
            [key(one.pk, connection) for one in (other, first)],
        )
    assert fails(CONTROL, NOW)
    assert figure(CONTROL, "not as they were sent") == 1
