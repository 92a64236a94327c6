"""The key that signs, and the web's: replaced and killed; old signatures count."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from secrets import token_bytes

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from plugseller.audit import witness
from plugseller.audit.append import keys
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.audit.verify import verify
from plugseller.crypto.inventory import keys as listed
from plugseller.crypto.models import HeldKey
from plugseller.crypto.replacing import replace_web_key, rotate_signing_key
from plugseller.crypto.rotation import note_held_keys
from plugseller.keyprovider import FileKeyProvider, KeyTrouble, Where, provider
from plugseller.keyprovider.env import VARIABLES
from plugseller.shelves import Standing
from tests.conftest import NOW
from tests.plugseller.crypto.dying import dies_at

ANOTHER = token_bytes(32).hex()


@pytest.fixture
def held(own_keys: FileKeyProvider, tmp_path: Path) -> Iterator[FileKeyProvider]:
    """Keys and a witness of this test's own; the web's key is the one in use."""
    with override_settings(
        SECRET_KEY=own_keys.web_key(),
        SECRET_KEY_IS_FLEETING=False,
        AUDIT_WITNESS_FILE=tmp_path / "witness" / "audit.jsonl",
    ):
        yield own_keys


def log(count: int) -> None:
    for _ in range(count):
        record("audit.verified", details={"a": 1})


def test_entries_and_checkpoints_of_the_old_key_still_verify(
    held: FileKeyProvider,
) -> None:
    old = held.current_signing_id()
    log(3)
    new = rotate_signing_key(now=NOW)
    log(2)
    assert (held.signing_ids(), keys(anew=True).current) == ([old, new], new)
    seen = verify()
    assert (seen.findings, seen.checkpoints, seen.witnessed) == ([], 2, 2)
    lines, _ = witness.read(witness.witness_file())
    assert [seal.key_id for seal in lines] == [old, new]
    assert HeldKey.objects.get(key_id=new).since == NOW
    assert Entry.objects.filter(event="key.held").exists()
    (held.folder / f"audit-{old}.key").unlink()  # so they are never thrown away
    assert not verify().is_whole


def test_a_process_that_runs_already_verifies_what_the_new_key_signed(
    held: FileKeyProvider,
) -> None:
    """Another process makes the key; this one knew its keys a moment ago."""

    def another() -> None:
        rotate_signing_key(now=NOW)
        log(2)

    log(1)
    old = keys().current
    assert not dies_at(0, another)
    log(1)  # perhaps still chained with the old key
    assert verify().findings == []
    assert keys(anew=True).current != old


def test_killed_at_every_other_step_the_log_is_whole_and_the_next_run_finishes(
    held: FileKeyProvider,
) -> None:
    step, died = 0, True
    while died:
        step += 2
        died = dies_at(step, lambda: rotate_signing_key(now=NOW))
        assert verify().findings == [], f"after step {step}"
        current = rotate_signing_key(now=NOW, new=False)
        assert current == held.current_signing_id()
        assert HeldKey.objects.filter(key_id=current, retired_at=None).exists()
    assert step > 15


def test_two_at_once_make_two_keys_and_break_nothing(held: FileKeyProvider) -> None:
    connections.close_all()
    other = os.fork()
    if other == 0:
        try:
            rotate_signing_key(now=NOW)
        except BaseException:
            os._exit(1)
        os._exit(0)
    rotate_signing_key(now=NOW)
    _, status = os.waitpid(other, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(held.signing_ids()) == 3
    assert verify().findings == []


def test_the_webs_key_is_replaced_for_whoever_starts_next(
    held: FileKeyProvider,
) -> None:
    old = held.web_key()
    replace_web_key(now=NOW)
    new = held.web_key()
    assert new != old
    away = list((held.folder / "retired").glob("web-*.key"))
    assert [path.read_text().strip() for path in away] == [old]
    assert Entry.objects.filter(event="web_key.replaced").count() == 1
    with pytest.raises(KeyTrouble, match="replaced it a moment ago"):
        replace_web_key(now=NOW)  # this process began with the old one
    assert held.web_key() == new
    assert Entry.objects.filter(event="web_key.replaced").count() == 1


def test_killed_at_every_other_step_there_is_a_web_key(held: FileKeyProvider) -> None:
    step, died = 0, True
    while died:
        step += 2
        with override_settings(SECRET_KEY=held.web_key()):
            died = dies_at(step, lambda: replace_web_key(now=NOW))
        assert len(held.web_key()) == 64, f"after step {step}"
        assert held.missing() == []
    assert step > 15


def test_both_have_an_age_and_a_day_and_the_command_that_replaces_them(
    held: FileKeyProvider,
) -> None:
    note_held_keys(NOW)
    HeldKey.objects.update(since=NOW)
    for kind, option in (
        ("Signing key", "--signing-key"),
        ("Key of web sessions and forms", "--web-key"),
    ):
        [row] = [row for row in listed(NOW, None) if row.kind == kind]
        assert (row.created_at, row.due_at) == (NOW, NOW + timedelta(days=365))
        assert f"rotate_keys {option}" in row.note
        assert row.standing(NOW + timedelta(days=340)) is Standing.SOON
        assert row.standing(NOW + timedelta(days=365)) is Standing.OVERDUE


def test_the_command_prints_no_key(held: FileKeyProvider) -> None:
    out = StringIO()
    call_command("rotate_keys", "--signing-key", "--json", stdout=out)
    call_command("rotate_keys", "--web-key", stdout=out)
    current = held.current_signing_id()
    assert current in out.getvalue()
    secrets = (held.signing_key(current).hex(), held.web_key())
    assert [key for key in secrets if key in out.getvalue()] == []
    with pytest.raises(CommandError, match="nothing to finish"):
        call_command("rotate_keys", "--web-key", "--finish")


def test_a_log_that_was_cut_gets_no_new_key(held: FileKeyProvider) -> None:
    log(1)
    rotate_signing_key(now=NOW)
    path = witness.witness_file()
    before = held.signing_ids()
    seals, _ = witness.read(path)
    claims = replace(seals[-1], number=seals[-1].number + 50)
    witness.append(path, [claims.signed_by(keys())])
    with pytest.raises(CommandError, match="cut off"):
        call_command("rotate_keys", "--signing-key")
    assert held.signing_ids() == before


def test_with_keys_from_variables_an_operator_makes_it_and_old_processes_go_on(
    held: FileKeyProvider,
) -> None:
    """Processes start again one after the other; the older ones don't know the key."""
    told = {
        "MASTER_KEYS": _numbered(held.master_key(held.current_master_id())),
        "AUDIT_KEYS": _numbered(held.signing_key(held.current_signing_id())),
        "DATABASE_KEY": held.database_key().hex(),
    }
    before = _Variables(told)
    after = _Variables(told | {"AUDIT_KEYS": f"{told['AUDIT_KEYS']},2={ANOTHER}"})
    with before.used():
        log(1)
        with pytest.raises(KeyTrouble, match="rotate_keys --signing-key --finish"):
            rotate_signing_key(now=NOW)
        with pytest.raises(KeyTrouble, match="SECRET_KEY"):
            replace_web_key(now=NOW)
    with after.used():
        new = rotate_signing_key(now=NOW, new=False)
        assert verify().findings == []
    with before.used():
        note_held_keys(NOW)  # it looks gone from here
        log(1)
    with after.used():
        note_held_keys(NOW)
        assert HeldKey.objects.get(key_id=new).retired_at is None
        assert verify().findings == []


def _numbered(key: bytes) -> str:
    return f"1={key.hex()}"


class _Variables:
    def __init__(self, told: dict[str, str]) -> None:
        self._where = Where(
            variables={name: lambda name=name: told.get(name, "") for name in VARIABLES}  # type: ignore[misc]
        )

    def used(self) -> "_Used":
        return _Used(self._where)


class _Used:
    """A process whose environment holds these."""

    def __init__(self, where: Where) -> None:
        self._settings = override_settings(KEY_PROVIDER="environment", KEYS=where)

    def __enter__(self) -> None:
        self._settings.enable()
        provider.cache_clear()

    def __exit__(self, *_: object) -> None:
        self._settings.disable()
        provider.cache_clear()
