"""The desk's first page says what is burning, late and due, to officers alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compliance.charts import charts
from compliance.deletion.models import DeletionRequest
from compliance.desklines import ROOMS, Block, Line, told
from compliance.incidents.models import Incident
from compliance.incidents.services import open_incident
from tests.conftest import NOW, Cast, person, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def asked(number: int, *, age: timedelta) -> DeletionRequest:
    received = timezone.now() - age
    return DeletionRequest.objects.create(
        reference=f"DEL-TEST-{number:04}",
        source=DeletionRequest.Source.CONSOLE,
        kind=DeletionRequest.Kind.ACCOUNT,
        status=DeletionRequest.Status.SCHEDULED,
        seller_id=uuid4(),
        what="The whole account",
        received_at=received,
        due_at=received + 30 * DAY,
    )


def test_blocks_stand_in_their_order_and_say_when_there_is_nothing(
    cast: Cast,
) -> None:
    page = signed_in(cast.carl).get("/admin/").content.decode()
    places = [
        page.index(f'id="block-{block.name.lower()}"')
        for block in Block
        if block is not Block.QUIET
    ]
    assert places == sorted(places)
    assert "Nothing is burning." in page
    assert "None in the last half year." in page


def test_what_is_late_is_late_and_what_is_due_is_due(cast: Cast) -> None:
    late, due = asked(1, age=31 * DAY), asked(2, age=DAY)
    page = signed_in(cast.carl).get("/admin/").content.decode()
    assert page.index("block-late") < page.index(late.reference)
    assert page.index(late.reference) < page.index("block-due")
    assert page.index("block-due") < page.index(due.reference)
    assert "overdue by 24 h" in page
    assert "28 days left" in page
    assert f"/admin/compliance/deletionrequest/{due.pk}/change/" in page


def test_nobody_but_an_officer_reads_it(cast: Cast) -> None:
    request = asked(1, age=DAY)
    support = signed_in(cast.olga).get("/admin/").content.decode()
    assert request.reference not in support
    assert "block-burning" not in support


def test_it_costs_the_same_however_much_is_open(cast: Cast) -> None:
    desk = signed_in(cast.carl)

    def cost() -> int:
        desk.get("/admin/")
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/admin/").status_code == 200
        return len(queries)

    asked(0, age=DAY)
    few = cost()
    for number in range(1, 40):
        asked(number, age=number * DAY)
    assert cost() == few


def test_a_line_cannot_bring_markup(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = {**ROOMS, "x": lambda officer, now: [(Block.DUE, Line("<b>x</b>", "/"))]}
    monkeypatch.setattr("compliance.desklines.ROOMS", rooms)
    page = signed_in(cast.carl).get("/admin/").content.decode()
    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page


def test_the_most_urgent_comes_first(cast: Cast) -> None:
    asked(1, age=DAY)
    asked(2, age=9 * DAY)
    due = told(person("second", staff_role="officer"), timezone.now())[Block.DUE]
    assert [line.text[:13] for line in due] == ["DEL-TEST-0002", "DEL-TEST-0001"]


def test_a_chart_counts_by_week_and_leaves_drills_out(cast: Cast) -> None:
    for is_drill in (False, True):
        open_incident(
            actor=cast.carl,
            title="A key in a public place",
            detected_by=Incident.Detected.PERSON,
            is_drill=is_drill,
            now=NOW,
        )
    requests, incidents = charts(NOW)
    assert (requests.total, incidents.total) == (0, 1)
    last = incidents.weeks[-1]
    assert last.monday.isoformat() == "2026-11-23"
    assert [bar.count for bar in last.bars] == [1, 0]
    assert last.bars[0].height == incidents.height
