"""Makes a backup while everything goes on (issue: consistent while syncing)."""

import logging
import time
import tomllib
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from plugseller import keyprovider
from plugseller.audit.services import record
from plugseller.crypto import periods
from plugseller.custody import ledger
from plugseller.custody.ledger import LedgerBroken
from plugseller.custody.models import Backup
from plugseller.jobs.backups import datakeys, places
from plugseller.jobs.backups.archive import (
    DATABASE,
    ENDINGS,
    KEYS,
    BackupTrouble,
    Header,
    Written,
    writing,
)
from plugseller.jobs.backups.contents import Snapshot
from plugseller.keyprovider import KeyTrouble

logger = logging.getLogger(__name__)


def make_due(now: datetime) -> Backup | None:
    """The daily backup; None where nothing is to be backed up."""
    return make(now) if places.is_configured() else None


def make(now: datetime) -> Backup:
    """Make a backup and keep a record of it.

    Earlier backups stay as they are, whatever goes wrong. Raises BackupTrouble or
    KeyTrouble, of which there is a record too.
    """
    folder = places.folder()
    with places.alone_in(folder, "making"):
        with places.alone_in(places.keys_folder(), "forgetting", waits=True):
            places.sweep(folder)
            places.sweep(places.keys_folder())
        row = _begin(now)
        began = time.monotonic()
        try:
            snapshot, written = _write(row, folder)
        except (BackupTrouble, KeyTrouble, LedgerBroken) as error:
            _fail(row, str(error))
            raise
        except Exception as error:
            _fail(row, f"It ended in {type(error).__name__}.")
            raise
        return _note(row, snapshot, written, seconds=time.monotonic() - began)


@transaction.atomic
def _begin(now: datetime) -> Backup:
    """The record comes first: a backup that was killed counts until its time is over.

    The period's key too: `horizon` counts whatever could be opened by it.
    """
    periods.key_of_now(now)
    period = periods.period_of(now)
    Backup.objects.filter(outcome=Backup.Outcome.RUNNING).update(
        outcome=Backup.Outcome.FAILED, trouble="It was broken off."
    )
    row = Backup(
        made_at=now,
        period=period,
        expires_at=places.expires_at(period),
        kind=places.kind().NAME,
    )
    row.file = places.named(now, row.pk) + ENDINGS[DATABASE]
    row.save()
    return row


def _write(row: Backup, folder: Path) -> tuple[Snapshot, Written]:
    file = folder / row.file
    keys_file = places.keys_file_of(file)
    with places.kind().snapshot(folder) as snapshot:
        manifest = _manifest(row, snapshot)
        sealing = Header.new(row.pk, KEYS, row.period)
        header = Header.new(row.pk, DATABASE, row.period)
        try:
            datakeys.keep(keys_file, sealing, snapshot.keys, len(snapshot.keys))
            datakeys.forget_destroyed(keys_file)
            with writing(file, header, manifest) as (sealed, written):
                snapshot.write(sealed)
        except BaseException:
            keys_file.unlink(missing_ok=True)
            raise
    return snapshot, written


def _manifest(row: Backup, snapshot: Snapshot) -> dict[str, Any]:
    lines = ledger.read()
    provider = keyprovider.provider()
    return {
        "id": str(row.pk),
        "program": program_version(),
        "made_at": row.made_at.isoformat(),
        "kind": row.kind,
        **asdict(snapshot.figures),
        "data_keys": len(snapshot.keys),
        "ledger": {
            "line": len(lines),
            "checksum": lines[-1].checksum if lines else "",
        },
        "key_ids": {
            "master": provider.current_master_id(),
            "signing": provider.signing_ids(),
        },
        "facts": snapshot.facts,
    }


@transaction.atomic
def _note(
    row: Backup, snapshot: Snapshot, written: Written, *, seconds: float
) -> Backup:
    row.size, row.sha256 = written.size, written.sha256
    row.counts, row.head = snapshot.figures.counts, snapshot.figures.head
    row.outcome, row.seconds = Backup.Outcome.MADE, round(seconds, 3)
    row.save()
    record(
        "backup.made",
        subject=row,
        rows=sum(row.counts.values()),
        details={
            "bytes": row.size,
            "sha256": row.sha256,
            "head": row.head.get("number"),
            "expires": row.expires_at,
        },
    )
    return row


def _fail(row: Backup, why: str) -> None:
    try:
        with transaction.atomic():
            row.outcome, row.trouble = Backup.Outcome.FAILED, why[:300]
            row.save()
            record("backup.failed", subject=row)
    except Exception as error:  # the disk may be full for the database too
        logger.error("A failed backup has no record: %s.", type(error).__name__)


def program_version() -> str:
    """What `pyproject.toml` says."""
    told = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
    return str(told["project"]["version"])
