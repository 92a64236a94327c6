"""Whoever can write the database but hasn't the key is found out, entry by entry."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from plugseller.audit import chain, witness
from plugseller.audit.append import COLUMNS
from plugseller.audit.checkpoints import (
    WitnessDisagrees,
    sign_checkpoint,
    state_restore,
)
from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.services import record
from plugseller.audit.verify import MOST_FINDINGS, Verification, verify
from tests.conftest import NOW
from tests.plugseller.audit.conftest import SELLER

ALL = ", ".join(f'"{name}"' for name in ("id", "previous_hash", "hash", *COLUMNS))
NOT_ID = ALL.removeprefix('"id", ')


def _first(seen: Verification) -> int | None:
    assert not seen.is_whole
    return seen.first_bad


def test_an_untouched_log_is_whole(log: list[int]) -> None:
    sign_checkpoint(NOW)
    seen = verify()
    assert seen.findings == []
    assert (seen.first, seen.last, seen.entries) == (1, 40, 40)
    assert (seen.checkpoints, seen.witnessed, seen.witnessed_to) == (1, 1, 40)


CHANGES = {
    "timestamp": "'2020-01-01 00:00:00+00:00'",
    "event": "'seller.deleted'",
    "action": "0",
    "actor_id": "NULL",
    "actor_kind": "'job'",
    "via": "'nothing'",
    "role": "'owner'",
    "grant_id": f"'{SELLER.hex}'",
    "seller_id": f"'{'0' * 32}'",
    "content_type_id": "1",
    "object_repr": "'accounts.user'",
    "object_pk": "'1'",
    "rows": "7777",
    "changes": '\'{"is_staff":["False","True"]}\'',
    "additional_data": "'{}'",
    "request_id": f"'{SELLER.hex}'",
    "remote_addr": "NULL",
    "agent": "''",
    "previous_hash": f"'{'0' * 64}'",
    "hash": f"'{'0' * 64}'",
}


def test_every_column_is_covered() -> None:
    stored = {field.column for field in Entry._meta.concrete_fields}
    assert set(CHANGES) | {"id"} == stored


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_column_is_found(log: list[int], intruder: Any, column: str) -> None:
    intruder.execute(
        f'UPDATE audit_entry SET "{column}" = {CHANGES[column]} WHERE id = 17'  # noqa: S608
    )
    assert _first(verify()) == 17


SQL: dict[str, tuple[int, tuple[str, ...]]] = {
    "an entry is deleted": (17, ("DELETE FROM audit_entry WHERE id = 17",)),
    "the first is deleted": (1, ("DELETE FROM audit_entry WHERE id = 1",)),
    "many are deleted": (9, ("DELETE FROM audit_entry WHERE id BETWEEN 9 AND 20",)),
    "the later ones move up": (
        17,
        (
            "DELETE FROM audit_entry WHERE id = 17",
            "UPDATE audit_entry SET id = -id WHERE id > 17",
            "UPDATE audit_entry SET id = -id - 1 WHERE id < 0",
        ),
    ),
    "two change places": (
        11,
        (
            "UPDATE audit_entry SET id = -11 WHERE id = 11",
            "UPDATE audit_entry SET id = 11 WHERE id = 12",
            "UPDATE audit_entry SET id = 12 WHERE id = -11",
        ),
    ),
    "one is there twice": (
        41,
        (
            f"INSERT INTO audit_entry ({ALL}) SELECT 41, {NOT_ID} "  # noqa: S608
            "FROM audit_entry WHERE id = 5",
        ),
    ),
    "one is put in before the first": (
        -3,
        (
            f"INSERT INTO audit_entry ({ALL}) SELECT -3, {NOT_ID} "  # noqa: S608
            "FROM audit_entry WHERE id = 5",
        ),
    ),
    "one is overwritten with another": (
        20,
        (
            "DELETE FROM audit_entry WHERE id = 20",
            f"INSERT INTO audit_entry ({ALL}) SELECT 20, {NOT_ID} "  # noqa: S608
            "FROM audit_entry WHERE id = 19",
        ),
    ),
    "one is copied with its links mended": (
        41,
        (
            f"INSERT INTO audit_entry ({ALL}) SELECT 41, {NOT_ID} "  # noqa: S608
            "FROM audit_entry WHERE id = 40",
            "UPDATE audit_entry SET previous_hash = "
            "(SELECT hash FROM audit_entry WHERE id = 40) WHERE id = 41",
        ),
    ),
    "the log is emptied": (1, ("DELETE FROM audit_entry",)),
    "the end is cut off": (31, ("DELETE FROM audit_entry WHERE id > 30",)),
}


@pytest.mark.parametrize("what", SQL)
def test_tampering_is_found_and_the_first_bad_entry_named(
    log: list[int], intruder: Any, what: str
) -> None:
    sign_checkpoint(NOW)
    first, statements = SQL[what]
    for statement in statements:
        intruder.execute(statement)
    assert _first(verify()) == first


def test_a_chain_made_anew_with_another_key_is_found(
    log: list[int], intruder: Any
) -> None:
    """The intruder knows how it is done, changes one, and mends all that follow."""
    intruder.execute("UPDATE audit_entry SET rows = 1 WHERE id = 17")
    forged = chain.Keys.of({"0001-x": b"x" * 32})
    previous = Entry.objects.get(pk=16).hash
    for number in range(17, 41):
        hash_ = chain.link(forged.chaining, number, previous, ["whatever"])
        intruder.execute(
            "UPDATE audit_entry SET previous_hash = %s, hash = %s WHERE id = %s",
            [previous, hash_, number],
        )
        previous = hash_
    assert _first(verify()) == 17


def test_an_end_cut_off_without_a_witness_would_not_be_found(
    log: list[int], intruder: Any
) -> None:
    """Why there is one; and that its absence is said."""
    intruder.execute("DELETE FROM audit_entry WHERE id > 30")
    seen = verify()
    assert seen.is_whole
    assert "no checkpoint yet" in seen.notes[0]


def test_an_older_copy_put_back_is_found(
    log: list[int], intruder: Any, witness_path: Path
) -> None:
    """The copy has its own checkpoints: the witness alone knows better."""
    sign_checkpoint(NOW)
    with transaction.atomic():
        record("sync.run")
        sign_checkpoint(NOW)
        transaction.set_rollback(True)
    seen = verify()
    assert _first(seen) == 41
    assert "older copy" in seen.findings[-1].what
    with pytest.raises(WitnessDisagrees, match="entry 41"):
        sign_checkpoint(NOW)


def test_an_older_copy_that_went_on_is_found(log: list[int], intruder: Any) -> None:
    sign_checkpoint(NOW)
    with transaction.atomic():
        record("sync.run", rows=1)
        sign_checkpoint(NOW)
        transaction.set_rollback(True)
    for _ in range(5):
        record("sync.run", rows=2)
    assert _first(verify()) == 41


def test_a_restore_that_is_stated_is_told_and_no_fault(
    log: list[int], intruder: Any
) -> None:
    sign_checkpoint(NOW)
    with transaction.atomic():
        record("sync.run", rows=1)
        sign_checkpoint(NOW)
        transaction.set_rollback(True)
    state_restore(NOW)
    record("sync.run", rows=2)
    sign_checkpoint(NOW)
    seen = verify()
    assert seen.findings == []
    assert "put back" in seen.notes[-1]
    assert Entry.objects.filter(event="audit.restored").count() == 1


def test_a_restore_can_not_be_stated_without_the_key(
    log: list[int], intruder: Any, witness_path: Path
) -> None:
    seal = sign_checkpoint(NOW)
    assert seal is not None
    forged = chain.Seal(
        chain.RESTORED, 20, Entry.objects.get(pk=20).hash, 20, seal.made_at, seal.key_id
    )
    intruder.execute("DELETE FROM audit_entry WHERE id > 20")
    witness.append(witness_path, [forged])
    seen = verify()
    assert _first(seen) == 21
    assert any("no genuine signature" in finding.what for finding in seen.findings)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_checkpoint SET number = 39",
        "UPDATE audit_checkpoint SET kind = 'anchor'",
        "UPDATE audit_checkpoint SET made_at = '2020-01-01 00:00:00+00:00'",
        "UPDATE audit_checkpoint SET key_id = '0001-000000000000'",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_a_tampered_checkpoint_is_found(
    log: list[int], intruder: Any, change: str
) -> None:
    sign_checkpoint(NOW)
    intruder.execute(change)
    assert not verify().is_whole


def test_a_witness_that_lost_lines_is_found(log: list[int], witness_path: Path) -> None:
    for hour in range(3):
        sign_checkpoint(NOW + timedelta(hours=hour))
    lines = witness_path.read_text().splitlines(keepends=True)
    for kept in ([], lines[:1], lines[1:], ["{}\n", *lines]):
        witness_path.write_text("".join(kept))
        assert not verify().is_whole
    witness_path.write_text("".join(lines))
    assert verify().is_whole


def test_a_line_cut_off_by_a_crash_is_no_fault_and_written_anew(
    log: list[int], witness_path: Path
) -> None:
    for hour in range(2):
        sign_checkpoint(NOW + timedelta(hours=hour))
    content = witness_path.read_bytes()
    witness_path.write_bytes(content[:-40])
    assert verify().is_whole
    sign_checkpoint(NOW + timedelta(hours=2))
    assert witness_path.read_bytes().startswith(content)
    assert verify().witnessed == 3


def test_a_thousand_faults_are_counted_and_a_hundred_told(
    log: list[int], intruder: Any
) -> None:
    Entry.objects.bulk_create(
        [Entry(event="sync.run", action=1, actor_kind="job") for _ in range(200)]
    )
    intruder.execute("UPDATE audit_entry SET rows = 12345")
    seen = verify()
    assert seen.faults == 240
    assert len(seen.findings) == MOST_FINDINGS
    assert seen.first_bad == 1


def test_the_command_says_it_in_words_and_in_its_exit_status(
    log: list[int], intruder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_checkpoint(NOW)
    call_command("verify_audit")
    assert "is whole: 40 entries" in capsys.readouterr().out
    intruder.execute("UPDATE audit_entry SET event = 'x' WHERE id IN (17, 30)")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit")
    assert ended.value.code == 1
    assert "The first bad entry is 17." in capsys.readouterr().out
    with pytest.raises(SystemExit):
        call_command("verify_audit", json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["whole"], told["first_bad"], told["faults"]) == (False, 17, 2)
    assert [row["entry"] for row in told["rows"]] == [17, 30]


# --- Hundreds of random mutations -----------------------------------------------------


def _change(cursor: Any, dice: random.Random) -> int:
    number = dice.randint(1, 40)
    column = dice.choice(list(CHANGES))
    cursor.execute(
        f'UPDATE audit_entry SET "{column}" = {CHANGES[column]} WHERE id = %s',  # noqa: S608
        [number],
    )
    return number


def _delete(cursor: Any, dice: random.Random) -> int:
    first = dice.randint(1, 40)
    last = first + dice.choice((0, 0, 3, 40))
    cursor.execute("DELETE FROM audit_entry WHERE id BETWEEN %s AND %s", [first, last])
    return first


def _swap(cursor: Any, dice: random.Random) -> int:
    one, other = sorted(dice.sample(range(1, 41), 2))
    for before, after in ((one, -1), (other, one), (-1, other)):
        cursor.execute("UPDATE audit_entry SET id = %s WHERE id = %s", [after, before])
    return one


def _copy(cursor: Any, dice: random.Random) -> int:
    source, number = dice.randint(1, 40), 41
    cursor.execute(
        f"INSERT INTO audit_entry ({ALL}) SELECT %s, {NOT_ID} "  # noqa: S608
        "FROM audit_entry WHERE id = %s",
        [number, source],
    )
    return number


def _overwrite(cursor: Any, dice: random.Random) -> int:
    """The content of one entry in the place of another, with that one's hashes."""
    source, number = dice.sample(range(1, 41), 2)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    cursor.execute(
        f"UPDATE audit_entry SET ({names}) = (SELECT {names} FROM audit_entry "  # noqa: S608
        "WHERE id = %s) WHERE id = %s",
        [source, number],
    )
    return number


