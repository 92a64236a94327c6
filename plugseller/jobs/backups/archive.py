"""The files of a backup: one line in front that anybody may read, the rest sealed.

    PLUGSELLER BACKUP 1 {"id": ..., "kind": "database", "period": ..., "salt": ...}
    sealed stream: length of the manifest (4 bytes) | manifest | contents

The line is bound to the stream, so nothing in it can be changed. Each file has a key
of its own, derived from the period's key: when that is destroyed, so are all its files.
"""

import contextlib
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plugseller.crypto import periods
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.streaming import SealedReader, SealedWriter
from plugseller.disk import settle

DATABASE, KEYS = "database", "keys"
ENDINGS = {DATABASE: ".backup", KEYS: ".keys"}
_MAGIC = b"PLUGSELLER BACKUP 1 "
_LONGEST_LINE = 1000
_LONGEST_MANIFEST = 16 << 20


ALREADY = (
    "There is a database already, and it was left as it is: empty its place, or "
    "replace it with --over."
)


class BackupTrouble(Exception):
    """A backup can't be made, read or put back; one sentence for operators."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of a file, for everybody to read."""

    id: str  # the backup's
    kind: str  # DATABASE or KEYS
    period: str
    salt: str  # hexadecimal, 32 bytes

    @classmethod
    def new(cls, backup_id: UUID, kind: str, period: str) -> "Header":
        return cls(str(backup_id), kind, period, secrets.token_hex(32))

    def line(self) -> bytes:
        return _MAGIC + json.dumps(asdict(self), sort_keys=True).encode() + b"\n"

    def key(self) -> bytes:
        """The file's own key. Raises KeyTrouble."""
        derive = HKDF(
            algorithm=SHA256(),
            length=32,
            salt=bytes.fromhex(self.salt),
            info=f"plugseller backup {self.kind} v1".encode(),
        )
        return derive.derive(periods.key_of(self.period))


class _Counted:
    """A file that knows how much was written to it, and the hash of that."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@dataclass(slots=True)
class Written:
    """A file that is on the disk, whole."""

    size: int = 0
    sha256: str = ""


@contextlib.contextmanager
def writing(
    path: Path, header: Header, manifest: dict[str, Any]
) -> Iterator[tuple[SealedWriter, Written]]:
    """A new file, or what the block writes into it; there when the block ends well.

    It is written under another name, seen on the disk and then renamed, so whatever
    had that name stays as it is until then. Raises BackupTrouble.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    written = Written()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            counted = _Counted(file)
            counted.write(header.line())
            sealed = SealedWriter(counted, key=header.key(), bound=header.line())
            told = json.dumps(manifest, sort_keys=True).encode()
            sealed.write(len(told).to_bytes(4, "big") + told)
            yield sealed, written
            sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        settle(path.parent)
        written.size, written.sha256 = counted.size, counted.sha256
    except OSError as error:
        raise no_place(path.parent, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """The manifest of a file and the contents after it; each chunk is proved.

    Raises BackupTrouble or KeyTrouble; also when the block reads on and finds the file
    changed or cut, so what it does must be nothing that can't be taken back.
    """
    try:
        with path.open("rb") as file:
            header = _header(file, path, kind)
            sealed = io.BufferedReader(
                SealedReader(file, key=header.key(), bound=header.line()), 1 << 20
            )
            manifest = _manifest(sealed, path)
            if manifest.get("id") != header.id:
                raise _broken(path)
            yield manifest, sealed
    except SealBroken as error:
        raise _broken(path) from error
    except OSError as error:
        raise BackupTrouble(f"{path} can't be read ({error.strerror}).") from error


def prove(path: Path, kind: str) -> dict[str, Any]:
    """Read a file to its end; its manifest, if it is whole and nobody changed it.

    Raises BackupTrouble or KeyTrouble.
    """
    with reading(path, kind) as (manifest, contents):
        while contents.read(1 << 20):
            pass
    return manifest


def header_of(path: Path, kind: str) -> Header:
    """What stands in front of a file. Raises BackupTrouble."""
    try:
        with path.open("rb") as file:
            return _header(file, path, kind)
    except OSError as error:
        raise BackupTrouble(f"{path} can't be read ({error.strerror}).") from error


def _header(file: IO[bytes], path: Path, kind: str) -> Header:
    line = file.readline(_LONGEST_LINE)
    try:
        if not line.startswith(_MAGIC) or not line.endswith(b"\n"):
            raise ValueError
        header = Header(**json.loads(line[len(_MAGIC) :]))
        periods.start_of(header.period)
        UUID(header.id)
        if header.line() != line or header.kind != kind:
            raise ValueError
        if len(bytes.fromhex(header.salt)) != 32:
            raise ValueError
    except (ValueError, TypeError, AttributeError):
        raise BackupTrouble(
            f"{path} isn't a backup's {kind} file, or its beginning was changed."
        ) from None
    return header


def _manifest(sealed: IO[bytes], path: Path) -> dict[str, Any]:
    length = int.from_bytes(sealed.read(4), "big")
    if length > _LONGEST_MANIFEST:
        raise _broken(path)
    told: dict[str, Any] = json.loads(sealed.read(length))
    return told


def _broken(path: Path) -> BackupTrouble:
    return BackupTrouble(
        f"{path} was changed or cut, or belongs to another key, so it is refused and "
        "nothing was done: use another copy of it, or another backup."
    )


def no_place(folder: Path, error: OSError) -> BackupTrouble:
    return BackupTrouble(
        f"The backup can't be written to {folder} ({error.strerror}): nothing of "
        "earlier backups was touched. Check the space on that disk and who owns it."
    )
