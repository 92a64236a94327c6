"""The deletion ledger lies outside the database and can't be changed unseen (RET-2)."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from plugseller.custody import ledger
from plugseller.custody.ledger import LedgerBroken


@pytest.fixture(autouse=True)
def file(tmp_path: Path, settings: object) -> Path:
    path = tmp_path / "apart" / "deletions.jsonl"
    settings.DELETION_LEDGER = path  # type: ignore[attr-defined]
    return path


def test_a_line_knows_its_id_and_tells_none(file: Path) -> None:
    gone, other = uuid4(), uuid4()
    number = ledger.write("seller", [gone], request="DEL-1", now=timezone.now())
    [line] = ledger.read()
    assert (number, line.number, line.request) == (1, 1, "DEL-1")
    assert line.names(gone)
    assert not line.names(other)
    text = file.read_text()
    assert str(gone) not in text
    assert gone.hex not in text
    assert file.stat().st_mode & 0o077 == 0


def test_an_id_is_written_once(file: Path) -> None:
    gone = uuid4()
    for _ in range(3):
        ledger.write("person", [gone], request="DEL-1", now=timezone.now())
    assert len(ledger.read()) == 1


@pytest.mark.parametrize("damage", ["changed", "removed", "swapped", "cut", "rubbish"])
def test_a_changed_ledger_is_refused(file: Path, damage: str) -> None:
    for number in range(4):
        ledger.write("seller", [uuid4()], request=f"DEL-{number}", now=timezone.now())
    lines = file.read_text().splitlines(keepends=True)
    if damage == "changed":
        told = json.loads(lines[1]) | {"request": "DEL-9"}
        lines[1] = json.dumps(told) + "\n"
    elif damage == "removed":
        del lines[1]
    elif damage == "swapped":
        lines[1], lines[2] = lines[2], lines[1]
    elif damage == "cut":
        lines[2] = lines[2][:40] + "\n"
    else:
        lines[1] = "[]\n"
    file.write_text("".join(lines))
    with pytest.raises(LedgerBroken, match="put back your copy"):
        ledger.read()
    with pytest.raises(LedgerBroken):
        ledger.write("seller", [uuid4()], request="DEL-5", now=timezone.now())


@pytest.mark.parametrize("left", [1, 40, -1])
def test_a_line_that_a_crash_cut_off_counts_for_nothing(file: Path, left: int) -> None:
    first, second = uuid4(), uuid4()
    for gone in (first, second):
        ledger.write("seller", [gone], request="DEL-1", now=timezone.now())
    kept, torn = file.read_text().splitlines(keepends=True)
    file.write_text(kept + torn[:left])
    assert [line.number for line in ledger.read()] == [1]
    assert ledger.write("seller", [second], request="DEL-1", now=timezone.now()) == 2
    assert [line.names(second) for line in ledger.read()] == [False, True]
