"""Opening an encrypted database, or saying in one sentence why not.

Nothing on the disk is changed before the key has proved right. SQLite itself is
less careful: it makes a missing file, a driver without SQLCipher takes any key
and writes plain text, and a connection with the wrong key still folds a left
write-ahead log into the file when it closes.
"""

import os
import re
import time
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from plugseller.crypto.sqlcipher import turns
from plugseller.crypto.sqlcipher.turns import DatabaseRefused

# A page that another process is just writing can look damaged for a moment.
_LOOKS = 3
_BETWEEN_LOOKS = 0.05

_fits: dict[str, str] = {}  # path -> the key that has proved right


def create_database(path: Path, key: str) -> None:
    """Make an empty encrypted database that only its owner can read.

    Raises DatabaseRefused when there is a file already or none can be made.
    """
    check_key(key)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise DatabaseRefused(
            f"The database {path} is already there and was left as it is."
        ) from error
    except OSError as error:
        raise DatabaseRefused(
            f"The database {path} can't be made ({error.strerror}): check "
            "PLUGSELLER_HOME and who owns it."
        ) from error
    try:
        connection = connect(path, mode="mode=rw", key=key, params={})
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
    except BaseException:
        path.unlink()
        raise


def open_database(
    path: Path, key: str, params: dict[str, Any], *, next_key: str | None = None
) -> Any:
    """A connection to an existing encrypted database, its key proved right.

    `next_key` is tried too: a change of the key that was stopped midway may have got
    as far as the file. `params` goes to the driver's `connect`. Raises
    DatabaseRefused.
    """
    check_key(key)
    _refuse_without_file(path)
    share = turns.share(path, seconds=params.get("timeout", 20))
    try:
        connection = _connect_proved(path, key, next_key, params)
    except BaseException:
        share.end()
        raise
    connection.share = share
    return connection


class SharingConnection(dbapi2.Connection):  # type: ignore[misc]  # no types
    """Says that the file is in use, until it is closed."""

    share: turns.Turn | None = None

    def close(self) -> None:
        super().close()
        if self.share is not None:
            self.share.end()


def _connect_proved(
    path: Path, key: str, next_key: str | None, params: dict[str, Any]
) -> Any:
    params = {**params, "factory": SharingConnection}
    fitting = _fits.get(str(path))
    if fitting is not None and fitting in (key, next_key):
        try:
            return connect(path, mode="mode=rw", key=fitting, params=params)
        except dbapi2.DatabaseError as error:
            if error.sqlite_errorcode != dbapi2.SQLITE_NOTADB:
                raise
    fitting = _fits[str(path)] = _prove(path, key, next_key)
    return connect(path, mode="mode=rw", key=fitting, params=params)


def check_key(key: str) -> None:
    """Refuse what SQLCipher would take for a passphrase instead of a raw key."""
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise DatabaseRefused(
            f"The database key has {len(key)} characters instead of 64 hexadecimal "
            "digits: put back your copy of the key file."
        )


def opens(path: Path, key: str | None) -> bool:
    """Whether a database file opens with this key, or with none.

    Immutable: SQLite reads the main file alone, takes no lock and writes nothing.
    A file left in the midst of a checkpoint is "malformed" without its write-ahead
    log, but only a key that fits gets as far as to see that.
    """
    try:
        connection = connect(path, mode="mode=ro&immutable=1", key=key, params={})
    except dbapi2.DatabaseError as error:
        return bool(error.sqlite_errorcode == dbapi2.SQLITE_CORRUPT)
    connection.close()
    return True


def _prove(path: Path, key: str, next_key: str | None) -> str:
    """The key that opens it, seen on the first page without locks, logs or writes."""
    for _ in range(_LOOKS):
        if opens(path, key):
            return key
        if next_key is not None and opens(path, next_key):
            return next_key
        time.sleep(_BETWEEN_LOOKS)
    if opens(path, None):
        raise DatabaseRefused(
            f"The database {path} isn't encrypted, so it was left untouched: move it "
            "away and run `manage.py init` to make an encrypted one."
        )
    raise DatabaseRefused(
        f"The database {path} doesn't open with this key: put back the database.key "
        "that belongs to it, or the database that belongs to the key."
    )


def _refuse_without_file(path: Path) -> None:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise DatabaseRefused(
            f"There is no database at {path}: run `manage.py init` to make one, or "
            "check PLUGSELLER_HOME if there should be one."
        ) from error
    except OSError as error:
        raise DatabaseRefused(
            f"The database {path} can't be reached ({error.strerror}): its folder must "
            "belong to the account that runs Plug Seller."
        ) from error
    if size == 0:
        raise DatabaseRefused(
            f"The database {path} is empty: put back your backup, or remove the file "
            "and run `manage.py init` if there never was any data."
        )
    # Asked of the system instead of tried: opening and closing the file would drop
    # the locks this process holds on it through SQLite.
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK):
        raise DatabaseRefused(
            f"The database {path} can't be written: the file and its folder must "
            "belong to the account that runs Plug Seller."
        )


def connect(path: Path, *, mode: str, key: str | None, params: dict[str, Any]) -> Any:
    """A connection as the driver makes it, its key tried; `params` goes to it."""
    # A driver without SQLCipher ignores the pragmas it doesn't know.
    connection = dbapi2.connect(f"{path.as_uri()}?{mode}", uri=True, **params)
    try:
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key}'\"")
        # SQLCipher reports a failed page on stderr by itself; the refusal says it.
        connection.execute("PRAGMA cipher_log_level = NONE")
        if not connection.execute("PRAGMA cipher_version").fetchone():
            raise DatabaseRefused(
                "The database driver isn't SQLCipher, so nothing would be encrypted: "
                "install the package sqlcipher3 from requirements.txt."
            )
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
