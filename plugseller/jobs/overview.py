"""How each piece of the timetable stands, for people who look after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from plugseller.jobs.models import Run
from plugseller.jobs.timetable import beats
from plugseller.shelves import PERIODICALS


@dataclass(frozen=True, slots=True)
class Standing:
    """One piece: its last run, and when the next is due."""

    name: str
    every: timedelta
    started_at: datetime | None  # of the last run
    outcome: str  # of it; "" if there was none
    note: str
    seconds: float | None  # how long it took; None while it runs
    rows: int | None  # that it counted
    next_at: datetime
    failures: int  # in a row, up to now
    overdue: bool
    needs_somebody: bool  # overdue, or failing again and again


def standings(now: datetime) -> list[Standing]:
    """Every piece of the timetable, by name."""
    stand, found = beats(), []
    for name in sorted(PERIODICALS):
        piece, beat = PERIODICALS[name], stand[name]
        run = Run.objects.filter(name=name).first()
        took = run.ended_at - run.started_at if run and run.ended_at else None
        found.append(
            Standing(
                name=name,
                every=piece.every,
                started_at=run.started_at if run else None,
                outcome=run.outcome if run else "",
                note=run.note if run else "",
                seconds=took.total_seconds() if took is not None else None,
                rows=run.rows if run else None,
                next_at=beat.due_at(piece, now),
                failures=beat.failures,
                overdue=(overdue := beat.is_overdue(piece, now)),
                needs_somebody=overdue or beat.is_failing,
            )
        )
    return found
