"""Whoever reads only this folder knows the product: a file for each sentence."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from compliance.policy.checks import check_promises
from compliance.policy.promises import BY_ID, PROMISES
from plugseller import shelves
from plugseller.shelves import CONTROLS

HERE = Path(__file__).parent
IDS = [
    *("SCOPE-1", "USE-1", "USE-2", "USE-3", "USE-4"),
    *("ENC-1", "ENC-2", "ENC-3", "ACC-1", "ACC-2", "ACC-3", "RET-1", "RET-2"),
    *("INC-1", "INC-2", "INC-3", "GOV-1", "GOV-2", "CON-1"),
]
EXPECTED = {
    "enc-1.database": "plugseller.crypto",
    "enc-2.at_rest": "plugseller.crypto",
    "acc-2.chain": "plugseller.audit",
    "acc-1.staff": "plugseller.accounts",
    "inc-3.mail_path": "plugseller.jobs",
    "enc-3.tables": "marketplaces",
    "ret-2.requests": "compliance",
    "gov-1.reviews": "compliance",
    "gov-2.acknowledged": "compliance",
}


def test_the_sentences_are_those_of_the_design() -> None:
    assert [promise.id for promise in PROMISES] == IDS


def test_every_sentence_has_its_controls_and_no_control_is_a_stray() -> None:
    assert check_promises() == []
    assert {one.promise for one in CONTROLS.values()} == set(IDS)
    for name, one in CONTROLS.items():
        assert name.startswith(one.promise.lower() + "."), name


def test_every_floor_looks_after_itself() -> None:
    for name, floor in EXPECTED.items():
        assert CONTROLS[name].look.__module__.startswith(floor), name


def test_a_build_with_a_sentence_nothing_looks_after_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in CONTROLS if name.startswith("enc-1.")]:
        monkeypatch.delitem(shelves._controls, name)
    [error] = check_promises()
    assert error.id == "policy.E001"
    assert "ENC-1" in error.msg


def test_so_does_one_with_a_control_of_an_unknown_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stray = replace(CONTROLS["con-1.contact"], name="con-9.x", promise="CON-9")
    monkeypatch.setitem(shelves._controls, "con-9.x", stray)
    [error] = check_promises()
    assert error.id == "policy.E002"
    assert error.is_serious()


@pytest.mark.parametrize("promise", IDS)
def test_every_sentence_has_a_file_here_that_quotes_it(promise: str) -> None:
    stem = promise.lower().replace("-", "_")
    [path] = HERE.glob(f"test_{stem}_*.py")
    told = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert told.startswith(f"{promise}: “"), path.name
    quoted = re.sub(r"\s+", " ", told)
    assert BY_ID[promise].wording in quoted, path.name
