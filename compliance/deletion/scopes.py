"""Whose data a request is about, as the holdings understand it."""

from uuid import UUID

from compliance.deletion.models import DeletionRequest
from plugseller.shelves import Scope


def scope_of(request: DeletionRequest) -> Scope:
    """The scope of a request; its people and connections as far as they are fixed.

    Raises KeyDestroyed once who asked has been forgotten, if addresses were needed.
    """
    contact = request.contact.reveal() if request.contact else {}
    return Scope(
        seller_id=request.seller_id if request.kind != "people" else None,
        connection_id=request.connection_id,
        people=frozenset(map(UUID, request.people)),
        addresses=frozenset(contact.get("addresses", ())),
        connections=frozenset(map(UUID, request.connections)),
        request_id=request.pk,
    )
