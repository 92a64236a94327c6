"""What is to be deleted is neither fetched nor read; a withdrawal brings it back.

What must be stopped is computed from the requests that are open, each time one
changes, and not counted up and down: so two requests about the same data can end in
any order.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from compliance.deletion.models import DeletionRequest
from compliance.deletion.states import Status
from marketplaces.services import (
    freeze_connection,
    hold_connections,
    thaw_connection,
)
from plugseller.accounts.services.freezing import (
    freeze_seller,
    set_frozen_parts,
    thaw_seller,
)

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source

_STOPS = (Status.SCHEDULED, Status.EXECUTING, Status.VERIFYING, Status.ON_HOLD)
_BY_ITSELF = (Source.AUTHORISATION, Source.RETENTION)
"""Nobody asked for these: the seller reads on until the deletion begins. Who lost an
authorisation has a week to renew it, and fetching has stopped by itself."""


def settle_freezing(seller_id: UUID, *, now: datetime) -> None:
    """Freeze and thaw the seller and its connections as its open requests demand.

    In the caller's transaction, with the seller's rows held.
    """
    stopping = DeletionRequest.objects.filter(
        Q(began_at__isnull=False) | ~Q(source__in=_BY_ITSELF),
        seller_id=seller_id,
        status__in=_STOPS,
    )
    whole = stopping.filter(kind=Kind.ACCOUNT).exists()
    named = stopping.filter(kind=Kind.CONNECTION).values_list(
        "connection_id", flat=True
    )
    single = {pk for pk in named if pk}
    connections = [one.pk for one in hold_connections(seller_id)]
    set_frozen_parts(seller=seller_id, parts=single.intersection(connections))
    if whole:
        freeze_seller(seller=seller_id, now=now)
    else:
        thaw_seller(seller=seller_id)
    for pk in connections:
        if whole or pk in single:
            freeze_connection(connection=pk, now=now)
        else:
            thaw_connection(connection=pk)
