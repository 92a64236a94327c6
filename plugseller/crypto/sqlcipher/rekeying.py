"""Another key for a database file: a whole copy under it takes the file's place.

    copy under the new key -> compare -> wait for the disk -> rename

SQLCipher can also change the key within the file, page by page; what a copy leaves
after a crash is simpler: the old file or the new one, never something between.
"""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from plugseller.crypto.sqlcipher.opening import check_key, connect, opens
from plugseller.crypto.sqlcipher.turns import DatabaseInUse, DatabaseRefused, alone
from plugseller.disk import settle

_SIDES = ("-wal", "-journal")
_SPARE = 16 * 2**20  # bytes of disk that are left beside the copy


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What was copied; nothing if an earlier run got as far as that."""

    tables: int = 0
    rows: int = 0
    bytes: int = 0


def rekey(path: Path, old: str, new: str) -> Rekeyed:
    """Put the database under the new key. Raises DatabaseRefused, nothing changed.

    Killed at any moment it leaves a file that opens with the old key or with the new
    one; the next run goes on from there.
    """
    check_key(old)
    check_key(new)
    turn = alone(path)
    try:
        draft = path.with_name(f"{path.name}.rekeying")
        _remove(draft)
        if not opens(path, old) and opens(path, new):
            return Rekeyed()
        _refuse_without_space(path)
        try:
            copied = _copy(path, old, draft, new)
            _refuse_sides(path)
            settle(draft)
            draft.replace(path)
            settle(path.parent)
        finally:
            _remove(draft)
        return copied
    finally:
        turn.end()


def _copy(path: Path, old: str, draft: Path, new: str) -> Rekeyed:
    with closing(
        connect(path, mode="mode=rw", key=old, params={"timeout": 1})
    ) as source:
        _fold_log(path, source)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(connect(draft, mode="mode=rw", key=new, params={})) as target:
            try:
                source.backup(target)
            except dbapi2.Error as error:
                raise DatabaseRefused(
                    f"The database {path} can't be copied ({error}): see to the disk; "
                    "nothing was changed."
                ) from error
        return _compare(source, draft, new)


def _fold_log(path: Path, source: Any) -> None:
    """Bring the write-ahead log into the file; SQLite does so for one user alone."""
    try:
        source.execute("PRAGMA locking_mode = EXCLUSIVE")
        [mode] = source.execute("PRAGMA journal_mode = DELETE").fetchone()
    except dbapi2.OperationalError as error:
        raise _in_use(path) from error
    if mode != "delete":
        raise _in_use(path)


def _in_use(path: Path) -> DatabaseInUse:
    return DatabaseInUse(
        f"The database {path} is open in another program, so nothing was changed: end "
        "it, then repeat this."
    )


def _compare(source: Any, draft: Path, new: str) -> Rekeyed:
    """Read every page of the copy and count every table in both."""
    with closing(connect(draft, mode="mode=ro", key=new, params={})) as copy:
        sound = [row[0] for row in copy.execute("PRAGMA integrity_check")] == ["ok"]
        damaged = copy.execute("PRAGMA cipher_integrity_check").fetchall()
        counts, wanted = _contents(copy), _contents(source)
    if not sound or damaged or counts != wanted:
        raise DatabaseRefused(
            f"The copy {draft} isn't the same as the database, so nothing was changed: "
            "look at the disk and repeat this."
        )
    tables = [count for kind, _, _, count in counts if kind == "table"]
    return Rekeyed(len(tables), sum(tables), draft.stat().st_size)


def _contents(connection: Any) -> list[tuple[str, str, str | None, int]]:
    """Everything the schema names, and how many rows each table has."""
    named = connection.execute(
        "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    ).fetchall()
    return [
        (kind, name, sql, _rows(connection, name) if kind == "table" else 0)
        for kind, name, sql in named
    ]


def _rows(connection: Any, table: str) -> int:
    quoted = table.replace('"', '""')
    [count] = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608  a table of the schema
    return int(count)


def _refuse_without_space(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    needed = path.stat().st_size + (log.stat().st_size if log.exists() else 0) + _SPARE
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise DatabaseRefused(
            f"There is too little space beside {path} for a copy ({free // 2**20} MiB, "
            f"{needed // 2**20} needed): make room; nothing was changed."
        )


def _refuse_sides(path: Path) -> None:
    """What SQLite keeps beside a file belongs to that file alone."""
    for end in _SIDES:
        side = path.with_name(f"{path.name}{end}")
        if side.exists() and side.stat().st_size:
            raise _in_use(path)


def _remove(draft: Path) -> None:
    for end in ("", *_SIDES):
        draft.with_name(f"{draft.name}{end}").unlink(missing_ok=True)
