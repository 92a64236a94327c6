"""The deletion ledger: what was erased, kept outside the database (RET-2).

A line is written before the first destructive step, so that a database restored from
an older backup can be made to forget again what it had forgotten. A line holds keyed
hashes of ids, and no id; each carries a checksum over itself and the one before it.
A last line without its end is what a crash left of a line whose erasure never began:
it counts for nothing, and the next line takes its place.

The file belongs on another disk than the database (DELETION_LEDGER).
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from plugseller.custody.hashing import all_hashes, keyed, mac
from plugseller.disk import settle
from plugseller.keyprovider import provider

_PURPOSE = "deletion ledger v1"


class LedgerBroken(Exception):
    """The ledger was changed, cut or can't be read; one sentence for operators."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was erased."""

    number: int
    at: datetime
    request: str  # the request's reference
    kind: str  # a Tombstone.Kind
    hash: str
    key_id: str  # the signing key hash and checksum were made with
    checksum: str

    def names(self, value: UUID) -> bool:
        """Whether this is the id that was erased."""
        return keyed(self.kind, value, key_id=self.key_id) == self.hash


def ledger_file() -> Path:
    return Path(settings.DELETION_LEDGER)


def exists() -> bool:
    return ledger_file().exists()


def signature() -> tuple[int, int, int] | None:
    """Tells two states of the file apart without reading it; None if there is none."""
    try:
        told = ledger_file().stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns


def write(kind: str, values: Iterable[UUID], *, request: str, now: datetime) -> int:
    """Append a line for each id that isn't in the ledger yet, and wait for the disk.

    Returns the number of the last line. Raises LedgerBroken, and then nothing may be
    erased.
    """
    with _open() as file:
        lines = list(_read(file))
        _mend(file)
        known = {line.hash for line in lines if line.kind == kind}
        for value in values:
            if known.isdisjoint(all_hashes(kind, value)):
                lines.append(_append(file, lines, kind, value, request, now))
        file.flush()
        os.fsync(file.fileno())
    settle(ledger_file().parent)
    return lines[-1].number if lines else 0


def _mend(file: IO[str]) -> None:
    """Cut off a last line that was never finished."""
    file.seek(0)
    whole = file.read()
    file.truncate(len(whole[: whole.rfind("\n") + 1].encode()))


def write_anew(stones: Iterable[tuple[str, str, str, str, datetime]]) -> int:
    """Make a ledger from what a database remembers, where the file was lost.

    Each is kind, hash, key id, request and when. What is left of the old file is kept
    beside it. Returns the number of lines. Raises LedgerBroken.
    """
    path = ledger_file()
    if path.exists():
        path.rename(path.with_name(f"{path.name}.broken-{os.urandom(4).hex()}"))
    lines: list[Line] = []
    with _open() as file:
        for kind, hashed, key_id, request, at in stones:
            lines.append(_add(file, lines, kind, hashed, key_id, request, at))
        file.flush()
        os.fsync(file.fileno())
    return len(lines)


def read() -> list[Line]:
    """All lines, in order. Raises LedgerBroken."""
    if not ledger_file().exists():
        return []
    with _open() as file:
        return list(_read(file))


def told_end() -> str:
    """Where it ends, to compare with what was told before: an older copy is as whole
    as this one, and ends sooner. Raises LedgerBroken."""
    lines = read()
    if not lines:
        return "The deletion ledger has no line."
    last = lines[-1]
    return (
        f"The deletion ledger ends with line {last.number} of "
        f"{last.at:%Y-%m-%d %H:%M} UTC."
    )


def left_of_it() -> list[Line]:
    """The lines before the first one that was changed or cut."""
    left: list[Line] = []
    if ledger_file().exists():
        with suppress(LedgerBroken), _open() as file:
            left.extend(_read(file))
    return left


def _append(
    file: IO[str],
    lines: list[Line],
    kind: str,
    value: UUID,
    request: str,
    now: datetime,
) -> Line:
    key_id = provider().current_signing_id()
    hashed = keyed(kind, value, key_id=key_id)
    return _add(file, lines, kind, hashed, key_id, request, now)


def _add(
    file: IO[str],
    lines: list[Line],
    kind: str,
    hashed: str,
    key_id: str,
    request: str,
    at: datetime,
) -> Line:
    told = {
        "number": lines[-1].number + 1 if lines else 1,
        "at": at.isoformat(),
        "request": request,
        "kind": kind,
        "hash": hashed,
        "key": key_id,
    }
    before = lines[-1].checksum if lines else ""
    told["checksum"] = _checksum(told, before)
    file.write(json.dumps(told) + "\n")
    return _line(told)


def _read(file: IO[str]) -> Iterator[Line]:
    before = ""
    file.seek(0)
    for number, text in enumerate(file, start=1):
        if not text.endswith("\n"):
            return
        try:
            told = json.loads(text)
            follows = told["number"] == number
            if not follows or told["checksum"] != _checksum(told, before):
                raise LedgerBroken(_broken(number))
            yield _line(told)
        except (ValueError, KeyError, TypeError):
            raise LedgerBroken(_broken(number)) from None
        before = told["checksum"]


def _broken(number: int) -> str:
    return (
        f"Line {number} of the deletion ledger {ledger_file()} was changed or cut: "
        "put back your copy of the ledger."
    )


def _line(told: dict[str, Any]) -> Line:
    return Line(
        number=told["number"],
        at=datetime.fromisoformat(told["at"]),
        request=told["request"],
        kind=told["kind"],
        hash=told["hash"],
        key_id=told["key"],
        checksum=told["checksum"],
    )


def _checksum(told: dict[str, Any], before: str) -> str:
    signed = {name: told[name] for name in sorted(told) if name != "checksum"}
    text = json.dumps(signed, sort_keys=True) + before
    return mac(text.encode(), key_id=told["key"], purpose=_PURPOSE)


@contextmanager
def _open() -> Iterator[IO[str]]:
    path = ledger_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise LedgerBroken(
            f"The deletion ledger {path} can't be opened ({error.strerror}): check "
            "DELETION_LEDGER and who owns the folder."
        ) from error
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
