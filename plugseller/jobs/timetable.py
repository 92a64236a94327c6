"""Runs what the apps' `jobs.py` put on the shelf, when its time has come.

`manage.py tick` (cron) and django-q2's schedule call the same function, so an
installation may use either, or both: a piece of work runs once, by whoever comes
first, because it is done on a lease.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from plugseller.audit.services import Acting, acting, record
from plugseller.custody.gate import why_shut
from plugseller.custody.models import CLOCKS
from plugseller.jobs import clock, outbox
from plugseller.jobs.leases import LIFE
from plugseller.jobs.models import LATE, Beat, Lease, Run
from plugseller.jobs.running import TIMETABLE, OutOfTime, alive, begin, end
from plugseller.shelves import PERIODICALS, By, Periodic

Outcome = Run.Outcome
NEVER = datetime.min.replace(tzinfo=UTC)
LONGEST = timedelta(minutes=10)  # of one tick that does the workers' work
BEGINS_WITHIN = timedelta(minutes=4)  # of a tick; the longest limit comes on top

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one piece of the timetable."""

    name: str
    outcome: str  # "done", "not due", "busy elsewhere", "put off", or what is wrong
    failed: bool = False


def tick(*, ends_hung: bool = False) -> list[Ran]:
    """Run what is due by this machine's clock; if that is in doubt, nothing that
    would destroy something by it."""
    if why := why_shut():
        return [Ran("everything", why, failed=True)]
    now = timezone.now()
    with acting(Acting(kind=By.JOB, via="tick")):
        in_doubt = bool(clock.why_in_doubt(now))
    return run_due(now, in_doubt=in_doubt, ends_hung=ends_hung)


def run_due(
    now: datetime,
    *,
    at_most: timedelta = BEGINS_WITHIN,
    ends_hung: bool = False,
    in_doubt: bool = False,
) -> list[Ran]:
    """Run every piece whose time has come; one that fails doesn't stop the others.

    What was tried longest ago comes first, so that a piece that kills its process
    keeps none of the others from running. Nothing new begins after `at_most`: the
    next tick goes on. None runs on a database that was put back and hasn't
    forgotten again, and with `in_doubt` about `now` none that destroys by it. With
    `ends_hung` a piece that hangs ends the process with it.
    """
    if why := why_shut():
        return [Ran("everything", why, failed=True)]
    start, ran = time.monotonic(), []
    _note_clock(now)
    for piece, beat in _in_turn(now):
        # To the second: each piece is told the time at which it begins.
        passed = timedelta(seconds=int(time.monotonic() - start))
        if passed >= at_most:
            ran.append(Ran(piece.name, "put off"))
        elif beat.due_at(piece, now) > now:
            ran.append(Ran(piece.name, "not due"))
        elif in_doubt and piece.destroys:
            ran.append(Ran(piece.name, "clock in doubt", failed=True))
        else:
            ran.append(_run(piece, now + passed, ends_hung=ends_hung))
    return ran


def beats() -> dict[str, Beat]:
    """How each piece stands, by its name."""
    kept = {beat.name: beat for beat in Beat.objects.all()}
    return {name: kept.get(name) or Beat(name=name) for name in PERIODICALS}


def make_known(now: datetime) -> None:
    """From now on each piece is due; what is known already stays as it is."""
    known = set(Beat.objects.values_list("name", flat=True))
    for name in PERIODICALS.keys() - known:
        Beat.objects.get_or_create(name=name, defaults={"known_at": now})


def silent_since(stand: Mapping[str, Beat], now: datetime) -> datetime | None:
    """Since when nobody ticks, neither cron nor a worker; None while somebody does.

    What web processes do in their place is no sign of life of them. Workers that are
    busy with the queue come to the tick when their job ends.
    """
    others = {n: stand[n] for n, piece in PERIODICALS.items() if not piece.cant_wait}
    if not any(one.is_overdue(PERIODICALS[n], now) for n, one in others.items()):
        return None
    begun = [one.newest_sign(now) for one in others.values()]
    newest = max(filter(None, (*begun, _beat_of(others, now))), default=NEVER)
    at_work = (
        _queue_worked_at(now) if now <= newest + settings.JOB_ENDS_WITHIN else None
    )
    return newest if now > max(newest, at_work or NEVER) + LATE else None


