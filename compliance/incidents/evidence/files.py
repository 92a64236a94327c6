"""The sealed files of evidence on disk: whole or not there, and gone for good (ENC-2).

No plain byte is ever written, not even to a temporary file.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from plugseller.disk import settle

_PART = ".part"  # while it is being written
_SALTED = 4096  # bytes from the beginning: without them the rest never opens


def folder() -> Path:
    """Where evidence lies; only our own user may look into it."""
    place: Path = settings.EVIDENCE_FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def new_name() -> str:
    """A name nobody can guess, and that says nothing."""
    return f"{secrets.token_urlsafe(32)}.sealed"


@contextmanager
def written(name: str) -> Iterator[BinaryIO]:
    """A file that is there under its name once the block ended well, and never half."""
    part = folder() / (name + _PART)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(folder() / name)
        settle(folder())
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def opened(name: str) -> BinaryIO:
    """The sealed file. Raises FileNotFoundError."""
    return (folder() / name).open("rb")


def shred(name: str) -> bool:
    """Make a file unreadable and remove it; whether there was any.

    Its salt goes first: who copies the blocks afterwards has a file without a key.
    """
    path = folder() / name
    if not path.exists():
        return False
    with path.open("r+b") as held:
        held.write(secrets.token_bytes(_SALTED))
        held.flush()
        os.fsync(held.fileno())
    path.unlink(missing_ok=True)
    return True


def names() -> dict[str, datetime]:
    """Every file that lies there, half ones as well -> when it was written last."""
    return {
        path.name: datetime.fromtimestamp(path.stat().st_mtime, UTC)
        for path in folder().iterdir()
        if path.is_file()
    }
