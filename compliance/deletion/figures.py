"""How long deletions take, for everybody to see (RET-2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from compliance.deletion.models import DeletionRequest

_DAY = timedelta(days=1)
LOOKS_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Taken:
    """Days from a request's arrival to its completion."""

    requests: int
    median: float
    worst: float


def taken(now: datetime) -> Taken | None:
    """Of the requests completed in the last year; None if there is none."""
    done = DeletionRequest.objects.filter(
        status=DeletionRequest.Status.COMPLETED,
        joined_to=None,
        ended_at__gt=now - LOOKS_BACK,
    )
    times = done.values_list("received_at", "ended_at")
    days = [(ended - received) / _DAY for received, ended in times if ended]
    if not days:
        return None
    return Taken(len(days), round(median(days), 1), round(max(days), 1))