def _flip(cursor: Any, dice: random.Random) -> int:
    """One character of a text."""
    number = dice.randint(1, 40)
    column = dice.choice(("event", "hash", "previous_hash", "agent", "actor_kind"))
    cursor.execute(f"SELECT {column} FROM audit_entry WHERE id = %s", [number])  # noqa: S608
    text = list(cursor.fetchone()[0])
    place = dice.randrange(len(text))
    text[place] = "x" if text[place] != "x" else "y"
    cursor.execute(
        f"UPDATE audit_entry SET {column} = %s WHERE id = %s",  # noqa: S608
        ["".join(text), number],
    )
    return number


MUTATIONS: tuple[Callable[[Any, random.Random], int], ...] = (
    _change,
    _delete,
    _swap,
    _copy,
    _overwrite,
    _flip,
)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__.strip("_"))
def test_a_hundred_random_mutations_of_a_kind_are_all_found(
    log: list[int], intruder: Any, mutate: Callable[[Any, random.Random], int]
) -> None:
    sign_checkpoint(NOW)
    before = list(Entry.objects.order_by("id").values_list())
    for seed in range(100):
        with transaction.atomic():
            first = mutate(intruder, random.Random(seed))  # noqa: S311  repeatable
            changed = list(Entry.objects.order_by("id").values_list()) != before
            seen = verify()
            transaction.set_rollback(True)
        assert seen.is_whole is not changed, seed
        assert not changed or seen.first_bad == first, seed
    assert verify().is_whole


def test_checkpoints_are_kept_in_both_places(
    log: list[int], witness_path: Path
) -> None:
    seal = sign_checkpoint(NOW)
    assert seal is not None
    assert witness.read(witness_path) == ([seal], [])
    assert Checkpoint.objects.get().signature == seal.signature
    assert (seal.number, seal.entries) == (40, 40)
    assert witness_path.stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_an_empty_log_has_nothing_to_sign() -> None:
    assert sign_checkpoint(NOW) is None


def test_a_witness_that_can_not_be_written_is_told(
    log: list[int], witness_path: Path
) -> None:
    witness_path.mkdir(parents=True)
    with pytest.raises(witness.WitnessTrouble, match="AUDIT_WITNESS_FILE"):
        sign_checkpoint(NOW)
