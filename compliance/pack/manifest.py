"""The pack's manifest: what each file is, signed; and the check of a pack by anybody.

Whoever has the public keys checks a pack without asking us, as with certificates.
"""

import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from compliance.packing import Period
from compliance.signing import Paper, Verdict
from plugseller.keyprovider import provider

NAME = "manifest.json"
PAPER = Paper("plugseller evidence pack v1", "manifest", longest=16 * 1024 * 1024)
_CHUNK = 256 * 1024
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError),  # another compression; encrypted
)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a pack."""

    name: str
    says: str
    bytes: int
    sha256: str
    rows: int | None = None  # of a table


@dataclass(frozen=True, slots=True)
class Checked:
    """A pack, and whether it is what we signed."""

    verdict: Verdict
    trouble: str = ""  # what isn't right, a sentence
    body: Mapping[str, Any] | None = None  # of a valid one
    key_id: str = ""

    @property
    def is_valid(self) -> bool:
        return self.verdict is Verdict.VALID


def manifest(files: Sequence[File], period: Period, now: datetime) -> bytes:
    """The signed manifest of these files. Raises KeyTrouble."""
    key_id = provider().current_signing_id()
    body = {
        "kind": PAPER.kind,
        "installation": settings.PUBLIC_ADDRESS,
        "from": utc(period.begins),
        "to": utc(period.ends),
        "made_at": utc(now),
        "key_id": key_id,
        "files": [asdict(one) for one in files],
    }
    return PAPER.as_file(body, PAPER.sign(body, key_id), key_id)


def utc(instant: datetime) -> str:
    """Such as "2026-10-01T00:00:00Z"."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def check_pack(path: Path, keys: Mapping[str, str] | None = None) -> Checked:
    """Whether a pack is as it was signed: every file, none missing and none added.

    `keys` are public keys by id; without, the instance's own. Needs no database.
    Raises OSError if the file can't be read at all.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as package:
                return _checked(package, keys)
        except _BROKEN:
            return Checked(Verdict.NOT_ONE, "It isn't a whole ZIP file.")


def _checked(package: zipfile.ZipFile, keys: Mapping[str, str] | None) -> Checked:
    names = [info.filename for info in package.infolist()]
    if NAME not in names:
        return Checked(Verdict.NOT_ONE, f"There is no {NAME} in it.")
    with package.open(NAME) as entry:
        found = PAPER.check(entry.read(PAPER.longest + 1), keys)
    key_id = found.key_id[:64]
    if found.verdict is not Verdict.VALID:
        return Checked(found.verdict, _OF_MANIFEST[found.verdict], key_id=key_id)
    trouble = next(_troubles(package, names, found.body["files"]), "")
    if trouble:
        return Checked(Verdict.CHANGED, trouble, key_id=key_id)
    return Checked(Verdict.VALID, body=found.body, key_id=key_id)


_OF_MANIFEST = {
    Verdict.CHANGED: f"{NAME} was changed after it was signed, or never signed by that "
    "key.",
    Verdict.UNKNOWN_KEY: "No key of that id is known here: give the issuer's with "
    "--keys.",
    Verdict.NOT_ONE: f"{NAME} isn't that of an evidence pack of Plug Seller.",
}


def _troubles(
    package: zipfile.ZipFile, names: list[str], files: list[dict[str, Any]]
) -> Iterator[str]:
    expected = {NAME, *(one["name"] for one in files)}
    for name, times in Counter(names).items():
        if name not in expected:
            yield f"{_printed(name)} was added after the pack was signed."
        if times > 1:
            yield f"{_printed(name)} is in it more than once."
    for one in files:
        if one["name"] not in names:
            yield f"{one['name']} is missing."
        elif not _is_same(package, one):
            yield f"{one['name']} was changed after the pack was signed."


def _is_same(package: zipfile.ZipFile, told: Mapping[str, Any]) -> bool:
    """No more is read than was signed, whatever the ZIP unfolds to."""
    try:
        with package.open(told["name"]) as entry:
            digest, left = hashlib.sha256(), int(told["bytes"])
            while chunk := entry.read(min(_CHUNK, left + 1)):
                digest.update(chunk)
                left -= len(chunk)
                if left < 0:
                    return False
    except _BROKEN:
        return False
    return left == 0 and digest.hexdigest() == str(told["sha256"])


def _printed(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:100])
