"""The circuit breaker: when a connection whose calls keep failing is tried again.

It opens in a pass whose operations fail one after another, and is kept in `goes_on_at`
of the run that opened it. A connection whose passes kill their workers rests as well.
The scheduled sync waits; a person may try at any time.
"""

from datetime import datetime

from django.db import models

from marketplaces.models import Connection, SyncRun
from marketplaces.sync.limits import UNHURRIED, Pace

Outcome = SyncRun.Outcome
_LOOKED_AT = 12  # runs back; more failures in a row rest no longer
_DEADLY = 3  # passes broken off in a row after which a worker isn't risked at once


def until(account: Connection, *, pace: Pace, now: datetime) -> datetime:
    """How long to rest after one more pass that failed throughout."""
    rested = 0
    for run in _runs(account)[:_LOOKED_AT]:
        if run.outcome == Outcome.DONE:
            break
        if run.outcome == Outcome.FAILED and run.goes_on_at:
            rested += 1
    return now + pace.cooling(rested)


def rests(account: Connection, *, now: datetime, pace: Pace = UNHURRIED) -> bool:
    """Whether the scheduled sync leaves it alone for now."""
    last = list(_runs(account)[:_LOOKED_AT])
    if not last:
        return False
    if last[0].outcome == Outcome.FAILED and last[0].goes_on_at:
        return last[0].goes_on_at > now
    deadly = 0
    for run in last:
        if run.outcome != Outcome.BROKEN_OFF:
            break
        deadly += 1
    if deadly < _DEADLY or last[0].finished_at is None:
        return False
    return last[0].finished_at + pace.cooling(deadly - _DEADLY) > now


def _runs(account: Connection) -> "models.QuerySet[SyncRun]":
    return (
        SyncRun.objects.across_sellers(reason="when one connection may be tried again")
        .filter(connection=account)
        .exclude(outcome=Outcome.RUNNING)
        .order_by("-id")
    )
