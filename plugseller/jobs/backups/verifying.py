"""Proves a backup by putting it back to a scratch place and comparing (row 38)."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import transaction

from plugseller.audit.services import record
from plugseller.custody.ledger import LedgerBroken
from plugseller.custody.models import Backup
from plugseller.jobs.backups import places
from plugseller.jobs.backups.archive import (
    DATABASE,
    BackupTrouble,
    header_of,
    reading,
)
from plugseller.jobs.backups.contents import Ask, figures
from plugseller.jobs.backups.restoring import refuse_unusable
from plugseller.keyprovider import KeyTrouble

PROVED_EVERY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found."""

    file: Path
    tables: int
    rows: int
    head: int | None  # the last entry of the audit log in it
    differences: list[str]  # sentences; empty if it holds what it should

    @property
    def holds(self) -> bool:
        return not self.differences


def verify_due(now: datetime) -> Verified | None:
    """The weekly proof; sooner while none was, or the last one failed.

    None while there is nothing to prove, or nothing new.
    """
    newest, proof = Backup.newest(now), Backup.last_proof(now)
    if newest is None or newest.verified is False:
        return None  # the first is to come; or the next, for this one was found out
    proved_at = proof.verified_at if proof and proof.verified else None
    if proved_at and proved_at > now - PROVED_EVERY:
        return None
    file = places.folder() / newest.file
    found = verify(file, places.keys_file_of(file), now=now)
    if not found.holds:
        raise BackupTrouble(found.differences[0])
    return found


def verify(file: Path, keys_file: Path, *, now: datetime) -> Verified:
    """Put a backup back to a scratch place and compare it with its manifest.

    The result stands on the backup's record, where this database has it.
    """
    row = _record_of(file)
    with places.putting_back(waits=True):
        try:
            if row and header_of(file, DATABASE).id != str(row.pk):
                raise BackupTrouble(f"{file} is another backup than was made there.")
            found = _compare(file, keys_file)
        except (BackupTrouble, KeyTrouble, LedgerBroken) as error:
            found = Verified(file, 0, 0, None, [str(error)])
    if row:
        _note(row, found, now)
    return found


def _record_of(file: Path) -> Backup | None:
    """By the file's place, which stays whatever becomes of the file; a copy that lies
    elsewhere says itself which backup it is."""
    if places.is_configured() and file.absolute().parent == places.folder().absolute():
        made = Backup.objects.filter(file=file.name, outcome=Backup.Outcome.MADE)
        if row := made.first():
            return row
    try:
        return Backup.objects.filter(pk=header_of(file, DATABASE).id).first()
    except BackupTrouble:
        return None


def _compare(file: Path, keys_file: Path) -> Verified:
    manifest = refuse_unusable(file, keys_file)
    with (
        TemporaryDirectory(prefix=places.SCRATCH, dir=settings.PLUGSELLER_HOME) as home,
        reading(file, DATABASE) as (_, contents),
        places.kind().scratch(contents, manifest, Path(home)) as ask,
    ):
        found = figures(ask, _tables_of(ask, manifest["counts"]))
    different = [
        f"{table} has {found.counts.get(table, 0)} rows instead of {expected}."
        for table, expected in manifest["counts"].items()
        if found.counts.get(table) != expected
    ]
    if found.head != manifest["head"]:
        different.append("The audit log ends with another entry than it should.")
    if found.migrations != manifest["migrations"]:
        different.append("It isn't migrated as it should be.")
    return Verified(
        file,
        len(found.counts),
        sum(found.counts.values()),
        found.head.get("number"),
        different,
    )


def _tables_of(ask: Ask, expected: dict[str, int]) -> list[str]:
    """Those that can be counted: one that is missing is a difference, not an error."""
    there = []
    for table in expected:
        with contextlib.suppress(Exception):  # of either driver: no such table
            ask(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608  of the manifest
            there.append(table)
    return there


@transaction.atomic
def _note(row: Backup, found: Verified, now: datetime) -> None:
    row.verified_at, row.verified = now, found.holds
    row.trouble = "" if found.holds else found.differences[0][:300]
    row.save(update_fields=["verified_at", "verified", "trouble"])
    record(
        "backup.verified",
        subject=row,
        rows=found.rows,
        details={"holds": found.holds, "head": found.head},
    )
