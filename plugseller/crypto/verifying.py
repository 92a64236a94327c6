"""Measuring that what should be encrypted is (evidence for ENC-2 and ENC-3)."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection

from plugseller import keyprovider
from plugseller.crypto.models import DataKey
from plugseller.crypto.rotation import key_inventory
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import check_data_key
from plugseller.crypto.sqlcipher.opening import opens
from plugseller.keyprovider import KeyTrouble

# What every unencrypted SQLite file of ours would hold.
_MARKERS = ("SQLite format 3\0", "CREATE TABLE", "django_migrations", "crypto_datakey")

# A process of its own reads the files: opening and closing one here would drop the
# locks that this process holds on it through SQLite. What is looked for comes by
# standard input, for arguments are seen by everybody on the machine.
_READ_FILES = """
import collections, json, math, sys
markers, paths = json.load(sys.stdin)
markers = [marker.encode() for marker in markers]
found = {}
for path in paths:
    hits, size, tail, seen = 0, 0, b"", collections.Counter()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            if not size:
                seen.update(block)
            size += len(block)
            joined = tail + block
            hits += sum(joined.count(m) - tail.count(m) for m in markers)
            tail = joined[-40:]
    parts = [n / seen.total() for n in seen.values()]
    found[path] = [size, hits, -sum(p * math.log2(p) for p in parts)]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, and whether it is as promised."""

    check: str
    found: str
    kept: bool


def verify_encryption(now: datetime) -> list[Finding]:
    """Look at the driver, the bytes on the disk, every data key, and what is due."""
    if connection.vendor == "sqlite":
        at_rest = [_driver(), *_files(), _pages()]
    else:
        at_rest = [
            Finding(
                check="database",
                found=f"{connection.display_name}: its volume is encrypted by the host",
                kept=True,
            )
        ]
    return [*at_rest, *_data_keys(), _master_keys(), _overdue(now)]


def _pragma(name: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return [str(row[0]) for row in cursor.fetchall()]


def _driver() -> Finding:
    version, cipher = _pragma("cipher_version"), _pragma("cipher")
    return Finding(
        check="driver",
        found=f"SQLCipher {', '.join(version)}, {', '.join(cipher)}",
        kept=bool(version) and cipher == ["AES-256-CBC"],
    )


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file of the embedded database, as it lies on the disk."""

    name: str
    size: int
    plain_words: int  # how often something stands there that nobody should read
    entropy: float  # bits in a byte of its beginning; encrypted ones have nearly 8


def files_on_disk(words: Iterable[str] = ()) -> list[OnDisk]:
    """The embedded database's files, searched for words of any SQLite database of
    ours and for those given, of at most 40 bytes."""
    database = _database_file()
    beside = [database.with_name(database.name + end) for end in ("-wal", "-journal")]
    paths = [str(path) for path in (database, *beside) if path.exists()]
    answer = subprocess.run(  # noqa: S603  our own program, no shell
        [sys.executable, "-I", "-c", _READ_FILES],
        input=json.dumps([[*_MARKERS, *words], paths]),
        check=True,
        capture_output=True,
        text=True,
    )
    read: dict[str, tuple[int, int, float]] = json.loads(answer.stdout)
    return [OnDisk(Path(path).name, *figures) for path, figures in read.items()]


def opens_without_key() -> bool:
    """Whether the embedded database's file can be read by anybody."""
    return opens(_database_file(), None)


def _database_file() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute()


def _files() -> list[Finding]:
    findings = [
        Finding(
            check=one.name,
            found=f"{one.size} bytes, {one.plain_words} plain words of a database",
            kept=one.plain_words == 0,
        )
        for one in files_on_disk()
    ]
    plain = opens_without_key()
    return [
        *findings,
        Finding(
            check="without a key",
            found="opens" if plain else "doesn't open",
            kept=not plain,
        ),
    ]


def _pages() -> Finding:
    damaged = _pragma("cipher_integrity_check")
    return Finding(
        check="pages",
        found=f"{len(damaged)} damaged" + (f", {damaged[0]}" if damaged else ""),
        kept=not damaged,
    )


def _data_keys() -> list[Finding]:
    opened: Counter[str] = Counter()
    trouble: list[str] = []
    rows = DataKey.objects.order_by("pk")
    for row in rows.filter(destroyed_at=None).iterator():
        try:
            check_data_key(row)
        except (SealBroken, KeyTrouble) as error:
            trouble.append(f"{row}: {error}")
        else:
            opened["retired" if row.retired_at else "current"] += 1
    destroyed = rows.exclude(destroyed_at=None).count()
    counts = f"{opened['current']} current, {opened['retired']} retired opened; "
    findings = [
        Finding(
            check="data keys", found=f"{counts}{destroyed} destroyed", kept=not trouble
        )
    ]
    return findings + [
        Finding(check="data key", found=line, kept=False) for line in trouble
    ]


def _master_keys() -> Finding:
    provider = keyprovider.provider()
    used = Counter(
        DataKey.objects.filter(destroyed_at=None).values_list(
            "master_key_id", flat=True
        )
    )
    held = provider.master_ids()
    lines = [f"{key_id} wraps {used[key_id]}" for key_id in sorted({*held, *used})]
    return Finding(
        check="master keys",
        found=f"current {provider.current_master_id()}; {', '.join(lines)}",
        kept=set(used) <= set(held),
    )


def _overdue(now: datetime) -> Finding:
    """Keys that should have been changed (ACC-3)."""
    late = [line for line in key_inventory(now) if line.is_overdue(now)]
    told = (
        f"{line.kind} {line.key_id}".strip() + f" {line.due:%Y-%m-%d}" for line in late
    )
    return Finding(
        check="keys overdue",
        found=", ".join(told) or "none",
        kept=not late,
    )
