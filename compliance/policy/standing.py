"""How each promise stands, by the last results alone: cheap enough for everybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, Q

from compliance.policy.models import ControlResult
from compliance.policy.promises import PROMISES, Promise
from plugseller.shelves import CONTROLS, Control, Verdict

_GRACE = timedelta(hours=1)  # a run that is under way isn't late


class State(StrEnum):
    """How a promise stands; the worst first."""

    BROKEN = "broken"
    LATE = "not checked in time"
    REMARK = "kept, with a remark"
    KEPT = "kept"

    @property
    def is_bad(self) -> bool:
        return self in (State.BROKEN, State.LATE)


_WORST_FIRST = list(State)


@dataclass(frozen=True, slots=True)
class Looked:
    """A control and what it last found."""

    control: Control
    last: ControlResult | None
    passed_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class Standing:
    """A promise and all that looks after it."""

    promise: Promise
    controls: tuple[Looked, ...]

    @property
    def state(self) -> State:
        """The worst of its controls; a promise without one isn't kept."""
        states = [looked.state for looked in self.controls] or [State.LATE]
        return min(states, key=_WORST_FIRST.index)

    @property
    def passed_at(self) -> datetime | None:
        """When all of it last passed: no later than the oldest of its controls."""
        instants = [looked.passed_at for looked in self.controls]
        if not instants or None in instants:
            return None
        return min(at for at in instants if at)


def standings(now: datetime) -> list[Standing]:
    """Every promise, in the order of the policy. Two queries, however long we run."""
    found = {looked.control.name: looked for looked in looks(CONTROLS.values(), now)}
    return [
        Standing(
            promise,
            tuple(one for one in found.values() if one.control.promise == promise.id),
        )
        for promise in PROMISES
    ]


def looks(controls: Iterable[Control], now: datetime) -> list[Looked]:
    """What each control last found."""
    controls = list(controls)
    names = [control.name for control in controls]
    known = ControlResult.objects.filter(name__in=names).order_by().values("name")
    newest = {
        one["name"]: (one["newest"], one["passed_at"])
        for one in known.annotate(
            newest=Max("id"), passed_at=Max("at", filter=Q(verdict=Verdict.PASS))
        )
    }
    results = ControlResult.objects.in_bulk([pk for pk, _ in newest.values()])
    told = []
    for control in controls:
        pk, passed_at = newest.get(control.name, (0, None))
        last = results.get(pk)
        told.append(Looked(control, last, passed_at, _state(control, last, now)))
    return told


def _state(control: Control, last: ControlResult | None, now: datetime) -> State:
    if last is not None and last.failed:
        return State.BROKEN
    if last is None or now - last.at > control.every + _GRACE:
        return State.LATE
    return State.REMARK if last.verdict == Verdict.WARN else State.KEPT
