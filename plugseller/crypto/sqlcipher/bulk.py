"""For work that changes very many pages of the database in many transactions.

SQLite writes its log back at the end of whichever transaction finds the log long, which
may be a small one of somebody else's. Who writes much does it between transactions.
And a cache that holds all pages of a transaction saves writing and decrypting them more
than once.
"""

import contextlib
from collections.abc import Callable, Iterator

from django.db import connection

from plugseller.crypto.sqlcipher.base import LOG_PAGES

_CACHE_MIB = 48


@contextlib.contextmanager
def many_pages() -> Iterator[Callable[[], None]]:
    """Inside the block no transaction of this connection writes the log back; what is
    given does, and is to be called between two. On other engines, and where a
    transaction is open already, it does nothing."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield lambda: None
        return
    usual_cache = _run("PRAGMA cache_size")
    _run("PRAGMA wal_autocheckpoint = 0")
    _run(f"PRAGMA cache_size = -{_CACHE_MIB * 1024}")
    try:
        yield _write_back
    finally:
        _run(f"PRAGMA cache_size = {usual_cache}")
        _run(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")


def _write_back() -> None:
    """So that the log begins anew, even if others write all the time. That holds the
    lock for some pages' time; it waits for nobody, least of all with the lock in hand.
    """
    patience = _run("PRAGMA busy_timeout")
    _run("PRAGMA busy_timeout = 0")
    _run("PRAGMA wal_checkpoint(RESTART)")
    _run(f"PRAGMA busy_timeout = {patience}")


def _run(sql: str) -> int:
    """What the pragma says first, if anything."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchone()
    return int(found[0]) if found else 0
