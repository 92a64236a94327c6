"""Where backups lie, and who may write there at the moment."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection

from plugseller.crypto import periods
from plugseller.jobs.backups import embedded, server
from plugseller.jobs.backups.archive import (
    DATABASE,
    ENDINGS,
    KEYS,
    BackupTrouble,
    no_place,
)
from plugseller.jobs.backups.contents import Kind

KINDS: dict[str, Kind] = {"sqlite": embedded, "postgresql": server}
SCRATCH = ".verify-"  # folders in PLUGSELLER_HOME, of proofs under way
_BUSY = {
    "making": "Another process is making a backup in {place}: let it finish.",
    "forgetting": "Another process takes data keys out of {place}: let it finish.",
    "putting-back": "Another process is putting a backup back: let it finish.",
}


def kind() -> Kind:
    """How the database of this installation is backed up."""
    return KINDS[connection.vendor]


def is_configured() -> bool:
    return bool(settings.BACKUP_FOLDER)


def folder() -> Path:
    """Where the databases' part lies. Raises BackupTrouble if none was named."""
    if not is_configured():
        raise BackupTrouble(
            "Nothing is backed up, because BACKUP_FOLDER is empty: name a folder on "
            "another disk. Example: BACKUP_FOLDER=/backup/plugseller"
        )
    return Path(settings.BACKUP_FOLDER)


def keys_folder() -> Path:
    """Where the data keys' part lies, apart from the other."""
    return Path(settings.BACKUP_KEYS_FOLDER)


def named(made_at: datetime, backup_id: UUID) -> str:
    return f"plugseller-{made_at:%Y%m%dT%H%M%SZ}-{backup_id.hex[:8]}"


def keys_file_of(file: Path) -> Path:
    """Where the data keys of a backup's file should be."""
    return keys_folder() / file.with_suffix(ENDINGS[KEYS]).name


def backups() -> list[Path]:
    """The files of databases, the oldest first."""
    if not is_configured():
        return []
    return sorted(Path(settings.BACKUP_FOLDER).glob(f"plugseller-*{ENDINGS[DATABASE]}"))


def keys_files() -> list[Path]:
    return sorted(keys_folder().glob(f"plugseller-*{ENDINGS[KEYS]}"))


def expires_at(period: str) -> datetime:
    """When the key of a period is destroyed, and with it all that it opens.

    Counted from the period's beginning, so that nothing made in it lasts longer.
    """
    return periods.start_of(period) + settings.BACKUP_KEEP


@contextlib.contextmanager
def alone_in(place: Path, work: str, *, waits: bool = False) -> Iterator[None]:
    """Nobody else does that work in the folder meanwhile. Raises BackupTrouble.

    Each work has a lock of its own: somebody may have named one folder for both.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = place / f".{work}.lock"
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise no_place(place, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        yield
    except BlockingIOError as error:
        raise BackupTrouble(_BUSY[work].format(place=place)) from error
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def putting_back(*, waits: bool = False) -> Iterator[None]:
    """Nobody else restores or proves a backup on this machine meanwhile.

    What a killed one left behind goes first: it may hold what was erased since, and no
    deletion walks there (RET-2). Raises BackupTrouble.
    """
    home = Path(settings.PLUGSELLER_HOME)
    with alone_in(home, "putting-back", waits=waits):
        sweep(home)
        for left in home.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        kind().sweep()
        yield


def sweep(place: Path) -> None:
    """Remove files that a killed process left half written. Only while alone there."""
    for left in (*place.glob(".*.part"), *place.glob(".*.part-*")):
        with contextlib.suppress(OSError):
            left.unlink()
