"""The data keys of a backup, apart from it and within reach of deletions (ENC-3).

They stay wrapped by their master keys, and the file is sealed under the period's key.
When an owner's keys are destroyed, they are taken out of the files that are within
reach; copies elsewhere end with the period's key.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from plugseller import keyprovider
from plugseller.audit.services import record
from plugseller.crypto.models import DataKey
from plugseller.jobs.backups import places
from plugseller.jobs.backups.archive import (
    KEYS,
    BackupTrouble,
    Header,
    header_of,
    prove,
    reading,
    writing,
)
from plugseller.jobs.backups.contents import KeyRow
from plugseller.keyprovider import KeyTrouble

logger = logging.getLogger(__name__)

_OWNER, _WRAPPED, _MASTER, _CREATED, _RETIRED, _DESTROYED = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of an owner's data keys in backups."""

    files: int  # from which they were taken out
    out_of_reach: int  # files that couldn't be opened; they end with their period


def keep(path: Path, header: Header, rows: Iterable[KeyRow], count: int) -> None:
    """Write the data keys of a backup. Raises BackupTrouble or KeyTrouble."""
    with writing(path, header, {"id": header.id, "rows": count}) as (sealed, _):
        for row in rows:
            sealed.write(json.dumps(row).encode() + b"\n")


@contextmanager
def kept(path: Path) -> Iterator[tuple[dict[str, Any], Iterator[KeyRow]]]:
    """The manifest and the data keys of a file. Raises BackupTrouble or KeyTrouble."""
    with reading(path, KEYS) as (manifest, contents):
        yield manifest, _rows(contents)


def forget_data_keys(owner: UUID) -> Forgotten:
    """Take an owner's data keys out of every backup within reach.

    To be called after they were destroyed in the database; doing so again changes
    nothing. Raises BackupTrouble when a file that opens can't be written.
    """
    files = out_of_reach = 0
    with places.alone_in(places.keys_folder(), "forgetting", waits=True):
        for path in places.keys_files():
            try:
                files += _forget(path, {owner})
            except (BackupTrouble, KeyTrouble) as error:
                if _opens(path):
                    raise
                logger.warning("Data keys stay in %s: %s", path.name, error)
                out_of_reach += 1
    if files or out_of_reach:
        record(
            "backup.keys_forgotten",
            rows=files,
            details={"owner": owner, "out of reach": out_of_reach},
        )
    return Forgotten(files, out_of_reach)


def forget_destroyed(path: Path) -> bool:
    """Take out of a new file what was destroyed while it was being made."""
    with kept(path) as (_, rows):
        alive = {UUID(row[_OWNER]) for row in rows if row[_WRAPPED] and row[_OWNER]}
    gone = DataKey.objects.exclude(destroyed_at=None).values_list("owner", flat=True)
    living = set(
        DataKey.objects.filter(destroyed_at=None).values_list("owner", flat=True)
    )
    destroyed = (alive & set(gone)) - living
    with places.alone_in(places.keys_folder(), "forgetting", waits=True):
        return bool(destroyed) and _forget(path, destroyed)


def refuse_missing_masters(path: Path) -> None:
    """Raise KeyTrouble unless the master keys that wrap these data keys are held."""
    with kept(path) as (_, rows):
        used = {row[_MASTER] for row in rows if row[_WRAPPED]}
    for master in sorted(filter(None, used)):
        keyprovider.provider().master_key(master)


def as_restored(rows: Iterable[KeyRow], now: datetime) -> Iterator[KeyRow]:
    """Rows for the database: a key that was taken out was destroyed."""
    at = f"{now:%Y-%m-%d %H:%M:%S.%f}"
    for row in rows:
        if row[_WRAPPED]:
            yield row
        else:
            retired, destroyed = row[_RETIRED] or at, row[_DESTROYED] or at
            yield [*row[:_RETIRED], retired, destroyed]


def _forget(path: Path, owners: set[UUID]) -> bool:
    with kept(path) as (_, rows):
        if not any(_is_of(row, owners) for row in rows):
            return False
    old = header_of(path, KEYS)
    header = Header.new(UUID(old.id), KEYS, old.period)
    with kept(path) as (manifest, rows):
        keep(path, header, _without(rows, owners), manifest["rows"])
    return True


def _without(rows: Iterable[KeyRow], owners: set[UUID]) -> Iterator[KeyRow]:
    for row in rows:
        if _is_of(row, owners):
            yield [*row[:_WRAPPED], "", *row[_MASTER:]]
        else:
            yield row


def _is_of(row: KeyRow, owners: set[UUID]) -> bool:
    return bool(row[_WRAPPED]) and UUID(row[_OWNER]) in owners


def _rows(contents: IO[bytes]) -> Iterator[KeyRow]:
    for line in contents:
        yield json.loads(line)


def _opens(path: Path) -> bool:
    try:
        prove(path, KEYS)
    except (BackupTrouble, KeyTrouble):
        return False
    return True
