"""Runs what the apps' `jobs.py` put on the shelf, when its time has come.

`manage.py tick` (cron) and django-q2's schedule call the same function, so an
installation may use either, or both: a piece of work runs once, by whoever comes
first, because it is done on a lease.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from plugseller.audit.services import Acting, acting
from plugseller.jobs import leases
from plugseller.jobs.models import Beat
from plugseller.shelves import PERIODICALS, By, Periodic

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one piece of the timetable."""

    name: str
    outcome: str  # "done", "not due", "busy elsewhere", or the kind of error
    failed: bool = False


def run_due(now: datetime) -> list[Ran]:
    """Run every piece whose time has come; one that fails doesn't stop the others."""
    return [_run(piece, now) for piece in PERIODICALS.values()]


def _run(piece: Periodic, now: datetime) -> Ran:
    beat, _ = Beat.objects.get_or_create(name=piece.name)
    if beat.ran_at and beat.ran_at + piece.every > now:
        return Ran(piece.name, "not due")
    held = leases.take(f"timetable {piece.name}", now=now)
    if held is None:
        return Ran(piece.name, "busy elsewhere")
    ours = Beat.objects.filter(name=piece.name)
    try:
        with acting(Acting(kind=By.JOB, via=piece.name)):
            piece.work(now)
    except Exception as error:
        ours.update(failed_at=now)
        logger.error("%s failed: %s.", piece.name, type(error).__name__)
        return Ran(piece.name, type(error).__name__, failed=True)
    finally:
        leases.give_back(held)
    ours.update(ran_at=now)
    return Ran(piece.name, "done")
