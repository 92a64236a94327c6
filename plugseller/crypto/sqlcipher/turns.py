"""Who uses a database file: many at once, or one alone (to change its key).

A lock (flock) on the file's folder, shared by every open connection of every process
and taken alone by `rekey_database`. The system ends it with the process, however that
ends. SQLite's own locks aren't enough: who waits for one has opened the file already,
and would go on in it after another file has taken its place.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_BETWEEN_TRIES = 0.05  # seconds


class DatabaseRefused(ImproperlyConfigured):
    """The database can't be opened safely; the text is one sentence for operators."""


class DatabaseInUse(DatabaseRefused):
    """Another process has it open, or has it for itself."""


class Turn:
    """A lock in hand; it ends with `end()`, or when nobody has it any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        with suppress(OSError):
            self.end()


def share(path: Path, *, seconds: float) -> Turn:
    """Use the file beside others. Raises DatabaseInUse while somebody has it alone."""
    if turn := _taken(path, fcntl.LOCK_SH, seconds):
        return turn
    raise DatabaseInUse(
        f"The database {path} is getting another key right now: nothing is lost, try "
        "again in a minute."
    )


def alone(path: Path, *, seconds: float = 2) -> Turn:
    """Have the file alone. Raises DatabaseInUse when others use it."""
    if turn := _taken(path, fcntl.LOCK_EX, seconds):
        return turn
    raise DatabaseInUse(
        f"The database {path} is in use by another process, so nothing was changed: "
        "stop the site and the workers, then repeat this."
    )


def _taken(path: Path, how: int, seconds: float) -> Turn | None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(descriptor)
                return None
            time.sleep(_BETWEEN_TRIES)
        else:
            return Turn(descriptor)
