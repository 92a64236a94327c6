"""Does the audit log hold everything it ever held, as it was written? (ACC-2)

Walks the entries in the order of their numbers, a few thousand at a time, so memory
stays flat however long the log is. After a fault it goes on from what is stored, so
that one changed entry is one finding.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from plugseller.audit import chain, witness
from plugseller.audit.append import COLUMNS, TABLE, keys
from plugseller.audit.chain import Keys, Seal
from plugseller.audit.checkpoints import saved, standing
from plugseller.audit.models import Checkpoint

BATCH = 5_000
MOST_FINDINGS = 100  # told one by one; all are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can't be if nobody touched the log."""

    number: int | None  # of the entry; None if it isn't about one
    what: str


@dataclass(slots=True)
class Verification:
    """What `verify` saw."""

    first: int | None = None
    last: int | None = None
    head: str = chain.GENESIS
    entries: int = 0
    checkpoints: int = 0
    witnessed: int = 0  # checkpoints in the witness file
    witnessed_to: int = 0  # the last entry that the witness saw
    faults: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults

    @property
    def first_bad(self) -> int | None:
        """The number of the first bad entry; None if no finding is about one."""
        return min((f.number for f in self.findings if f.number), default=None)

    def find(self, number: int | None, what: str) -> None:
        self.faults += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(number, what))


def verify(
    *, witness_file: Path | None = None, using: str = DEFAULT_DB_ALIAS
) -> Verification:
    """Check every entry, checkpoint and line of the witness against each other.

    Raises KeyTrouble or WitnessTrouble when that can't be done.
    """
    held = keys(anew=True)
    seen = Verification()
    inside = _genuine(list(saved(using)), held, seen, "in the database")
    path = witness_file or witness.witness_file()
    lines, damaged = witness.read(path)
    outside = _genuine(lines, held, seen, f"in {path.name}")
    for number in damaged:
        seen.find(None, f"Line {number} of {path.name} isn't a checkpoint.")
    seen.checkpoints, seen.witnessed = len(inside), len(outside)
    _compare_checkpoints(inside, outside, path, seen)

    believed = standing(outside) + standing(inside)
    seen.witnessed_to = max((seal.number for seal in standing(outside)), default=0)
    _walk(held, believed, seen, using)
    _tell_restores(outside, seen)
    return seen


def verify_newest(*, using: str = DEFAULT_DB_ALIAS) -> Verification:
    """Check what was logged since the newest checkpoint, and that one's signature.

    Cheap however long the log is; that the rest is whole `verify` says. Raises
    KeyTrouble.
    """
    held, seen = keys(), Verification()
    heads = Checkpoint.objects.using(using).exclude(kind=chain.ANCHOR)
    row = heads.order_by("-id").first()
    seals = _genuine([row.seal()] if row else [], held, seen, "in the database")
    seen.checkpoints = len(seals)
    since, stated = (seals[0].number, seals[0].hash) if seals else (0, "")
    number, previous = 0, ""
    for row_number, row_previous, row_hash, *content in _rows(using, since or None):
        if seen.entries and row_number != number + 1:
            _gap(number + 1, row_number, seen)
        elif seen.entries and row_previous != previous:
            seen.find(row_number, f"Entry {row_number} doesn't follow the one before.")
        if not held.fits(row_hash, row_number, row_previous, content):
            seen.find(row_number, f"Entry {row_number} isn't as it was written.")
        if row_number == since and row_hash != stated:
            seen.find(since, f"Entry {since} isn't the one that a checkpoint saw.")
        number, previous = row_number, row_hash
        seen.entries += 1
    if number < since:
        seen.find(since, f"The log ends before entry {since}, which a checkpoint saw.")
    seen.last, seen.head = number, previous
    return seen


def _genuine(
    seals: list[Seal], held: Keys, seen: Verification, where: str
) -> list[Seal]:
    genuine = []
    for seal in seals:
        if seal.is_genuine(held):
            genuine.append(seal)
        else:
            seen.find(
                None,
                f"The checkpoint of entry {seal.number} {where} has no genuine "
                f"signature (key {seal.key_id}).",
            )
    return genuine


def _compare_checkpoints(
    inside: list[Seal], outside: list[Seal], path: Path, seen: Verification
) -> None:
    """The same checkpoints must be in both places; the newest may not be out yet."""
    lost = {seal.signature for seal in outside} - {
        seal.signature for seal in standing(outside)
    }
    in_database = {seal.signature for seal in inside}
    at_witness = {seal.signature for seal in outside}
    for seal in outside:
        if seal.signature not in in_database | lost and seal.kind != chain.RESTORED:
            seen.find(
                None,
                f"The checkpoint of entry {seal.number} of {seal.made_at} is at the "
                "witness and not in the database.",
            )
    for seal in inside[:-1]:
        if seal.signature not in at_witness:
            seen.find(
                None,
                f"The checkpoint of entry {seal.number} of {seal.made_at} is in the "
                f"database and not in {path}.",
            )


