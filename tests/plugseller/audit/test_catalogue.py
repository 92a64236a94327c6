"""The catalogue is complete and holds nothing that never happens."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance.deletion.services.steps import EVENTS as STEPS
from plugseller.audit.models import ROW_EVENTS
from plugseller.shelves import EVENTS, By, Kind, event

ROOT = Path(__file__).resolve().parents[3]
# Names made at run time, where the call's first argument isn't a text.
MADE = {
    "compliance/deletion/services/steps.py": {*STEPS.values(), "deletion.step"},
    "marketplaces/console/lists.py": {
        f"read.{name}.{form}"
        for name in ("listings", "prices", "inventory", "orders")
        for form in ("list", "export")
    },
    "marketplaces/console/views/catalog.py": {
        f"read.{name}.detail" for name in ("listings", "prices", "inventory")
    },
    "plugseller/accounts/views/activity.py": {
        "read.activity.list",
        "read.activity.export",
    },
    "marketplaces/api/views/base.py": {
        f"read.{name}.{how}"
        for name in ("listings", "prices", "inventory", "orders")
        for how in ("list", "detail")
    },
    "compliance/tasks.py": {
        f"task.{name}" for name in ("opened", "done", "handed_over", "left_open")
    },
    "compliance/governance/registers/services.py": {
        *(f"risk.{name}" for name in ("opened", "reviewed", "closed")),
        *(f"supplier.{name}" for name in ("added", "assessed", "ended")),
    },
    "plugseller/audit/services.py": set(),  # record_access itself
    "plugseller/audit/models.py": {*ROW_EVENTS},
}


def _calls() -> Iterator[tuple[str, str, ast.expr]]:
    """File, function and first argument of each call that records."""
    for floor in ("plugseller", "marketplaces", "compliance"):
        for path in sorted((ROOT / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ("record", "record_access", "record_apart"):
                    yield str(path.relative_to(ROOT)), name, node.args[0]
                elif name == "log_row":
                    [argument] = [k.value for k in node.keywords if k.arg == "event"]
                    yield str(path.relative_to(ROOT)), "record", argument


def _names(file: str, function: str, argument: ast.expr) -> set[str]:
    texts = {
        node.value
        for branch in (
            (argument.body, argument.orelse)
            if isinstance(argument, ast.IfExp)
            else (argument,)
        )
        for node in [branch]
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    if not texts:
        return MADE[file]
    return {f"read.{text}" if function == "record_access" else text for text in texts}


RECORDED = {name for call in _calls() for name in _names(*call)}


def test_what_is_recorded_is_in_the_catalogue() -> None:
    assert set(EVENTS) >= RECORDED


def test_what_is_in_the_catalogue_is_recorded_somewhere() -> None:
    assert set(EVENTS) - RECORDED == set()


def test_what_is_in_the_catalogue_is_tested() -> None:
    """Its name stands in a test, which looks for the entry."""
    here = Path(__file__)
    tests = "\n".join(
        path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != here
    )
    assert {name for name in EVENTS if f'"{name}"' not in tests} == set()


def test_every_sentence_reads_after_a_name() -> None:
    for entry in EVENTS.values():
        assert entry.sentence[0].islower(), entry
        assert not entry.sentence.endswith("."), entry
        assert entry.by, entry
        assert len(entry.name) <= 60, entry


def test_a_name_is_given_once() -> None:
    taken = EVENTS["sync.run"]
    with pytest.raises(ValueError, match=r"sync\.run"):
        event("sync.run", kind=Kind.READ, sentence="something else", by=(By.JOB,))
    assert EVENTS["sync.run"] == taken
