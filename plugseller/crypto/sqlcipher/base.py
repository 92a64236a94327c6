"""The database wrapper: Django's own for SQLite, speaking to SQLCipher.

    DATABASES = {"default": {
        "ENGINE": "plugseller.crypto.sqlcipher",
        "NAME": home / "plugseller.sqlite3",
        "OPTIONS": {
            "key": keyprovider.database_key,  # gives 64 hexadecimal digits
            "next_key": keyprovider.next_database_key,  # None unless being changed
            "cache_mib": 16,                  # page cache of each connection
            "timeout": 20,                    # seconds to wait for another writer
        },
    }}

Every `atomic` block takes the write lock when it begins (BEGIN IMMEDIATE), because
a transaction that reads first and writes later fails at once when another writer
came between. So no network call and no waiting inside one.
"""

import datetime
import decimal
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.backends.sqlite3 import base as sqlite
from django.db.backends.sqlite3._functions import (  # type: ignore[import-untyped]
    register as register_functions,
)
from django.utils.asyncio import async_unsafe
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from sqlcipher3 import dbapi2

from plugseller.crypto.sqlcipher.client import DatabaseClient
from plugseller.crypto.sqlcipher.creation import DatabaseCreation
from plugseller.crypto.sqlcipher.features import DatabaseFeatures
from plugseller.crypto.sqlcipher.opening import open_database

LOG_PAGES = 16_000  # 64 MiB; who commits when there are more writes the log back
_BETWEEN_LOOKS = 0.005  # seconds, whether another writer is done
_BUSY = 5  # SQLITE_BUSY (sqlite.org/rescode.html)

# Django registers these on the standard library's module; they are per module.
dbapi2.register_converter("bool", b"1".__eq__)
dbapi2.register_converter("date", sqlite.decoder(parse_date))
dbapi2.register_converter("time", sqlite.decoder(parse_time))
dbapi2.register_converter("datetime", sqlite.decoder(parse_datetime))
dbapi2.register_converter("timestamp", sqlite.decoder(parse_datetime))
dbapi2.register_adapter(decimal.Decimal, str)
dbapi2.register_adapter(datetime.date, sqlite.adapt_date)
dbapi2.register_adapter(datetime.datetime, sqlite.adapt_datetime)


def _as_it_is(value: Any) -> Any:
    return value


# The driver searches for an adapter of each value that isn't a plain number or text,
# and finds out by exceptions that these have none: eight times as slow.
for plain in (type(None), bytes, bool):
    dbapi2.register_adapter(plain, _as_it_is)


class DatabaseWrapper(sqlite.DatabaseWrapper):
    """Opens only an existing, encrypted file whose key has proved right."""

    display_name = "SQLCipher"
    Database = dbapi2
    client_class = DatabaseClient
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures

    init_commands: list[str]
    transaction_mode: str | None
    _cache_mib: int
    _patience: float  # seconds to wait for another writer

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("key", None)
        next_key = params.pop("next_key", None)
        self._cache_mib = int(params.pop("cache_mib", 16))
        self.transaction_mode = self.transaction_mode or "IMMEDIATE"
        params.pop("uri")
        self._patience = float(params.pop("timeout", 20))
        return {
            **params,
            "timeout": self._patience,
            "key": self.database_key(),
            "next_key": next_key() if next_key else None,
            "database": database_path(params["database"]),
            "detect_types": dbapi2.PARSE_DECLTYPES | dbapi2.PARSE_COLNAMES,
        }

    def database_key(self) -> str:
        """The key as 64 hexadecimal digits. Raises KeyTrouble, ImproperlyConfigured."""
        key: str | Callable[[], str] | None = self.settings_dict["OPTIONS"].get("key")
        if key is None:
            raise ImproperlyConfigured(
                "The database has no key: DATABASES['default']['OPTIONS']['key'] must "
                "be plugseller.keyprovider.database_key."
            )
        return key() if callable(key) else key

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        params = dict(conn_params)
        connection = open_database(
            params.pop("database"),
            params.pop("key"),
            params,
            next_key=params.pop("next_key"),
        )
        try:
            register_functions(connection)
            for pragma in (
                "foreign_keys = ON",
                "legacy_alter_table = OFF",
                "journal_mode = WAL",
                "synchronous = NORMAL",
                f"wal_autocheckpoint = {LOG_PAGES}",
                "temp_store = MEMORY",  # sorting never spills plain text to a file
                f"cache_size = -{self._cache_mib * 1024}",
            ):
                connection.execute(f"PRAGMA {pragma}")
            for command in self.init_commands:
                connection.execute(command)
        except BaseException:
            connection.close()
            raise
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction, waiting for another writer's by short steps.

        SQLite's own waiting looks every tenth of a second after a while, and so misses
        the moments between the transactions of somebody who writes much.
        """
        begin = super()._start_transaction_under_autocommit  # type: ignore[misc]  # not in the stubs
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            until = time.monotonic() + self._patience
            while True:
                try:
                    begin()
                    return
                except OperationalError as error:
                    if not _is_busy(error) or time.monotonic() >= until:
                        raise
                time.sleep(_BETWEEN_LOOKS)
        finally:
            wait_ms = int(self._patience * 1000)
            self.connection.execute(f"PRAGMA busy_timeout = {wait_ms}")

    def create_cursor(self, name: str | None = None) -> "CursorWrapper":
        cursor: CursorWrapper = self.connection.cursor(factory=CursorWrapper)
        return cursor


class CursorWrapper(dbapi2.Cursor):  # type: ignore[misc]  # the driver has no types
    """Django's `%s` parameters for SQLCipher's cursor.

    Django's class does the same, but its `super()` is the standard library's cursor.
    """

    def execute(self, query: str, params: Any = None) -> Any:
        if params is None:
            return super().execute(query)
        names = list(params) if isinstance(params, Mapping) else None
        return super().execute(self._qmarks(query, names), params)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        rows = param_list if isinstance(param_list, list) else list(param_list)
        first = rows[0] if rows else None
        names = list(first) if isinstance(first, Mapping) else None
        return super().executemany(self._qmarks(query, names), rows)

    def _qmarks(self, query: str, names: list[str] | None) -> str:
        if names is None:
            return _with_qmarks(query)
        return query % {name: f":{name}" for name in names}


@lru_cache(maxsize=512)  # an audit entry's INSERT is the same text each time
def _with_qmarks(query: str) -> str:
    converted: str = sqlite.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
    return converted


def _is_busy(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlite_errorcode", None) == _BUSY


def database_path(name: str | Path) -> Path:
    """The absolute path of a database setting's NAME. Raises ImproperlyConfigured."""
    if isinstance(name, str) and (name == ":memory:" or name.startswith("file:")):
        raise ImproperlyConfigured(
            f"The database name {name!r} must be the path of a file: SQLCipher doesn't "
            "encrypt memory, and an address could switch its protections off."
        )
    return Path(name).absolute()
