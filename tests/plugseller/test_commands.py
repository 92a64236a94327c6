"""Reports: a table for people, JSON for programs, an exit status for both."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from plugseller.commands import Report, ReportCommand, table


class Command(ReportCommand):
    requires_system_checks = ()

    def report(self, **options: Any) -> Report:
        rows = [
            {
                "name": "a\nb",
                "rows": 1200,
                "at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            },
            {"name": "c", "rows": 7, "at": None, "hidden": Decimal("1.50")},
        ]
        return Report(
            ("name", "rows", "at"), rows, {"n": 2}, "Two rows.", failed=self.fails
        )

    fails = False


class Failing(Command):
    fails = True


def test_people_get_aligned_columns_and_one_line_a_row() -> None:
    out = io.StringIO()
    call_command(Command(stdout=out))
    assert out.getvalue().splitlines() == [
        "name   rows  at",
        "----  -----  ----------------",
        "a b   1,200  2026-01-02 03:04",
        "c         7",
        "Two rows.",
    ]


def test_programs_get_every_value_whole() -> None:
    out = io.StringIO()
    call_command(Command(stdout=out), json=True)
    told = json.loads(out.getvalue())
    assert told["n"] == 2
    assert told["rows"][0]["rows"] == 1200
    assert told["rows"][0]["at"] == "2026-01-02T03:04:00+00:00"
    assert told["rows"][1]["hidden"] == "1.50"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_failure_is_printed_and_ends_with_status_1(as_json: bool) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(Failing(stdout=out), json=as_json)
    assert ended.value.code == 1
    assert out.getvalue()


def test_what_took_little_time_isnt_told_to_have_taken_none() -> None:
    rows = [{"seconds": 0.042}, {"seconds": 1234.56}]
    assert table(("seconds",), rows).splitlines()[2:] == ["   0.04", "1,234.6"]


def test_an_empty_table_still_has_its_head() -> None:
    assert table(("a", "bc"), []).splitlines() == ["a  bc", "-  --"]
