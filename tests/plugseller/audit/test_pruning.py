"""Whole months leave when their time is over, provably, and nothing else leaves."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from pytest_django.fixtures import Settings

from plugseller.audit import pruning, triggers
from plugseller.audit.append import append, plain
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.checks import check_keep, check_triggers
from plugseller.audit.models import Entry
from plugseller.audit.pruning import PruningRefused, prune
from plugseller.audit.services import record
from plugseller.audit.verify import verify
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS
from tests.plugseller.audit.conftest import at

TODAY = at(2026, 11, 24)
KEEP = timedelta(days=400)


@pytest.fixture
def months(db: None) -> None:
    """Five entries and a checkpoint in the middle of each month since May 2025."""
    for month in range(19):
        day = at(2025 + (month + 4) // 12, (month + 4) % 12 + 1)
        _write(5, day)
        sign_checkpoint(day)
        _write(1, day + timedelta(days=2))  # after the month's last checkpoint


def _write(count: int, when: datetime) -> None:
    content = plain(
        timestamp=when, event="sync.run", action=1, actor_id=None, actor_kind="job"
    )
    append([content] * count, using="default")


def test_months_that_are_over_leave_and_the_rest_verifies(months: None) -> None:
    """TODAY less 400 days is in October 2025: May to September are over."""
    pruned = prune(TODAY, keep=KEEP)
    assert pruned is not None
    assert (pruned.entries, pruned.through) == (29, 29)
    seen = verify()
    assert seen.findings == []
    assert (seen.first, seen.last) == (30, 19 * 6 + 1)
    entry = Entry.objects.latest()
    assert (entry.event, entry.rows) == ("audit.pruned", 29)
    assert entry.additional_data == {"through": 29}


def test_the_log_is_guarded_again_afterwards(months: None) -> None:
    prune(TODAY, keep=KEEP)
    assert check_triggers("default") == []
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("DELETE FROM audit_entry")


def test_pruning_goes_on_month_by_month(months: None) -> None:
    prune(TODAY, keep=KEEP)
    assert prune(TODAY, keep=KEEP) is None
    pruned = prune(at(2026, 12, 24), keep=KEEP)
    assert pruned is not None
    assert pruned.through == 35
    record("sync.run")
    sign_checkpoint(at(2026, 12, 24))
    assert verify().findings == []


def test_what_is_younger_than_a_year_can_not_be_pruned(
    months: None,
) -> None:
    with pytest.raises(PruningRefused, match="366"):
        prune(TODAY, keep=timedelta(days=365))
    assert verify().first == 1


def test_the_one_rule_is_two_years_and_never_less_than_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_keep() == []
    assert RULES["audit"].keep == pruning.KEEP == timedelta(days=731)
    monkeypatch.setattr(pruning, "KEEP", timedelta(days=365))
    assert [check.id for check in check_keep()] == ["audit.E003"]
    monkeypatch.undo()
    settings.AUDIT_KEEP = timedelta(days=400)  # nothing reads it
    assert [check.id for check in check_keep()] == ["audit.E003"]


def test_what_pruning_would_remove_is_what_is_overdue(months: None) -> None:
    store = HOLDINGS["audit.Entry"].store
    assert store.overdue(TODAY - KEEP) == 29
    prune(TODAY, keep=KEEP)
    assert store.overdue(TODAY - KEEP) == 0


def test_a_log_that_is_not_whole_is_not_pruned(months: None, intruder: Any) -> None:
    intruder.execute("UPDATE audit_entry SET rows = 1 WHERE id = 3")
    with pytest.raises(PruningRefused, match="verify_audit"):
        prune(TODAY, keep=KEEP)
    assert verify().first == 1


@pytest.mark.parametrize("through", [4, 5, 11])
def test_deleting_old_entries_is_no_pruning(
    months: None, intruder: Any, through: int
) -> None:
    intruder.execute("DELETE FROM audit_entry WHERE id <= %s", [through])
    seen = verify()
    assert not seen.is_whole
    assert seen.first_bad == 1


def test_deleting_more_than_was_pruned_is_found(months: None, intruder: Any) -> None:
    prune(TODAY, keep=KEEP)
    triggers.lift("default")  # pruning has put them back
    intruder.execute("DELETE FROM audit_entry WHERE id <= 35")
    assert verify().first_bad == 30


def test_a_copy_from_before_the_pruning_is_found(months: None) -> None:
    with transaction.atomic():
        prune(TODAY, keep=KEEP)
        transaction.set_rollback(True)
    seen = verify()
    assert not seen.is_whole
    assert any("older copy" in finding.what for finding in seen.findings)


def test_a_pruning_that_breaks_off_removes_nothing(months: None) -> None:
    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith("DELETE"):
            raise DatabaseError("out of space")
        return execute(sql, *args)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.execute_wrapper(fail),
    ):
        prune(TODAY, keep=KEEP)
    assert verify().findings == []
    assert check_triggers("default") == []
    assert not Entry.objects.filter(event="audit.pruned").exists()


def test_the_command_tells_what_it_removed(
    months: None, capsys: pytest.CaptureFixture[str], intruder: Any
) -> None:
    call_command("prune_audit")
    assert "removed" in capsys.readouterr().out
    intruder.execute("UPDATE audit_entry SET rows = 1 WHERE id = 3")
    sign_checkpoint(at(2023, 1))
    with pytest.raises(CommandError, match="nothing was removed"):
        call_command("prune_audit")
