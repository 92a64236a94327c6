"""Makes a database that was put back forget what the ledger says was erased (RET-2).

Line by line: whom the line names is found by its keyed hash, their data keys are
destroyed and every place is walked in the order of an erasure. A line counts as done
in the transaction that notes it; what a crash broke off is done again by the next run,
which finds less.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from plugseller.audit.checkpoints import is_behind_witness, state_restore
from plugseller.audit.services import record
from plugseller.custody import gate, ledger
from plugseller.custody.hashing import keyed
from plugseller.custody.ledger import Line
from plugseller.custody.models import Replay, Standing, Tombstone
from plugseller.custody.services import in_order
from plugseller.custody.walking import erase_holding
from plugseller.shelves import SUBJECTS, Scope

Then = Callable[[UUID], object]


class ReplayTrouble(Exception):
    """The replay can't go on; one sentence for operators."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did."""

    lines: int
    matched: int  # lines that named somebody who was there
    rows: int


def pending() -> int:
    """How many lines of the ledger wait. Raises LedgerBroken."""
    return len(gate.waiting())


def replay(now: datetime, *, then: Then | None = None) -> Replayed:
    """Erase again whatever the ledger names, and open the gate.

    Safe to kill and to repeat; does nothing when the gate is open. `then` is called
    with each id that was found, before its line counts as done. Raises LedgerBroken,
    KeyTrouble, WitnessTrouble or ReplayTrouble, and then the gate stays shut.
    """
    if not gate.why_shut():
        return Replayed(0, 0, 0)
    lines = ledger.read()
    gate.waiting()  # refuses a ledger that was cut
    run = _begin(lines, now)
    finder = _Finder(lines)
    for line in lines[run.done :]:
        rows, found = 0, finder.named_by(line)
        if found is not None:
            rows = _erase(line.kind, found)
            if then:
                then(found)
        _note(run, line, rows, matched=found is not None, now=now)
        run.refresh_from_db()
    return _end(run, lines, now)


def write_ledger_anew() -> int:
    """Complete what is left of a ledger from the suppression list; how many lines.

    Only for whoever has no copy of it: what was erased after a backup that was put
    back, and stands in neither, is known from nowhere then. Raises LedgerBroken.
    """
    left = ledger.left_of_it()
    known = {(line.kind, line.hash) for line in left}
    stones = Tombstone.objects.order_by("made_at", "pk").values_list(
        "kind", "hash", "key_id", "request", "made_at"
    )
    count = ledger.write_anew(
        [
            *((one.kind, one.hash, one.key_id, one.request, one.at) for one in left),
            *(stone for stone in stones.iterator() if stone[:2] not in known),
        ]
    )
    with transaction.atomic():
        if Standing.objects.exists():
            gate.caught_up(ledger.read())
        record("ledger.written_anew", rows=count)
    return count


def _begin(lines: list[Line], now: datetime) -> Replay:
    """The replay that was broken off, or a new one; and the audit log says so."""
    run = Replay.objects.filter(ended_at=None).first()
    if run is None:
        standing = Standing.objects.filter(pk=1).first()
        if standing is None or is_behind_witness():
            state_restore(now)
        done = standing.line if standing else 0
        return Replay.objects.create(
            began_at=now, first=done, done=done, last=len(lines)
        )
    Replay.objects.filter(pk=run.pk).update(last=len(lines))
    return run


def _erase(kind: str, found: UUID) -> int:
    scope = _scope(kind, found)
    return sum(erase_holding(holding, scope) for holding in in_order())


def _scope(kind: str, found: UUID) -> Scope:
    scope = SUBJECTS[kind].scope(found)
    if scope.whole_seller is None:
        return scope
    own = {
        one
        for subject in SUBJECTS.values()
        if subject.of_seller
        for one in subject.of_seller(scope.whole_seller)
    }
    return replace(scope, connections=scope.connections | own)


@transaction.atomic
def _note(run: Replay, line: Line, rows: int, *, matched: bool, now: datetime) -> None:
    mine = Replay.objects.filter(pk=run.pk, done=line.number - 1)
    counted = mine.update(
        done=line.number, matched=run.matched + matched, rows=run.rows + rows
    )
    if not counted:
        raise ReplayTrouble("Another replay is at work here: let it finish.")
    Tombstone.objects.get_or_create(
        kind=line.kind,
        hash=line.hash,
        defaults={
            "key_id": line.key_id,
            "request": line.request,
            "made_at": line.at,
        },
    )
    record(
        "ledger.line_replayed",
        rows=rows,
        details={
            "line": line.number,
            "kind": line.kind,
            "request": line.request,
            "was here": matched,
        },
    )


@transaction.atomic
def _end(run: Replay, lines: list[Line], now: datetime) -> Replayed:
    Replay.objects.filter(pk=run.pk).update(ended_at=now)
    gate.caught_up(lines)
    record(
        "ledger.replayed",
        rows=run.rows,
        details={"lines": len(lines) - run.first, "matched": run.matched},
    )
    return Replayed(len(lines) - run.first, run.matched, run.rows)


class _Finder:
    """Finds the id that a line names among those that are in the database."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._keys: dict[str, set[str]] = defaultdict(set)
        for line in lines:
            self._keys[line.kind].add(line.key_id)
        self._found: dict[str, dict[str, UUID]] = {}

    def named_by(self, line: Line) -> UUID | None:
        if line.kind not in self._found:
            self._found[line.kind] = self._hashed(line.kind)
        return self._found[line.kind].get(line.hash)

    def _hashed(self, kind: str) -> dict[str, UUID]:
        if kind not in SUBJECTS:
            raise ReplayTrouble(
                f"The deletion ledger names a {kind}, of which this program knows "
                "nothing: use a newer one."
            )
        return {
            keyed(kind, one, key_id=key_id): one
            for key_id in sorted(self._keys[kind])
            for one in SUBJECTS[kind].ids()
        }
