"""Controls look, what they found is kept, and a promise that breaks is told of once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from compliance.policy.models import ControlResult, ResultsStay
from compliance.policy.services import run, run_due, run_for, subject_of
from compliance.policy.standing import State, standings
from compliance.retention.services import purge
from compliance.tasks import Task
from plugseller import shelves
from plugseller.audit.models import Entry
from plugseller.custody.rules import RULES
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import Control, Finding, Verdict
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@dataclass
class Sample:
    """A control that finds what it is told to."""

    verdict: Verdict = Verdict.PASS
    asked: int = 0
    evidence: dict[str, Any] = field(default_factory=lambda: {"rows": 3})

    def look(self, now: datetime) -> Finding:
        self.asked += 1
        return Finding(self.verdict, f"It is {self.verdict}.", self.evidence)


def sample(name: str, look: Callable[[datetime], Finding]) -> Control:
    return Control(name, name.partition(".")[0].upper(), "Sample", look, DAY)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sample]:
    """Two samples and nothing else on the shelf."""
    samples = {"use-1.x": Sample(), "use-2.x": Sample()}
    for name in list(shelves._controls):
        monkeypatch.delitem(shelves._controls, name)
    for name, one in samples.items():
        monkeypatch.setitem(shelves._controls, name, sample(name, one.look))
    return samples


def mails() -> list[str]:
    return [mail.content.reveal()["subject"] for mail in OutgoingMail.objects.all()]


def open_tasks() -> list[Task]:
    return list(Task.objects.filter(source=Task.Source.CONTROL, done_at=None))


def test_what_was_found_is_kept_with_its_time_and_figures(
    shelf: dict[str, Sample],
) -> None:
    assert run_due(NOW) == 2
    one = ControlResult.objects.get(name="use-1.x")
    assert (one.promise, one.verdict, one.sentence) == ("USE-1", "pass", "It is pass.")
    assert (one.at, one.evidence) == (NOW, {"rows": 3})
    assert Entry.objects.filter(event="policy.checked").exists()


def test_each_has_its_time_and_none_is_late_when_the_job_runs_hourly(
    shelf: dict[str, Sample],
) -> None:
    for hour in range(48):
        run_due(NOW + hour * HOUR)
    assert {one.asked for one in shelf.values()} == {3}  # a little early each day


def test_a_promise_that_breaks_is_a_task_and_one_mail_until_it_holds_again(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    run_due(NOW)
    assert (open_tasks(), mails()) == ([], [])

    shelf["use-1.x"].verdict = Verdict.FAIL
    run_due(NOW + DAY)
    run_due(NOW + 2 * DAY)
    [task] = open_tasks()
    assert (task.key, task.subject_id) == ("use-1.x", subject_of("USE-1"))
    assert task.due_at > NOW + 2 * DAY
    assert mails() == ["BROKEN: USE-1, Sample"]

    shelf["use-1.x"].verdict = Verdict.PASS
    run_due(NOW + 3 * DAY)
    assert open_tasks() == []
    assert sorted(mails()) == ["BROKEN: USE-1, Sample", "Holds again: USE-1, Sample"]
    changes = Entry.objects.filter(event="policy.changed").order_by("id")
    assert [one.additional_data["verdict"] for one in changes] == ["fail", "pass"]


def test_a_remark_opens_nothing_and_finishes_nothing(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    shelf["use-1.x"].verdict = Verdict.WARN
    run_due(NOW)
    assert (open_tasks(), mails()) == ([], [])
    shelf["use-1.x"].verdict = Verdict.FAIL
    run_due(NOW + DAY)
    shelf["use-1.x"].verdict = Verdict.WARN
    run_due(NOW + 2 * DAY)
    assert len(open_tasks()) == 1


def test_one_that_cannot_look_fails_alone_and_tells_no_value(
    cast: Cast, shelf: dict[str, Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(now: datetime) -> Finding:
        raise ValueError("Atzr|a-secret")

    monkeypatch.setitem(shelves._controls, "use-1.x", sample("use-1.x", look))
    run_due(NOW)
    broken = ControlResult.objects.get(name="use-1.x")
    assert (broken.verdict, broken.evidence) == ("fail", {"error": "ValueError"})
    assert "Atzr" not in broken.sentence
    assert ControlResult.objects.get(name="use-2.x").verdict == Verdict.PASS


def test_a_result_is_never_changed(shelf: dict[str, Sample]) -> None:
    run_due(NOW)
    with pytest.raises(ResultsStay):
        ControlResult.objects.update(verdict="pass")
    with pytest.raises(ResultsStay):
        ControlResult.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_it_goes_when_its_time_is_over(shelf: dict[str, Sample]) -> None:
    keep, now = RULES["incidents"].keep, timezone.now()
    assert keep is not None
    run_due(now - keep)  # the database minds its own clock
    purge(now - HOUR)
    assert ControlResult.objects.count() == 2
    purge(now + HOUR)
    assert ControlResult.objects.count() == 0


def test_only_an_officer_has_one_look_at_once(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    control = shelves.CONTROLS["use-1.x"]
    with pytest.raises(PermissionDenied):
        run_for(actor=cast.olga, control=control, now=NOW)
    assert run_for(actor=cast.carl, control=control, now=NOW).verdict == "pass"
    assert Entry.objects.get(event="policy.run").actor_id == cast.carl.pk


def states(now: datetime) -> dict[str, State]:
    return {one.promise.id: one.state for one in standings(now)}


def test_a_promise_stands_as_its_worst_control_and_silence_is_no_proof(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    assert states(NOW)["USE-1"] == State.LATE  # never looked at
    run_due(NOW)
    assert states(NOW)["USE-1"] == State.KEPT
    assert states(NOW)["ENC-1"] == State.LATE  # nothing looks after it here
    assert states(NOW + 26 * HOUR)["USE-1"] == State.LATE
    shelf["use-1.x"].verdict = Verdict.FAIL
    run(shelves.CONTROLS.values(), now=NOW + DAY)
    assert states(NOW + DAY)["USE-1"] == State.BROKEN
    assert states(NOW + 40 * DAY)["USE-1"] == State.BROKEN  # and not merely late
    [use_1] = [one for one in standings(NOW + DAY) if one.promise.id == "USE-1"]
    assert use_1.passed_at == NOW


def test_how_it_stands_takes_two_queries_however_long_we_run(
    shelf: dict[str, Sample], django_assert_num_queries: Any
) -> None:
    for day in range(20):
        run_due(NOW + day * DAY)
    with django_assert_num_queries(2):
        states(NOW + 20 * DAY)
