"""`manage.py policy_check`: a line per sentence, and an exit status for cron."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.policy.models import ControlResult
from plugseller import shelves
from plugseller.shelves import Control, Verdict
from tests.compliance.policy.test_running import Sample, sample

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every control of the shelf passes without looking."""
    for name, one in list(shelves._controls.items()):
        passing = Control(name, one.promise, one.label, Sample().look, one.every)
        monkeypatch.setitem(shelves._controls, name, passing)


def told(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    call_command("policy_check", "--json", *args)
    return json.loads(capsys.readouterr().out)


def test_it_tells_a_line_for_each_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(capsys)["rows"]
    assert len(rows) == 19
    assert {row["verdict"] for row in rows} == {"pass"}
    assert ControlResult.objects.count() == len(shelves.CONTROLS)


def test_one_sentence_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    answer = told(capsys, "--id", "enc-3")
    assert [row["promise"] for row in answer["rows"]] == ["ENC-3"]
    assert {one["control"] for one in answer["results"]} >= {"enc-3.tables"}
    with pytest.raises(CommandError, match="no promise ENC-9"):
        call_command("policy_check", id="ENC-9")


def test_one_that_fails_is_told_by_the_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = sample("use-1.rows", Sample(Verdict.FAIL).look)
    monkeypatch.setitem(shelves._controls, "use-1.rows", fails)
    with pytest.raises(SystemExit) as ended:
        call_command("policy_check", id="USE-1")
    assert ended.value.code == 1
    assert "1 don't hold" in capsys.readouterr().out
