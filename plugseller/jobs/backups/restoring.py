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
from plugseller.custody.replay import Replayed, replay
from plugseller.jobs.backups import datakeys, places
from plugseller.jobs.backups.archive import (
    DATABASE,
    KEYS,
    BackupTrouble,
    prove,
    reading,
)


def refuse_unusable(file: Path, keys_file: Path) -> dict[str, Any]:
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
    _refuse_older_ledger(manifest)
    datakeys.refuse_missing_masters(keys_file)
    return manifest


def restore(
    file: Path,
    keys_file: Path,
    *,
    now: datetime,
    over: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Replayed:
    """Put a backup back and replay the deletion ledger into it.

    Refuses where there is a database, unless `over`, and while others use it. Killed
    at any point it either changed nothing or left the gate shut, and
    `manage.py replay_deletions` finishes it. Raises BackupTrouble, KeyTrouble,
    LedgerBroken, WitnessTrouble or ReplayTrouble.
    """
    manifest = refuse_unusable(file, keys_file)
    kind = places.kind()
    if not over and not kind.is_empty():
        raise BackupTrouble(
            "There is a database already, and it was left as it is: empty its place, "
            "or replace it with --over."
        )
    kind.refuse_company()
    say(f"Putting back what was there on {manifest['made_at']}.")
    with (
        reading(file, DATABASE) as (_, contents),
        datakeys.kept(keys_file) as (_, rows),
    ):
        kind.put_back(contents, manifest, datakeys.as_restored(rows, now))
    connections.close_all()
    refuse_unusable_store()
    return finish(now, backup_id=manifest["id"], say=say)


def finish(
    now: datetime,
    *,
    backup_id: str = "",
    say: Callable[[str], object] = lambda line: None,
) -> Replayed:
    """What follows once the database is there; may be called again after a crash."""
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
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
            "the backup was made: put back your copy of the ledger first."
        )
