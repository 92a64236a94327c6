"""The timetable of this floor. Jobs get ids, never values, and can run twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from marketplaces.exporting import building
from marketplaces.exporting import services as exporting
from marketplaces.models import Connection, SyncRun
from marketplaces.sync.limits import UNHURRIED
from marketplaces.sync.resting import rests
from marketplaces.sync.rounds import due_connections, sync_round
from plugseller.audit.services import Acting, acting
from plugseller.shelves import periodic

IN_A_JOB = replace(UNHURRIED, lifetime=timedelta(minutes=10))
"""Ends before the queue's own limit would kill the worker; the next pass goes on."""

_REASON = "a job names one connection by its id"


def sync_due(now: datetime) -> None:
    """Queue a job for each connection that is due."""
    for account in due_connections(now):
        async_task("marketplaces.jobs.sync_one", str(account.pk))


periodic("marketplaces.sync_due", every=settings.SYNC_EVERY, work=sync_due)

periodic("exports.tend", every=timedelta(minutes=1), work=exporting.tend_exports)


def build_export(export_id: str) -> None:
    """Put together the file with all data that somebody asked for."""
    building.build_export(UUID(export_id), now=timezone.now())


def start_sync(connection_id: UUID) -> None:
    """Sync the connection soon, in the background: for "Sync now"."""
    asked_at = timezone.now().isoformat()
    async_task("marketplaces.jobs.sync_now", str(connection_id), asked_at)


def sync_one(connection_id: str) -> None:
    """The scheduled sync of one connection."""
    account = _connection(connection_id)
    if account is not None and not rests(account, now=timezone.now()):
        _sync(account)


def sync_now(connection_id: str, asked_at: str) -> None:
    """The sync a person asked for; asked for twenty times, it is done once."""
    account = _connection(connection_id)
    if account is None:
        return
    since = SyncRun.objects.across_sellers(reason=_REASON).filter(
        connection=account, started_at__gte=datetime.fromisoformat(asked_at)
    )
    if not since.exists():
        _sync(account)


def _sync(account: Connection) -> None:
    with acting(Acting(kind="job")):
        sync_round([account], pace=IN_A_JOB)


def _connection(connection_id: str) -> Connection | None:
    """The connection, if it is still there and live."""
    found = Connection.objects.across_sellers(reason=_REASON).filter(
        pk=UUID(connection_id)
    )
    account = found.first()
    return account if account is not None and account.is_live else None