def _walk(held: Keys, believed: list[Seal], seen: Verification, using: str) -> None:
    stated: dict[int, set[str]] = defaultdict(set)
    for seal in believed:
        stated[seal.number].add(seal.hash)
    anchors = {s.number: s.hash for s in believed if s.kind == chain.ANCHOR}
    number, previous = _start(anchors, seen, using)
    key = held.chaining
    for row_number, row_previous, row_hash, *content in _rows(using):
        if row_number != number + 1:
            _gap(number + 1, row_number, seen)
        elif row_previous != previous:
            seen.find(row_number, f"Entry {row_number} doesn't follow the one before.")
        if chain.link(key, row_number, row_previous, content) != row_hash and not (
            held.fits(row_hash, row_number, row_previous, content)
            # By a key that was made while we were walking.
            or keys(anew=True).fits(row_hash, row_number, row_previous, content)
        ):
            seen.find(row_number, f"Entry {row_number} isn't as it was written.")
        if row_number in stated and stated[row_number] != {row_hash}:
            seen.find(
                row_number, f"Entry {row_number} isn't the one that a checkpoint saw."
            )
        number, previous = row_number, row_hash
        seen.entries += 1
    if seen.entries:
        seen.last, seen.head = number, previous
    _check_end(number, stated, seen)


def _start(anchors: dict[int, str], seen: Verification, using: str) -> tuple[int, str]:
    """The number and hash before the first entry: nothing, or the newest anchor."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT min(id) FROM {TABLE}")  # noqa: S608  a constant
        seen.first = cursor.fetchone()[0]
    number = max(anchors, default=0)
    if number and seen.first is not None and seen.first <= number:
        seen.find(
            seen.first,
            f"Entries up to {number} were removed when their time was over, but entry "
            f"{seen.first} is there: an older copy of the database was put back.",
        )
        return seen.first - 1, ""
    return number, anchors.get(number, chain.GENESIS)


def _gap(expected: int, found: int, seen: Verification) -> None:
    if found < expected:
        seen.find(found, f"Entry {found} is there twice or out of order.")
    elif found == expected + 1:
        seen.find(expected, f"Entry {expected} is missing.")
    else:
        seen.find(expected, f"Entries {expected} to {found - 1} are missing.")


def _check_end(last: int, stated: dict[int, set[str]], seen: Verification) -> None:
    beyond = max(stated, default=0)
    if beyond > last:
        seen.find(
            last + 1,
            f"The log ends with entry {last}, but a checkpoint saw entry {beyond}: the "
            "end was cut off, or an older copy of the database was put back.",
        )
    if not stated:
        seen.notes.append("There is no checkpoint yet: a cut end can't be noticed.")


def _tell_restores(outside: list[Seal], seen: Verification) -> None:
    for seal in outside:
        if seal.kind == chain.RESTORED:
            seen.notes.append(
                f"On {seal.made_at} an older copy of the database was put back; what "
                f"was logged before that and after entry {seal.number} is lost."
            )


def _rows(using: str, since: int | None = None) -> Iterator[tuple[Any, ...]]:
    """All entries, or those from that number on, up to the newest of now, as append.py
    wrote them."""
    connection = connections[using]
    postgresql = connection.vendor == "postgresql"
    selected = _POSTGRESQL if postgresql else _SQLITE
    query = (
        f"SELECT id, previous_hash, hash, {selected} FROM {TABLE} "  # noqa: S608
        "WHERE id > %s AND id <= %s ORDER BY id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id) - 1, max(id) FROM {TABLE}")  # noqa: S608
        after, newest = cursor.fetchone()
        if after is not None and since is not None:
            after = max(after, since - 1)
        while after is not None and after < newest:
            cursor.execute(query, (after, newest, BATCH))
            rows = cursor.fetchall()
            if not rows:
                return
            yield from map(_same_json, rows) if postgresql else rows
            after = rows[-1][0]


_JSON = [3 + COLUMNS.index(name) for name in ("changes", "additional_data")]


def _same_json(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """PostgreSQL keeps JSON in an order of its own."""
    values = list(row)
    for place in _JSON:
        if values[place] is not None:
            values[place] = chain.as_text(json.loads(values[place]))
    return tuple(values)


def _selection(casts: dict[str, str]) -> str:
    return ", ".join(casts.get(name, f'"{name}"') for name in COLUMNS)


_IDS = ("actor_id", "grant_id", "seller_id", "request_id")
_SQLITE = _selection({"timestamp": "timestamp || ''"})  # or the driver would parse it
_POSTGRESQL = _selection(
    {
        "timestamp": (
            "to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        ),
        "changes": "changes::text",
        "additional_data": "additional_data::text",
        **{name: f"replace({name}::text, '-', '')" for name in _IDS},
    }
)