def _beat_of(names: Iterable[str], now: datetime) -> datetime | None:
    """The last sign of life of a run of these that goes on."""
    alive = Run.objects.filter(outcome=Outcome.RUNNING, beat_at__lte=now + CLOCKS)
    beat: datetime | None = alive.filter(name__in=list(names)).aggregate(
        at=Max("beat_at")
    )["at"]
    return beat


def _queue_worked_at(now: datetime) -> datetime | None:
    """When the lease of a sync or of another long job was last taken or prolonged."""
    ours = Q(name__startswith=TIMETABLE) | Q(name=outbox.LEASE)
    held = Lease.objects.exclude(ours).filter(expires_at__lte=now + LIFE + CLOCKS)
    until: datetime | None = held.aggregate(at=Max("expires_at"))["at"]
    return until - LIFE if until else None


def stand_in(now: datetime) -> list[Ran]:
    """Run what is due and can't wait, in the place of ticks that don't come.

    The floors above first: what they post is sent by the outbox of the ground floor.
    """
    if why := why_shut():
        return [Ran("everything", why, failed=True)]
    stand = beats()
    pieces = [piece for piece in PERIODICALS.values() if piece.cant_wait]
    return [
        _run(piece, now, ends_hung=False)
        for piece in reversed(pieces)
        if stand[piece.name].due_at(piece, now) <= now
    ]


def _in_turn(now: datetime) -> list[tuple[Periodic, Beat]]:
    make_known(now)
    stand = beats()
    turn = [(piece, stand[name]) for name, piece in PERIODICALS.items()]
    return sorted(turn, key=lambda one: one[1].tried_at or NEVER)


def run_queued(*, at_most: timedelta = LONGEST) -> list[Ran]:
    """Do what was queued, where no worker runs and cron ticks instead.

    Begins nothing new after `at_most`; the next tick goes on.
    """
    if why := why_shut():
        return [Ran("the queue", why, failed=True)]
    broker, ran = get_broker(), []
    until = time.monotonic() + at_most.total_seconds()
    while time.monotonic() < until and (taken := broker.dequeue()):
        for receipt, signed in taken:
            ran.append(_do(SignedPackage.loads(signed)))
            broker.acknowledge(receipt)
    return ran


def _do(task: dict[str, Any]) -> Ran:
    name = str(task["func"])
    try:
        with acting(Acting(kind=By.JOB, via=name)):
            import_string(name)(*task["args"], **task["kwargs"])
    except Exception as error:
        logger.error("%s failed: %s.", name, type(error).__name__)
        return Ran(name, type(error).__name__, failed=True)
    return Ran(name, "done")


def _note_clock(now: datetime) -> None:
    """What ran by a clock that was ahead is due again; somebody has to know of it."""
    ahead = [beat.name for beat in beats().values() if beat.is_ahead(now)]
    if ahead:
        logger.error("The clock was set back by more than five minutes.")
        with acting(Acting(kind=By.JOB, via="tick")):
            record("clock.set_back", rows=len(ahead))


def _run(piece: Periodic, now: datetime, *, ends_hung: bool) -> Ran:
    running = begin(piece, now=now)
    if running is None:
        return Ran(piece.name, "busy elsewhere")
    try:
        with acting(Acting(kind=By.JOB, via=piece.name)), alive(running, ends_hung):
            counted = piece.work(now)
    except OutOfTime:
        end(running, Outcome.TIMED_OUT)
        return Ran(piece.name, Outcome.TIMED_OUT.value, failed=True)
    except Exception as error:
        kind = type(error).__name__
        logger.error("%s failed: %s.", piece.name, kind)
        end(running, Outcome.FAILED, note=kind)
        return Ran(piece.name, kind, failed=True)
    except BaseException as error:  # the queue's own limit, Ctrl-C, the end of tick
        end(running, Outcome.DIED, note=type(error).__name__)
        raise
    rows = counted if type(counted) is int else None
    end(running, Outcome.DONE, rows=rows)
    return Ran(piece.name, Outcome.DONE.value)
