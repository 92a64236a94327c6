"""A lost authorisation starts the clock for that account's data (Amazon DPP 1.7).

Nobody tells us: a marketplace sends no notice of it. So what the syncs found and what
sellers disconnected is looked for, by the timetable. The dates are those of the
connection itself, and a job that slept changes none.
"""

from datetime import datetime, timedelta

from django.db import transaction

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import request_deletion, withdraw
from compliance.deletion.services.running import is_connected_again
from compliance.deletion.services.steps import OPEN
from compliance.deletion.states import BEFORE_IT_BEGINS, Status
from marketplaces.models import Connection
from marketplaces.services import ended_connections

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source

RECONNECT_WITHIN = timedelta(days=7)
LEAST_NOTICE = timedelta(hours=48)  # however late it was found


def follow_authorisations(now: datetime) -> int:
    """Ask for the deletion of what lost its authorisation, and withdraw that for what
    has a new one; how many changed. A job, which can run twice."""
    started = sum(_start(connection, now) for connection in ended_connections())
    waiting = DeletionRequest.objects.filter(
        source=Source.AUTHORISATION, status__in=BEFORE_IT_BEGINS, began_at=None
    )
    return started + sum(_call_off(request, now) for request in waiting)


@transaction.atomic
def _start(connection: Connection, now: datetime) -> bool:
    """The clock counts from when the authorisation ended, not from when it was found.

    A request that an officer rejected for this very end isn't made again; one that
    runs already is found by `request_deletion` and stays the only one.
    """
    ended_at = connection.ended_at
    if ended_at is None:
        return False
    if _is_being_deleted(connection):
        return False
    ours = DeletionRequest.objects.filter(
        kind=Kind.CONNECTION,
        connection_id=connection.pk,
        source=Source.AUTHORISATION,
    )
    if ours.filter(OPEN).exists():
        return False
    if ours.filter(status=Status.REJECTED, received_at=ended_at).exists():
        return False
    begins = max(ended_at + RECONNECT_WITHIN, now + LEAST_NOTICE)
    request_deletion(
        actor=None,
        source=Source.AUTHORISATION,
        kind=Kind.CONNECTION,
        seller=connection.seller,
        connection=connection,
        contact=None,
        identity="The marketplace or the seller ended the authorisation",
        verified=True,
        grace=begins - now,
        now=now,
        received_at=ended_at,
    )
    return True


def _is_being_deleted(connection: Connection) -> bool:
    """A deletion destroys credentials itself, which isn't a loss of them."""
    begun = DeletionRequest.objects.filter(OPEN, began_at__isnull=False)
    whole = begun.filter(kind=Kind.ACCOUNT, seller_id=connection.seller_id)
    return (whole | begun.filter(connection_id=connection.pk)).exists()


def _call_off(request: DeletionRequest, now: datetime) -> bool:
    if not is_connected_again(request):
        return False
    withdraw(actor=None, request=request, now=now)
    return True
