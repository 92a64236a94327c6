"""A folder of sealed files: whole or not there, and gone for good (ENC-2).

No plain byte is ever written, not even to a temporary file.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

from plugseller.crypto.sealedfiles import key_id_in
from plugseller.crypto.sealing import SealBroken
from plugseller.disk import settle

_PART = ".part"  # while it is being written
_SALTED = 4096  # bytes from the beginning: without them the rest never opens


class SealedFolder:
    """Where one kind of sealed files lies; `setting` names the folder."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    def folder(self) -> Path:
        """The folder itself; only our own user may look into it."""
        place: Path = getattr(settings, self._setting)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    @staticmethod
    def new_name() -> str:
        """A name nobody can guess, and that says nothing."""
        return f"{secrets.token_urlsafe(32)}.sealed"

    @contextmanager
    def written(self, name: str) -> Iterator[BinaryIO]:
        """A file that is there under its name once the block ended well, and never
        half. What a crash left of an earlier try is removed first."""
        self.shred(name)
        part = self.folder() / (name + _PART)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(part, flags, 0o600), "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            part.replace(self.folder() / name)
            settle(self.folder())
        except BaseException:
            self.shred(name)
            raise

    def opened(self, name: str) -> BinaryIO:
        """The sealed file. Raises FileNotFoundError."""
        return (self.folder() / name).open("rb")

    def key_of(self, name: str) -> UUID | None:
        """The data key it is sealed with; None if nothing is there that one opens."""
        try:
            with self.opened(name) as file:
                return key_id_in(file)
        except (FileNotFoundError, SealBroken):
            return None

    def shred(self, name: str) -> bool:
        """Make a file unreadable and remove it, whole or half; whether there was any.

        Its salt goes first: who copies the blocks afterwards has a file without a key.
        """
        found = False
        for path in self._both(name):
            if not path.exists():
                continue
            found = True
            with path.open("r+b") as held:
                held.write(secrets.token_bytes(_SALTED))
                held.flush()
                os.fsync(held.fileno())
            path.unlink(missing_ok=True)
        return found

    def is_there(self, name: str) -> bool:
        """Whether anything of the file lies on disk."""
        return any(path.exists() for path in self._both(name))

    def names(self) -> dict[str, datetime]:
        """Every file that lies there, half ones as well -> when it was written last."""
        return {
            path.name.removesuffix(_PART): datetime.fromtimestamp(
                path.stat().st_mtime, UTC
            )
            for path in self.folder().iterdir()
            if path.is_file()
        }

    def _both(self, name: str) -> tuple[Path, Path]:
        return self.folder() / name, self.folder() / (name + _PART)
