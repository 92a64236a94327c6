"""The timetable of this floor. Jobs get ids, never values, and can run twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django_q.tasks import async_task

from marketplaces import receiving, rotation
from marketplaces.appsecrets import forget_ended, note_environment
from marketplaces.exporting import building
from marketplaces.exporting import services as exporting
from marketplaces.models import Connection, SyncRun
from marketplaces.sync import proving
from marketplaces.sync.limits import UNHURRIED
from marketplaces.sync.resting import rests
from marketplaces.sync.rounds import due_connections, sync_round
from plugseller.audit.services import Acting, acting, record
from plugseller.custody.models import Tombstone
from plugseller.custody.services import is_buried
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

periodic(
    "exports.expire",
    every=timedelta(minutes=1),
    work=exporting.expire_exports,
    destroys=True,
)


def build_export(export_id: str) -> None:
    """Put together the file with all data that somebody asked for."""
    building.build_export(UUID(export_id), now=timezone.now())


def keep_app_secrets(now: datetime) -> None:
    """Note, receive and forget secrets of our own app, and shout where one is lost."""
    for marketplace in settings.MARKETPLACES:
        note_environment(marketplace, now=now)
    receiving.collect(now)
    rotation.shout(now)
    forget_ended(now)


periodic("marketplaces.app_secrets", every=timedelta(minutes=5), work=keep_app_secrets)


def prove_due(now: datetime) -> None:
    """Queue a proof for each connection whose turn of the day has come."""
    for account in proving.due(now):
        async_task("marketplaces.jobs.prove_one", str(account.pk))


periodic("marketplaces.prove_due", every=timedelta(minutes=15), work=prove_due)


def prove_one(connection_id: str) -> None:
    """Whether one connection's credentials still work."""
    account = _connection(connection_id)
    if account is not None:
        with acting(Acting(kind="job")):
            proving.prove(account, pace=IN_A_JOB)


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
    """The connection, if it is still there and live.

    A late job that names an erased one is dropped, and counted by an entry.
    """
    pk = UUID(connection_id)
    found = Connection.objects.across_sellers(reason=_REASON).filter(pk=pk)
    account = found.first()
    if is_buried(Tombstone.Kind.CONNECTION, pk):
        with acting(Acting(kind="job")):
            record("sync.dropped", details={"connection": pk})
        return None
    return account if account is not None and account.is_live else None
