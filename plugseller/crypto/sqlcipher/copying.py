"""Copying an encrypted database online, under another key."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plugseller.crypto.sqlcipher.opening import create_database, open_database

_SIDE_FILES = ("-wal", "-shm", "-journal")


def copy_database(source: Path, source_key: str, copy: Path, copy_key: str) -> None:
    """Copy a database in one piece, as it was at one instant, while others write.

    In one step it is one read transaction: the write-ahead log lets writers go on.
    Raises DatabaseRefused, and the driver's errors.
    """
    create_database(copy, copy_key)
    with opened(source, source_key) as old, opened(copy, copy_key) as new:
        old.backup(new)


@contextlib.contextmanager
def opened(path: Path, key: str, *, patience: float = 20) -> Iterator[Any]:
    """A connection of the driver, closed with the block. Raises DatabaseRefused."""
    connection = open_database(path, key, {"timeout": patience})
    try:
        yield connection
    finally:
        connection.close()


def in_one_file(connection: Any) -> None:
    """Have everything in the file itself from here on, nothing beside it."""
    connection.commit()
    connection.execute("PRAGMA journal_mode = DELETE")


def remove_database(path: Path) -> None:
    """Remove a database and what SQLite keeps beside it."""
    for end in ("", *_SIDE_FILES):
        path.with_name(path.name + end).unlink(missing_ok=True)


def remove_side_files(path: Path) -> None:
    """Remove what SQLite kept beside a database that is being replaced."""
    for end in _SIDE_FILES:
        path.with_name(path.name + end).unlink(missing_ok=True)
