"""When cron's tick is dead and no worker is at work, web processes do what can't wait:
clocks, notices and mail (INC-3).

Each process looks once a minute, at a request, and at its start. That is one question
to the database after the page is made. The work itself is done beside the requests, on
the leases of the timetable, so that of many processes one does it.
"""

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from plugseller.jobs.timetable import beats, silent_since, stand_in

EVERY = 60.0  # seconds between two looks of a process

logger = logging.getLogger(__name__)
_at_work = Lock()
_looked_at = float("-inf")


class StandIn:
    """The middleware: the page first, then the look."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        look()
        return response


def look() -> Thread | None:
    """Stand in if nobody ticks; the thread that does. Nothing within the minute."""
    global _looked_at
    now = time.monotonic()
    if now < _looked_at + EVERY:
        return None
    _looked_at = now
    try:
        since = silent_since(beats(), timezone.now())
    except DatabaseError as error:  # away, or not migrated yet; the next look tells
        logger.warning("Whether anybody ticks isn't known: %s.", type(error).__name__)
        return None
    if since is None:
        return None
    logger.critical("Nobody ticks since %s. Start cron or a worker.", since)
    worker = Thread(target=_work, name="stand-in", daemon=True)
    worker.start()
    return worker


def stand_in_if_nobody_ticks() -> None:
    """The look at the start of a process, which may be forked afterwards."""
    look()
    connection.close()


def _work() -> None:
    if not _at_work.acquire(blocking=False):
        return  # this process is at it, and takes longer than a minute
    try:
        stand_in(timezone.now())
    except (
        Exception
    ) as error:  # nobody waits for this thread: the next look tries again
        logger.error("Standing in failed: %s.", type(error).__name__)
    finally:
        connection.close()
        _at_work.release()
