"""The officers' register, what their start page tells, and what auditors take along."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from compliance.desklines import Block
from compliance.packing import Document, Period, Table
from compliance.policy.models import ControlResult
from compliance.policy.services import run_due
from compliance.policy.telling import part, told
from plugseller.shelves import Verdict
from tests.compliance.policy.test_running import Sample, shelf
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
shelf = shelf
REGISTER = "/admin/compliance/controlresult/register/"
DAY = timedelta(days=1)


def test_the_register_shows_every_control_and_runs_one(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    carl = signed_in(cast.carl)
    shelf["use-1.x"].verdict = Verdict.FAIL

    page = carl.post(f"{REGISTER}use-1.x/run/", follow=True)
    assert page.redirect_chain == [(f"{REGISTER}use-1.x/", 302)]
    for words in ("Fail: It is fail.", "rows: 3", "broken", "Last passed: never"):
        assert words in page.content.decode(), words

    text = carl.get(REGISTER).content.decode()
    assert "It is fail." in text
    assert "not checked in time" in text
    assert "Nothing looks after it." in text
    history = carl.get("/admin/compliance/controlresult/?verdict=fail")
    assert "use-1.x" in history.content.decode()


def test_no_other_of_our_staff_sees_it(cast: Cast, shelf: dict[str, Sample]) -> None:
    olga = signed_in(cast.olga)
    assert olga.get(REGISTER).status_code == 403
    assert olga.post(f"{REGISTER}use-1.x/run/").status_code == 403
    assert list(told(cast.olga, timezone.now())) == []
    assert signed_in(cast.carl).get(f"{REGISTER}none/").status_code == 404


def test_the_start_page_tells_what_is_broken_or_late_and_else_one_quiet_line(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    now = timezone.now()
    assert [block for block, _ in told(cast.carl, now)] == [Block.BROKEN] * 2
    run_due(now)
    [(block, line)] = told(cast.carl, now)
    assert (block, line.text) == (Block.QUIET, "2 controls pass")

    shelf["use-2.x"].verdict = Verdict.FAIL
    run_due(now + DAY)
    [(block, line)] = told(cast.carl, now + DAY)
    assert block == Block.BROKEN
    assert line.text == "USE-2: Sample. It is fail."
    assert line.url == f"{REGISTER}use-2.x/"


def test_an_auditor_gets_the_results_of_the_period(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    now = timezone.now()
    for day in range(3):
        run_due(now + day * DAY)
    promises, results, oscal = part(Period(now + DAY, now + 2 * DAY), now)
    assert isinstance(promises, Table)
    assert isinstance(results, Table)
    assert len(list(promises.rows)) == 19
    rows = [dict(zip(results.columns, row, strict=True)) for row in results.rows]
    assert [row["control"] for row in rows] == ["use-1.x", "use-2.x"]
    assert {row["evidence"] for row in rows} == {"rows=3"}
    assert isinstance(oscal, Document)
    told = json.loads(b"".join([*oscal.content]))
    [period] = told["assessment-results"]["results"]
    assert len(period["observations"]) == 2
    assert ControlResult.objects.count() == 6
