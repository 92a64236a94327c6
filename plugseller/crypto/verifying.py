"""Measuring that what should be encrypted is (evidence for ENC-2 and ENC-3)."""

import json
import subprocess
import sys
from collections import Counter
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
# locks that this process holds on it through SQLite.
_COUNT_MARKERS = """
import json, sys
markers = [marker.encode() for marker in json.loads(sys.argv[1])]
found = {}
for path in sys.argv[2:]:
    hits, size, tail = 0, 0, b""
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            size += len(block)
            joined = tail + block
            hits += sum(joined.count(m) - tail.count(m) for m in markers)
            tail = joined[-40:]
    found[path] = [size, hits]
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


def _files() -> list[Finding]:
    database = Path(connection.settings_dict["NAME"]).absolute()
    beside = [database.with_name(database.name + end) for end in ("-wal", "-journal")]
    paths = [str(path) for path in (database, *beside) if path.exists()]
    answer = subprocess.run(  # noqa: S603  our own words and paths, no shell
        [sys.executable, "-I", "-c", _COUNT_MARKERS, json.dumps(_MARKERS), *paths],
        check=True,
        capture_output=True,
        text=True,
    )
    counted: dict[str, tuple[int, int]] = json.loads(answer.stdout)
    findings = [
        Finding(
            check=Path(path).name,
            found=f"{size} bytes, {hits} plain words of a database",
            kept=hits == 0,
        )
        for path, (size, hits) in counted.items()
    ]
    plain = opens(database, None)
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
