"""Keys in files that only their owner can read.

    keys/                            mode 0700
      database.key                   mode 0600, 64 hexadecimal digits
      master-0001-3f9a0c51d2b7.key   the highest number is the current one
      audit-0001-8c21e07fd94a.key    the same for the audit log's key
      web.key                        Django's SECRET_KEY; `settings.py` reads it

The id of a numbered key is the middle of its file's name: a number and the
beginning of a hash of the key, so that a key put into another's file is noticed
at once.
"""

import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plugseller.keyprovider.base import KEY_BYTES, KeyTrouble

DATABASE_KEY_FILE = "database.key"
WEB_KEY_FILE = "web.key"
MASTER, AUDIT = "master", "audit"  # the kinds of keys that are numbered
_NUMBERED_FILE = re.compile(r"(master|audit)-(\d{4,}-[0-9a-f]{12})\.key")
_HEX_KEY = re.compile(rb"[0-9a-f]{64}\n?")


class FileKeyProvider:
    """A KeyProvider on a folder of key files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def master_key(self, key_id: str) -> bytes:
        return self._numbered_key(MASTER, key_id)

    def current_master_id(self) -> str:
        return self._current_id(MASTER)

    def master_ids(self) -> list[str]:
        """The ids of all master keys held, the current one last."""
        return self._ids(MASTER)

    def signing_key(self, key_id: str) -> bytes:
        return self._numbered_key(AUDIT, key_id)

    def current_signing_id(self) -> str:
        return self._current_id(AUDIT)

    def signing_ids(self) -> list[str]:
        return self._ids(AUDIT)

    def _numbered_key(self, kind: str, key_id: str) -> bytes:
        path = self.folder / f"{kind}-{key_id}.key"
        if not _NUMBERED_FILE.fullmatch(path.name):
            raise KeyTrouble(f"No {kind} key file can have the id {key_id!r}.")
        key = self.read(path)
        if not key_id.endswith(f"-{_fingerprint(kind, key)}"):
            raise KeyTrouble(
                f"The key file {path} holds another key than its name says: "
                "put back the file from your copy of the keys folder."
            )
        return key

    def _current_id(self, kind: str) -> str:
        ids = self._ids(kind)
        if not ids:
            raise KeyTrouble(
                f"There is no {kind} key in {self.folder}: put back your copy of the "
                "keys folder, or run `manage.py init` if this is a new installation."
            )
        return ids[-1]

    def _ids(self, kind: str) -> list[str]:
        self._refuse_open_folder()
        matches = (
            _NUMBERED_FILE.fullmatch(path.name) for path in self.folder.iterdir()
        )
        ids = (match[2] for match in matches if match and match[1] == kind)
        return sorted(ids, key=lambda key_id: int(key_id.split("-")[0]))

    def database_key(self) -> bytes:
        return self.read(self.folder / DATABASE_KEY_FILE)

    def web_key(self) -> str:
        """Django's SECRET_KEY as text; empty before `init`. Raises KeyTrouble."""
        path = self.folder / WEB_KEY_FILE
        return self.read(path).hex() if path.exists() else ""

    def add_master_key(self) -> str:
        """Make a master key that wraps from now on; the older ones still open.

        Returns its id.
        """
        with _alone_in(self.folder):
            return self._make_next(MASTER)

    def add_signing_key(self) -> str:
        """Make an audit key that signs from now on; the older ones still verify.

        Returns its id.
        """
        with _alone_in(self.folder):
            return self._make_next(AUDIT)

    def _make_next(self, kind: str) -> str:
        ids = self._ids(kind)
        number = int(ids[-1].split("-")[0]) + 1 if ids else 1
        key = secrets.token_bytes(KEY_BYTES)
        key_id = f"{number:04d}-{_fingerprint(kind, key)}"
        _write_key(self.folder / f"{kind}-{key_id}.key", key)
        return key_id

    def read(self, path: Path) -> bytes:
        """The key in one file of the folder. Raises KeyTrouble."""
        self._refuse_open_folder()
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(200)
        except FileNotFoundError as error:
            raise KeyTrouble(
                f"The key file {path} is missing: put back your copy of it, or run "
                "`manage.py init` if this is a new installation."
            ) from error
        except OSError as error:
            raise KeyTrouble(
                f"The key file {path} can't be read ({error.strerror}): it must belong "
                "to the account that runs Plug Seller."
            ) from error
        if _others_may(mode):
            raise KeyTrouble(
                f"The key file {path} can be read by others: "
                f"run `chmod 600 {path}`, and change the key if somebody had access."
            )
        if not _HEX_KEY.fullmatch(content):
            raise KeyTrouble(
                f"The key file {path} doesn't hold a key of 64 hexadecimal digits "
                f"(it has {len(content.strip())} characters): put back your copy of it."
            )
        return bytes.fromhex(content.decode())

    def _refuse_open_folder(self) -> None:
        try:
            mode = self.folder.stat().st_mode
        except FileNotFoundError as error:
            raise KeyTrouble(
                f"The keys folder {self.folder} is missing: put back your copy of it, "
                "or run `manage.py init` if this is a new installation."
            ) from error
        except OSError as error:
            raise KeyTrouble(
                f"The keys folder {self.folder} can't be read ({error.strerror}): it "
                "must belong to the account that runs Plug Seller."
            ) from error
        if not stat.S_ISDIR(mode):
            raise KeyTrouble(f"{self.folder} must be a folder that holds the keys.")
        if _others_may(mode):
            raise KeyTrouble(
                f"The keys folder {self.folder} is open to others: "
                f"run `chmod 700 {self.folder}`."
            )


def make_keys(folder: Path) -> list[str]:
    """Make the folder and the keys that aren't there yet; never replace one.

    Returns the names of the files made, an empty list when nothing was missing.
    Raises KeyTrouble when the folder or a key that is there can't be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyTrouble(
            f"The keys folder {folder} can't be made ({error.strerror}): check "
            "PLUGSELLER_HOME and who owns it."
        ) from error
    with _alone_in(folder):
        return _make_missing(folder)


def _make_missing(folder: Path) -> list[str]:
    provider = FileKeyProvider(folder)
    made = []
    for kind in (MASTER, AUDIT):
        if provider._ids(kind):
            provider._numbered_key(kind, provider._current_id(kind))
        else:
            made.append(f"{kind}-{provider._make_next(kind)}.key")
    for name in (DATABASE_KEY_FILE, WEB_KEY_FILE):
        if (folder / name).exists():
            provider.read(folder / name)
        else:
            _write_key(folder / name, secrets.token_bytes(KEY_BYTES))
            made.append(name)
    return made


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two processes that start at once must not make two first master keys."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise KeyTrouble(
            f"The keys folder {folder} can't be read ({error.strerror}): check who "
            "owns it."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_key(path: Path, key: bytes) -> None:
    """Write a key whole or not at all, and never over another one.

    It is written under a name of its own and then linked, because a link fails
    when the target exists and a process killed half-way leaves no short key.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(key.hex().encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    except FileExistsError as error:
        raise KeyTrouble(
            f"The key file {path} is already there and was left as it is."
        ) from error
    except OSError as error:
        raise KeyTrouble(
            f"The key file {path} can't be written ({error.strerror}): check "
            "the space on the disk and who owns the folder."
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fingerprint(kind: str, key: bytes) -> str:
    return hashlib.sha256(f"plugseller {kind} key ".encode() + key).hexdigest()[:12]


def _others_may(mode: int) -> bool:
    return bool(stat.S_IMODE(mode) & 0o077)
