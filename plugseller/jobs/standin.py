"""When cron's tick is dead and no worker is at work, web processes do what can't wait:
clocks, notices and mail (INC-3).

Each process looks once a minute, at a request, and soon after its start. That is one
question to the database after the page is made. The work itself is done beside the
requests, on the leases of the timetable, so that of many processes one does it.
"""

import logging
import os
import time
from collections.abc import Callable
from threading import Lock, Thread, Timer

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from plugseller.jobs.timetable import beats, silent_since, stand_in

EVERY = 60.0  # seconds between two looks of a process
_STARTS_WITHIN = 3.0  # seconds; a process that forks to serve has done so by then

logger = logging.getLogger(__name__)
_at_work = Lock()
_looked_at = float("-inf")
_first_look: Timer | None = None


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
    """The look at the start of a process, a moment later.

    One that forks meanwhile (`gunicorn --preload`) leaves it to its children: neither
    a lock that is held nor a connection in use may be there twice.
    """
    global _first_look
    _first_look = Timer(_STARTS_WITHIN, _look_first)
    _first_look.daemon = True
    _first_look.start()


def _look_first() -> None:
    look()
    connection.close()  # this thread's own


def _before_fork() -> None:
    if _first_look is not None:
        _first_look.cancel()
        _first_look.join()  # it is at its one question at most


def _after_fork() -> None:
    global _at_work, _looked_at
    _at_work, _looked_at = Lock(), float("-inf")
    if _first_look is not None:
        stand_in_if_nobody_ticks()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def _work() -> None:
    if not _at_work.acquire(blocking=False):
        return  # this process is at it, and takes longer than a minute
    try:
        stand_in(timezone.now())
    except Exception as error:
        # Nobody waits for this thread: the next look tries again.
        logger.error("Standing in failed: %s.", type(error).__name__)
    finally:
        connection.close()
        _at_work.release()
