"""A run of a piece of the timetable: its lease, its heartbeat, its limit, its end.

While the work goes on, a thread beside it gives a sign of life each minute and
prolongs the lease, up to the limit and no further. After that the run counts as dead:
another worker may take over, and closes it.

What Python can and can't stop: nothing interrupts work from outside. Long work asks
`go_on()` between its steps and stops there. A single call that hangs holds no lease any
more, and writes on leases are fenced. Its process ends soon after: cron's `tick` by the
thread beside it, a worker by the queue. Else each tick would add one that hangs.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F

from plugseller.jobs import leases
from plugseller.jobs.models import Beat, Run
from plugseller.shelves import Periodic

BEAT_EVERY = leases.LIFE / 5
TIMETABLE = "timetable "  # how the leases of its pieces begin

logger = logging.getLogger(__name__)


class OutOfTime(Exception):
    """The run is past its limit; what isn't done yet is done next time."""


@dataclass(slots=True)
class Running:
    """A run in hand."""

    piece: Periodic
    run_id: int
    held: leases.Held
    began: datetime
    _start: float = field(default_factory=time.monotonic)  # no clock change matters
    lost: bool = False  # somebody else took over

    def now(self) -> datetime:
        """The instant, counted from the beginning."""
        return self.began + timedelta(seconds=time.monotonic() - self._start)

    @property
    def ends_at(self) -> datetime:
        return self.began + self.piece.limit

    def beat(self) -> None:
        """Give a sign of life. LeaseLost if the work is somebody else's now."""
        now = self.now()
        life = min(leases.LIFE, self.ends_at - now)
        with transaction.atomic():
            leases.renew(self.held, now=now, life=life)
            Run.objects.filter(pk=self.run_id).update(beat_at=now)


_current: ContextVar[Running | None] = ContextVar("running", default=None)


def go_on() -> None:
    """Ask between two steps of long work whether to go on; it is also a heartbeat.

    Inside a writing transaction it is a fence: nobody can take over before its end.
    Raises OutOfTime, LeaseLost. Outside of a run it does nothing.
    """
    running = _current.get()
    if running is None:
        return
    if running.lost:
        raise leases.LeaseLost(running.held.name)
    now = running.now()
    if now >= running.ends_at:
        raise OutOfTime
    leases.keep(running.held, now=now, life=min(leases.LIFE, running.ends_at - now))


def begin(piece: Periodic, *, now: datetime) -> Running | None:
    """Take the piece's lease and open a run; None while a living worker has it, or if
    one has done it meanwhile.

    A run that another worker left open is closed: it timed out, or its worker died.
    """
    life = min(leases.LIFE, piece.limit)
    held = leases.take(f"{TIMETABLE}{piece.name}", now=now, life=life)
    if held is None:
        return None
    with transaction.atomic():
        leases.keep(held, now=now, life=life)
        _close_left_open(piece, now)
        beats = Beat.objects.filter(name=piece.name)
        if beats.get().due_at(piece, now) > now:
            leases.give_back(held)
            return None
        beats.update(tried_at=now)
        run = Run.objects.create(
            name=piece.name, started_at=now, beat_at=now, fence=held.fence
        )
    return Running(piece, run.pk, held, now)


def _close_left_open(piece: Periodic, now: datetime) -> None:
    for run in Run.objects.filter(name=piece.name, outcome=Run.Outcome.RUNNING):
        late = now >= run.started_at + piece.limit
        outcome = Run.Outcome.TIMED_OUT if late else Run.Outcome.DIED
        _close(run.pk, outcome, now=now, note=f"last sign of life {run.beat_at:%F %T}")
        _note_failure(piece, now)


def end(
    running: Running, outcome: Run.Outcome, *, note: str = "", rows: int | None = None
) -> None:
    """Close the run and give the lease back; nothing if somebody else took over."""
    now, beats = running.now(), Beat.objects.filter(name=running.piece.name)
    with transaction.atomic():
        try:
            leases.keep(running.held, now=now)
        except leases.LeaseLost:
            return
        _close(running.run_id, outcome, now=now, note=note, rows=rows)
        if outcome == Run.Outcome.DONE:
            beats.update(ran_at=running.began, failures=0)
        else:
            _note_failure(running.piece, running.began)
        leases.give_back(running.held)


def _close(
    run_id: int,
    outcome: Run.Outcome,
    *,
    now: datetime,
    note: str = "",
    rows: int | None = None,
) -> None:
    still_open = Run.objects.filter(pk=run_id, outcome=Run.Outcome.RUNNING)
    still_open.update(outcome=outcome, ended_at=now, note=note[:100], rows=rows)


def _note_failure(piece: Periodic, now: datetime) -> None:
    beats = Beat.objects.filter(name=piece.name)
    beats.update(failed_at=now, failures=F("failures") + 1)


@contextmanager
def alive(running: Running, ends_hung: bool = False) -> Iterator[None]:
    """Give signs of life while the block runs; a hung one may end the process."""
    stop = threading.Event()
    heart = threading.Thread(
        target=_watch, args=(running, stop, ends_hung), name="heartbeat", daemon=True
    )
    heart.start()
    token = _current.set(running)
    try:
        yield
    finally:
        _current.reset(token)
        stop.set()
        heart.join()


def _watch(running: Running, stop: threading.Event, ends_hung: bool) -> None:
    _beat_until(running, stop)
    left = (running.ends_at - running.now() + BEAT_EVERY).total_seconds()
    if ends_hung and not stop.wait(max(left, 0)):
        logger.error("%s hangs, so its process is ended.", running.piece.name)
        os._exit(1)


def _beat_until(running: Running, stop: threading.Event) -> None:
    try:
        while not stop.wait(BEAT_EVERY.total_seconds()):
            if running.now() >= running.ends_at:
                return
            try:
                running.beat()
            except leases.LeaseLost:
                running.lost = True
                return
            except DatabaseError as error:
                # Busy or away: there are four more beats before the lease runs out.
                logger.warning("A heartbeat failed: %s.", type(error).__name__)
    finally:
        connection.close()  # this thread's own
