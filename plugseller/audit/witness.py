"""The witness: checkpoints in a file outside the database (ACC-2).

Who has the database alone can cut off the end of the log, or put back an older copy,
without any hash ceasing to fit. The file remembers. It belongs on another disk, or
is copied away; its lines are signed, so whoever holds it can't make one up.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from plugseller.audit.chain import Seal


class WitnessTrouble(Exception):
    """The witness file can't be used; the text says why, for operators."""


def witness_file() -> Path:
    """AUDIT_WITNESS_FILE, or witness/audit.jsonl in PLUGSELLER_HOME."""
    chosen = getattr(settings, "AUDIT_WITNESS_FILE", None)
    return Path(chosen or Path(settings.PLUGSELLER_HOME) / "witness" / "audit.jsonl")


def read(path: Path) -> tuple[list[Seal], list[int]]:
    """The checkpoints in the file, and the numbers of lines that are none.

    A last line without an end was being written when the power went; it is left out.
    Raises WitnessTrouble if the file can't be read; a missing file is empty.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise _trouble(path, error) from error
    seals, damaged = [], []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            seals.append(Seal.from_line(line.decode()))
        except ValueError:
            damaged.append(number)
    return seals, damaged


def append(path: Path, seals: Iterable[Seal]) -> None:
    """Add those checkpoints that the file doesn't hold, and see them on the disk.

    Raises WitnessTrouble.
    """
    try:
        with _alone_with(path) as descriptor:
            held = {seal.signature for seal in read(path)[0]}
            lines = [f"{s.line()}\n" for s in seals if s.signature not in held]
            if not lines:
                return
            _end_torn_line(path, descriptor)
            os.write(descriptor, "".join(lines).encode())
            os.fsync(descriptor)
    except OSError as error:
        raise _trouble(path, error) from error


@contextmanager
def _alone_with(path: Path) -> Iterator[int]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _end_torn_line(path: Path, descriptor: int) -> None:
    """A piece of a line that a crash left is cut off; it was never a checkpoint."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.ftruncate(descriptor, whole)


def _trouble(path: Path, error: OSError) -> WitnessTrouble:
    return WitnessTrouble(
        f"The witness file {path} can't be used ({error.strerror}): it must belong to "
        "the account that runs Plug Seller. Check AUDIT_WITNESS_FILE."
    )
