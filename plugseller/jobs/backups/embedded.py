"""Backups of the embedded database (SQLCipher).

The copy is made by SQLite's own backup into a file under a random key, which stands in
the sealed manifest only: so a backup can be put back under another database key.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.db import connection, connections
from sqlcipher3 import dbapi2

from plugseller import keyprovider
from plugseller.crypto.sqlcipher import turns
from plugseller.crypto.sqlcipher.copying import (
    copy_database,
    in_one_file,
    opened,
    remove_database,
    remove_side_files,
)
from plugseller.crypto.sqlcipher.opening import create_database
from plugseller.crypto.sqlcipher.turns import DatabaseRefused
from plugseller.crypto.streaming import CHUNK, Sink
from plugseller.disk import settle
from plugseller.jobs.backups.archive import ALREADY, BackupTrouble, no_place
from plugseller.jobs.backups.contents import (
    DATA_KEYS,
    LEFT_OUT,
    Ask,
    KeyRow,
    Snapshot,
    figures,
)

NAME = "sqlcipher"
_KEYS = (
    "SELECT id, owner, lower(hex(wrapped)), master_key_id, "  # noqa: S608  a constant
    f"created_at, retired_at, destroyed_at FROM {DATA_KEYS} ORDER BY id"
)
_COLUMNS = "id, owner, wrapped, master_key_id, created_at, retired_at, destroyed_at"


@contextlib.contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    """A copy in `folder` while others write. Raises BackupTrouble."""
    _refuse_without_space(folder)
    copy = folder / f".{secrets.token_hex(8)}.part"
    key = secrets.token_hex(32)
    try:
        create_database(copy, key)
        with opened(copy, key) as link:
            _copy_to(link)
            ask = _ask(link)
            told = figures(ask, _tables(ask))
            keys = [list(row) for row in ask(_KEYS)]
            in_one_file(link)
            for table in LEFT_OUT:
                # SQLCipher overwrites what it deletes (secure_delete is on).
                link.execute(f'DELETE FROM "{table}"')  # noqa: S608  ours
            link.commit()
        yield Snapshot(
            figures=told,
            keys=keys,
            write=lambda sink: _stream(copy, sink),
            facts={"database_key": key},
        )
    except dbapi2.DatabaseError as error:
        raise BackupTrouble(
            f"The database can't be copied to {folder} ({error}): nothing of earlier "
            "backups was touched. Check the space on that disk."
        ) from error
    except DatabaseRefused as error:
        raise BackupTrouble(str(error)) from error
    finally:
        remove_database(copy)


def _copy_to(copy: Any) -> None:
    """All of the database as it was at one instant: one step is one read transaction,
    and the write-ahead log lets others write meanwhile."""
    link = connection.copy("backup")  # opens it as everybody does, whatever its key
    try:
        link.ensure_connection()
        link.connection.backup(copy)
    finally:
        link.close()


def is_empty() -> bool:
    return not _path().exists()


def refuse_company() -> None:
    connections.close_all()
    if not _path().exists():
        return
    try:
        turns.alone(_path(), seconds=0.5).end()
    except DatabaseRefused as error:
        raise BackupTrouble(str(error)) from error


def put_back(
    contents: IO[bytes],
    manifest: dict[str, Any],
    keys: Iterator[KeyRow],
    *,
    over: bool,
) -> None:
    """Make the database anew beside its place, and rename it when it is whole."""
    path = _path()
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    key = keyprovider.database_key()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _received(contents, manifest, path.parent) as (received, old_key):
            copy_database(received, old_key, fresh, key)
        with opened(fresh, key) as link:
            link.executemany(_insert(), map(_as_stored, keys))
            link.commit()
        _see_on_disk(fresh)
        connections.close_all()
        _put_in_place(fresh, path, over=over)
    except dbapi2.DatabaseError as error:
        raise BackupTrouble(
            f"The database can't be put back ({error}): nothing was changed."
        ) from error
    except DatabaseRefused as error:
        raise BackupTrouble(str(error)) from error
    except OSError as error:
        raise _no_room(path.parent, error) from error
    finally:
        remove_database(fresh)


def sweep() -> None:
    """There is nothing but files."""


def _put_in_place(fresh: Path, path: Path, *, over: bool) -> None:
    """Nobody has it open meanwhile, so nobody writes on into the old one."""
    turn = turns.alone(path)
    try:
        if path.exists() and not over:
            raise BackupTrouble(ALREADY)
        # The file goes first: killed in between there is no database, never an old
        # one without its write-ahead log, nor a new one with another's.
        path.unlink(missing_ok=True)
        remove_side_files(path)
        fresh.replace(path)
        settle(path.parent)
    finally:
        turn.end()


@contextlib.contextmanager
def scratch(
    contents: IO[bytes], manifest: dict[str, Any], folder: Path
) -> Iterator[Ask]:
    """The contents in a file of their own, every page of it proved."""
    try:
        with (
            _received(contents, manifest, folder) as (received, key),
            opened(received, key) as link,
        ):
            damaged = link.execute("PRAGMA cipher_integrity_check").fetchall()
            if damaged:
                raise BackupTrouble(f"{len(damaged)} pages of the backup are damaged.")
            yield _ask(link)
    except (dbapi2.DatabaseError, DatabaseRefused) as error:
        raise BackupTrouble(f"The backup can't be opened ({error}).") from error


@contextlib.contextmanager
def _received(
    contents: IO[bytes], manifest: dict[str, Any], folder: Path
) -> Iterator[tuple[Path, str]]:
    received = folder / f".{secrets.token_hex(8)}.part"
    try:
        descriptor = os.open(received, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            shutil.copyfileobj(contents, file, CHUNK)
        yield received, manifest["facts"]["database_key"]
    except OSError as error:
        raise _no_room(folder, error) from error
    finally:
        remove_database(received)


def _no_room(folder: Path, error: OSError) -> BackupTrouble:
    return BackupTrouble(
        f"The backup can't be put back in {folder} ({error.strerror}): nothing was "
        "changed. Check the space on that disk and who owns it."
    )


def _insert() -> str:
    places = ", ".join("?" * 7)
    return f"INSERT INTO {DATA_KEYS} ({_COLUMNS}) VALUES ({places})"  # noqa: S608  ours


def _as_stored(row: KeyRow) -> list[str | bytes | None]:
    return [*row[:2], bytes.fromhex(row[2] or ""), *row[3:]]


def _ask(link: Any) -> Ask:
    return lambda sql: list(link.execute(sql).fetchall())


def _tables(ask: Ask) -> list[str]:
    rows = ask(
        "SELECT name FROM sqlite_master WHERE type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return [name for (name,) in rows]


def _stream(path: Path, sink: Sink) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, sink, CHUNK)


def _see_on_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _refuse_without_space(folder: Path) -> None:
    """The copy and what is sealed of it have to fit, before either is begun."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise no_place(folder, error) from error
    needed = 2 * sum(
        path.stat().st_size for path in _path().parent.glob(f"{_path().name}*")
    )
    if free < needed:
        raise BackupTrouble(
            f"A backup needs about {needed >> 20} MiB in {folder}, and {free >> 20} "
            "are free: nothing was begun. Earlier backups are as they were."
        )


def _path() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute()
