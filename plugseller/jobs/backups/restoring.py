"""Puts a backup back, into an empty place, and lets nobody in before it forgot again.

Everything that can be wrong with the files is found before the database is touched.
From the moment the database is there the gate is shut, because backups leave out the
row that would open it; replaying the deletion ledger opens it.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from plugseller import keyprovider
from plugseller.audit.services import record
from plugseller.crypto.starting import refuse_unusable_store
from plugseller.custody import ledger
from plugseller.custody.gate import why_shut
from plugseller.custody.replay import Replayed, replay, write_ledger_anew
from plugseller.jobs.backups import datakeys, places
from plugseller.jobs.backups.archive import (
    ALREADY,
    DATABASE,
    ENDINGS,
    KEYS,
    BackupTrouble,
    prove,
    reading,
)
from plugseller.keyprovider import KeyTrouble


def refuse_unusable(
    file: Path, keys_file: Path, *, ledger_lost: bool = False
) -> dict[str, Any]:
    """Prove both files and all keys; the manifest. Changes nothing.

    Raises BackupTrouble, KeyTrouble or LedgerBroken.
    """
    keyprovider.prove_keys()
    if not file.exists():
        raise BackupTrouble(f"There is no file {file}.")
    if not keys_file.exists():
        raise BackupTrouble(
            f"The data keys of this backup aren't at {keys_file}: put them there, or "
            "say where they are with --keys. Without them no credential opens."
        )
    manifest = prove(file, DATABASE)
    told = prove(keys_file, KEYS)
    if told["id"] != manifest["id"] or told["rows"] != manifest["data_keys"]:
        raise BackupTrouble(f"{keys_file} holds the data keys of another backup.")
    if manifest["kind"] != places.kind().NAME:
        raise BackupTrouble(
            f"It is a backup of {manifest['kind']}, and this installation's database "
            f"is {places.kind().NAME}: check DATABASE_URL."
        )
    _refuse_newer(manifest)
    if not ledger_lost:
        _refuse_older_ledger(manifest)
    datakeys.refuse_missing_masters(keys_file)
    return manifest


def restore(
    file: Path,
    keys_file: Path,
    *,
    now: datetime,
    over: bool = False,
    ledger_lost: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Replayed:
    """Put a backup back and replay the deletion ledger into it.

    With `ledger_lost` what is left of the ledger is completed from the backup's own
    suppression list: what was erased since, and stands in neither, comes back.

    Refuses where there is a database, unless `over`, and while others use it. Killed
    at any point it either changed nothing, or left no database and is begun anew, or
    left the gate shut and `manage.py replay_deletions` finishes it. Raises
    BackupTrouble, KeyTrouble, LedgerBroken, WitnessTrouble or ReplayTrouble.
    """
    manifest = refuse_unusable(file, keys_file, ledger_lost=ledger_lost)
    if not ledger_lost:
        _refuse_without_ledger(file)
    kind = places.kind()
    with places.putting_back():
        if not over and not kind.is_empty():
            raise BackupTrouble(ALREADY)
        kind.refuse_company()
        say(f"Putting back what was there on {manifest['made_at']}.")
        with (
            reading(file, DATABASE) as (_, contents),
            datakeys.kept(keys_file) as (_, rows),
        ):
            restored = datakeys.as_restored(rows, now)
            kind.put_back(contents, manifest, restored, over=over)
        connections.close_all()
        refuse_unusable_store()
        return _finish(now, manifest["id"], ledger_lost=ledger_lost, say=say)


def finish(now: datetime, *, ledger_lost: bool = False) -> Replayed:
    """What follows once the database is there, after a crash or a copy by hand.

    Raises BackupTrouble while a restore does it.
    """
    with places.putting_back():
        return _finish(now, ledger_lost=ledger_lost)


def _finish(
    now: datetime,
    backup_id: str = "",
    *,
    ledger_lost: bool,
    say: Callable[[str], object] = lambda line: None,
) -> Replayed:
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    if ledger_lost:
        write_ledger_anew()
    elif not ledger.exists() and why_shut():
        raise BackupTrouble(_no_ledger())
    say("Replaying the deletion ledger.")
    done = replay(now, then=_forget)
    if backup_id:
        record("backup.restored", details={"backup": backup_id, "lines": done.lines})
    return done


def _forget(owner: UUID) -> None:
    datakeys.forget_data_keys(owner)


def _refuse_newer(manifest: dict[str, Any]) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    newer = [name for name in manifest["migrations"] if name not in known]
    if newer:
        raise BackupTrouble(
            f"The backup was made by version {manifest['program']} of the program, "
            f"which has migrations that this one doesn't know ({newer[0]}): use that "
            "version or a newer one."
        )


def _refuse_without_ledger(file: Path) -> None:
    """An older backup knows of no erasure, so the ledger is all there is to tell of
    them: it must be there, and hold what it held when any backup at hand was made."""
    if not ledger.exists():
        raise BackupTrouble(_no_ledger())
    beside = file.parent.glob(f"plugseller-*{ENDINGS[DATABASE]}")
    for other in sorted({*beside, *places.backups()}):
        if told := _told_by(other):
            _refuse_older_ledger(told)


def _no_ledger() -> str:
    return (
        f"There is no deletion ledger at {ledger.ledger_file()}, and without it "
        "whatever was erased after the backup would be back: put your copy of it "
        "there. If nothing was ever erased, make an empty file there; if it is "
        "lost for good, see README, Backups."
    )


def _told_by(file: Path) -> dict[str, Any] | None:
    """The manifest of a backup that may be of another key, or broken."""
    try:
        with reading(file, DATABASE) as (manifest, _):
            return manifest
    except (BackupTrouble, KeyTrouble):
        return None


def _refuse_older_ledger(manifest: dict[str, Any]) -> None:
    """The ledger must hold what it held when the backup was made. It lies elsewhere:
    an empty place has none before the operator puts the copy there."""
    told = manifest["ledger"]
    lines = ledger.read()
    number = told["line"]
    if number and (
        len(lines) < number or lines[number - 1].checksum != told["checksum"]
    ):
        raise BackupTrouble(
            f"The deletion ledger {ledger.ledger_file()} lacks lines that it held when "
            f"the backup of {manifest['made_at'][:16]} was made: put back your copy of "
            "the ledger first. If it is lost for good, see README, Backups."
        )
