"""A folder of keys: what stands in its files is up to who keeps them.

The id of a numbered key is the middle of its file's name: a number and the beginning
of a hash of the key, so that a key put into another's file is noticed at once.
"""

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from plugseller.disk import settle
from plugseller.keyprovider.base import (
    KeyTrouble,
    Kind,
    fingerprint,
    in_order,
    is_id,
    number_of,
    numbered,
    refuse_to_retire,
)

_NUMBERED_FILE = re.compile(r"(master|audit)-(\d{4,}-[0-9a-f]{12})")
_LONGEST = 2000  # bytes; a key in KMS's envelope has some 200


class FolderKeyProvider:
    """A KeyProvider on a folder; says what its files hold by the three at the top."""

    ending: str
    makes_keys = True

    def fresh(self, kind: Kind) -> tuple[bytes, bytes]:
        """A new key, and what is written into its file."""
        raise NotImplementedError

    def opened(self, path: Path, content: bytes, kind: Kind) -> bytes:
        """The key that a file's content stands for. Raises KeyTrouble."""
        raise NotImplementedError

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- Numbered keys ----------------------------------------------------------------

    def master_key(self, key_id: str) -> bytes:
        return self._numbered_key(Kind.MASTER, key_id)

    def current_master_id(self) -> str:
        return self._current_id(Kind.MASTER)

    def master_ids(self) -> list[str]:
        return self._ids(Kind.MASTER)

    def add_master_key(self) -> str:
        with _alone_in(self.folder):
            return self._make_next(Kind.MASTER)

    def retire_master_key(self, key_id: str) -> None:
        with _alone_in(self.folder):
            refuse_to_retire(key_id, self.current_master_id())
            path = self._numbered_file(Kind.MASTER, key_id)
            if path.exists():
                self._put_away(path, path.name)

    def signing_key(self, key_id: str) -> bytes:
        return self._numbered_key(Kind.AUDIT, key_id)

    def current_signing_id(self) -> str:
        return self._current_id(Kind.AUDIT)

    def signing_ids(self) -> list[str]:
        return self._ids(Kind.AUDIT)

    def add_signing_key(self) -> str:
        with _alone_in(self.folder):
            return self._make_next(Kind.AUDIT)

    def _numbered_key(self, kind: Kind, key_id: str) -> bytes:
        path = self._numbered_file(kind, key_id)
        key = self.read(path, kind)
        if key_id != numbered(kind, number_of(key_id), key):
            raise KeyTrouble(
                f"The key file {path} holds another key than its name says: "
                "put back the file from your copy of the keys folder."
            )
        return key

    def _numbered_file(self, kind: Kind, key_id: str) -> Path:
        if not is_id(key_id):
            raise KeyTrouble(f"No {kind} key file can have the id {key_id!r}.")
        return self.folder / f"{kind}-{key_id}{self.ending}"

    def _current_id(self, kind: Kind) -> str:
        ids = self._ids(kind)
        if not ids:
            raise KeyTrouble(
                f"There is no {kind} key in {self.folder}: put back your copy of the "
                "keys folder, or run `manage.py init` if this is a new installation."
            )
        return ids[-1]

    def _ids(self, kind: Kind) -> list[str]:
        self._refuse_open_folder()
        names = (
            path.name.removesuffix(self.ending)
            for path in self.folder.iterdir()
            if path.name.endswith(self.ending)
        )
        matches = (_NUMBERED_FILE.fullmatch(name) for name in names)
        return in_order(match[2] for match in matches if match and match[1] == kind)

    def _make_next(self, kind: Kind) -> str:
        ids = self._ids(kind)
        number = number_of(ids[-1]) + 1 if ids else 1
        key, content = self.fresh(kind)
        key_id = numbered(kind, number, key)
        _write(self._numbered_file(kind, key_id), content)
        return key_id

    # --- The keys there is one of -----------------------------------------------------

    def database_key(self) -> bytes:
        return self.read(self._file(Kind.DATABASE), Kind.DATABASE)

    def next_database_key(self) -> bytes | None:
        path = self._next_database_file
        return self.read(path, Kind.DATABASE) if path.exists() else None

    def make_next_database_key(self) -> bytes:
        with _alone_in(self.folder):
            if key := self.next_database_key():
                return key
            key, content = self.fresh(Kind.DATABASE)
            _write(self._next_database_file, content)
            return key

    def adopt_next_database_key(self) -> bool:
        """The old key is put away first, under a name of its own: both are there at
        every moment, whatever stops this process."""
        with _alone_in(self.folder):
            if not self._next_database_file.exists():
                return True  # another process did it
            old = self._file(Kind.DATABASE)
            if old.exists():
                name = fingerprint(Kind.DATABASE, self.database_key())
                self._put_away(old, f"database-{name}{self.ending}", stays=True)
            self._next_database_file.replace(old)
            settle(self.folder)
        return True

    def web_key(self) -> str:
        path = self._file(Kind.WEB)
        return self.read(path, Kind.WEB).hex() if path.exists() else ""

    def replace_web_key(self, *, instead_of: str) -> None:
        """The old key is linked away first and the new one takes its place in one step:
        at every moment there is one, whatever stops this process."""
        with _alone_in(self.folder):
            held = self.web_key()
            if held != instead_of:
                raise KeyTrouble(
                    "The web's key in use isn't the one in the keys folder: somebody "
                    "replaced it a moment ago, or SECRET_KEY is set and has to be "
                    "changed there."
                )
            path, key = self._file(Kind.WEB), self.fresh(Kind.WEB)
            draft = self.folder / f"next-web{self.ending}"
            draft.unlink(missing_ok=True)  # of a process that was stopped
            _write(draft, key[1])
            name = fingerprint(Kind.WEB, bytes.fromhex(held))
            self._put_away(path, f"web-{name}{self.ending}", stays=True)
            draft.replace(path)
            settle(self.folder)

    @property
    def _next_database_file(self) -> Path:
        return self.folder / f"next-database{self.ending}"

    def _file(self, kind: Kind) -> Path:
        return self.folder / f"{kind}{self.ending}"

    # --- The folder -------------------------------------------------------------------

    def made_at(self, kind: Kind, key_id: str = "") -> datetime | None:
        path = self._numbered_file(kind, key_id) if key_id else self._file(kind)
        with suppress(OSError):
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return None

    def missing(self) -> list[str]:
        found = {path.name for path in self.folder.glob(f"*{self.ending}")}
        single = [f"{kind}{self.ending}" for kind in (Kind.DATABASE, Kind.WEB)]
        return [
            *(
                f"{k}-*{self.ending}"
                for k in (Kind.MASTER, Kind.AUDIT)
                if not _any(found, k)
            ),
            *(name for name in single if name not in found),
        ]

    def make_missing(self) -> list[str]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise KeyTrouble(
                f"The keys folder {self.folder} can't be made ({error.strerror}): "
                "check PLUGSELLER_HOME and who owns it."
            ) from error
        with _alone_in(self.folder):
            return self._make_missing()

    def _make_missing(self) -> list[str]:
        made = []
        for kind in (Kind.MASTER, Kind.AUDIT):
            if self._ids(kind):
                self._numbered_key(kind, self._current_id(kind))
            else:
                made.append(f"{kind}-{self._make_next(kind)}{self.ending}")
        for kind in (Kind.DATABASE, Kind.WEB):
            path = self._file(kind)
            if path.exists():
                self.read(path, kind)
            else:
                _write(path, self.fresh(kind)[1])
                made.append(path.name)
        return made

    def read(self, path: Path, kind: Kind) -> bytes:
        """The key in one file of the folder. Raises KeyTrouble."""
        self._refuse_open_folder()
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(_LONGEST)
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
        return self.opened(path, content, kind)

    def _put_away(self, path: Path, name: str, *, stays: bool = False) -> None:
        """Into `retired/`, where nothing is read; with `stays` it is here too."""
        away = self.folder / "retired"
        away.mkdir(mode=0o700, exist_ok=True)
        if not stays:
            path.replace(away / name)
        elif not (away / name).exists():
            os.link(path, away / name)
        settle(away)
        settle(self.folder)

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


def _any(names: set[str], kind: Kind) -> bool:
    return any(name.startswith(f"{kind}-") for name in names)


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


def _write(path: Path, content: bytes) -> None:
    """Write a key file whole or not at all, and never over another one.

    It is written under a name of its own and then linked, because a link fails
    when the target exists and a process killed half-way leaves no short key.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        finally:
            draft.unlink()
        settle(path.parent)
    except FileExistsError as error:
        raise KeyTrouble(
            f"The key file {path} is already there and was left as it is."
        ) from error
    except OSError as error:
        raise KeyTrouble(
            f"The key file {path} can't be written ({error.strerror}): check "
            "the space on the disk and who owns the folder."
        ) from error


def _others_may(mode: int) -> bool:
    return bool(stat.S_IMODE(mode) & 0o077)
