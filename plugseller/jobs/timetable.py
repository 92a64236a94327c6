"""Runs what the apps' `jobs.py` put on the shelf, when its time has come.

`manage.py tick` (cron) and django-q2's schedule call the same function, so an
installation may use either, or both: a piece of work runs once, by whoever comes
first, because it is done on a lease.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.signing import SignedPackage

from plugseller.audit.services import Acting, acting
from plugseller.custody.gate import why_shut
from plugseller.jobs import leases
from plugseller.jobs.models import Beat
from plugseller.shelves import PERIODICALS, By, Periodic

LONGEST = timedelta(minutes=10)  # of one tick that does the workers' work

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one piece of the timetable."""

    name: str
    outcome: str  # "done", "not due", "busy elsewhere", or the kind of error
    failed: bool = False


def run_due(now: datetime) -> list[Ran]:
    """Run every piece whose time has come; one that fails doesn't stop the others.

    None runs on a database that was put back and hasn't forgotten again.
    """
    if why := why_shut():
        return [Ran("everything", why, failed=True)]
    return [_run(piece, now) for piece in PERIODICALS.values()]


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
