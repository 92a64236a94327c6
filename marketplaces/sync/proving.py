"""Whether the credentials in use still work: asked daily, once per connection.

A sync proves it by the way, because it begins with a fresh token and the account
itself. Who isn't synced is asked at a minute of the day of its own, so that
not all are asked at once. The proof is a pass of the account alone: whatever comes of
it goes the way it goes in every sync, so only what a marketplace documents as the end
of an authorisation ends one, and a refusal of our own app's secret ends none.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from marketplaces.models import Connection
from marketplaces.sync.limits import UNHURRIED, Clock, Pace, SystemClock
from marketplaces.sync.rounds import Result, live_connections, sync_round

FRESH = timedelta(hours=1)  # a proof so short before its turn counts for the day
_DAY = timedelta(days=1)
_MINUTES = 24 * 60


def due(now: datetime) -> list[Connection]:
    """Live connections whose minute of the day has come, with no proof of the day."""
    stale = Q(proved_at=None) | Q(proved_at__lte=now - FRESH)
    found = live_connections().filter(stale).defer("credentials")
    return [one for one in found if _waits(one, now)]


def _waits(one: Connection, now: datetime) -> bool:
    turn = last_turn(one.pk, now)
    if one.proved_at is not None and one.proved_at >= turn - FRESH:
        return False
    return one.tried_at is None or one.tried_at < turn


def last_turn(connection_id: UUID, now: datetime) -> datetime:
    """When the connection's minute of the day last was."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    turn = midnight + timedelta(minutes=connection_id.int % _MINUTES)
    return turn if turn <= now else turn - _DAY


def prove(
    account: Connection, *, pace: Pace = UNHURRIED, clock: Clock | None = None
) -> Result | None:
    """Ask the marketplace for the account; None if somebody did so today."""
    clock = clock or SystemClock()
    now = clock.now()
    ours = live_connections().filter(
        Q(tried_at=None) | Q(tried_at__lt=last_turn(account.pk, now)), pk=account.pk
    )
    if not ours.order_by().update(tried_at=now):
        return None
    return sync_round([account], features=(), clock=clock, pace=pace)[0]
