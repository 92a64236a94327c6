"""Whether everything goes on that must: what `/healthz` and the desk tell.

What else is to be watched puts itself on the shelf of vitals, in its app's `jobs.py`.
Nothing is written to find out; that the database takes writes is seen from the jobs,
which leave their times in it each minute.
"""

import logging
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from plugseller.audit.models import Entry
from plugseller.jobs import clock
from plugseller.jobs.models import OutgoingMail
from plugseller.jobs.timetable import beats, silent_since
from plugseller.shelves import PERIODICALS, VITALS

WAITS_AT_MOST = timedelta(hours=1)  # a mail, until somebody is told
_CLOCK_TOLD_FOR = timedelta(days=1)
LEAST_FREE = 256 * 1024 * 1024  # bytes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sign:
    """How one of the vitals is."""

    name: str
    label: str
    trouble: str  # in a sentence; "" if it is well


def look_after(now: datetime) -> list[Sign]:
    """How each of the vitals is; the database alone if it can't be reached."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return [Sign("database", "Database", "The database can't be reached.")]
    well = Sign("database", "Database", "")
    return [well, *(_look(name, now) for name in VITALS)]


def troubles(now: datetime) -> list[Sign]:
    """What isn't well."""
    return [sign for sign in look_after(now) if sign.trouble]


def _look(name: str, now: datetime) -> Sign:
    one = VITALS[name]
    try:
        trouble = one.look(now)
    except Exception as error:  # one that can't be asked isn't well
        logger.error("%s can't be asked: %s.", name, type(error).__name__)
        trouble = f"It can't be asked: {type(error).__name__}."
    return Sign(name, one.label, trouble)


def of_jobs(now: datetime) -> str:
    """Pieces of the timetable that haven't run when due, or fail again and again."""
    stand = beats()
    late = [
        name
        for name, piece in PERIODICALS.items()
        if stand[name].is_overdue(piece, now)
    ]
    failing = [n for n in PERIODICALS if stand[n].is_failing and n not in late]
    told = []
    if since := silent_since(stand, now):
        told.append(
            f"Nobody ticks since {since:%Y-%m-%d %H:%M} UTC: neither cron's tick nor a "
            "worker is at work. Web processes do only what can't wait."
        )
    if late:
        told.append(f"Overdue: {', '.join(late)}.")
    if failing:
        told.append(f"Failing again and again: {', '.join(failing)}.")
    return " ".join(told)


def of_clock(now: datetime) -> str:
    """Whether the clock leapt: what is counted from instants may be late, or early.

    One that went ahead a little is believed: a virtual machine that was paused does.
    """
    told = [clock.trouble()]
    leaps = Entry.objects.filter(event="clock.set_back", timestamp__lte=now)
    if leaps.filter(timestamp__gt=now - _CLOCK_TOLD_FOR).exists():
        told.append("It was set back by more than five minutes within the last day.")
    return " ".join(filter(None, told))


def of_mail(now: datetime) -> str:
    """Mails that nobody takes from us."""
    queued = OutgoingMail.objects.filter(state=OutgoingMail.State.QUEUED)
    stuck = queued.filter(posted_at__lt=now - WAITS_AT_MOST).count()
    return f"Waiting for more than an hour: {stuck}." if stuck else ""


def of_disk(now: datetime) -> str:
    """Whether there is room where our files lie."""
    free = shutil.disk_usage(settings.PLUGSELLER_HOME).free
    return "Less than 256 MiB are free for our files." if free < LEAST_FREE else ""
