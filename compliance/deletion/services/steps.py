"""What every service about a request shares: its rows held, each step written down."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from compliance.clocks import running
from compliance.deletion.models import DeletionRequest, Step
from marketplaces.services import hold_connections
from plugseller.accounts.models import Grant, Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services.grants import officers
from plugseller.accounts.services.sellers import lock_sellers
from plugseller.accounts.tenancy import people_with
from plugseller.audit.services import record

LASTS = timedelta(days=30)  # RET-2; elapsed seconds, whatever the calendar says

EVENTS = {
    "received": "deletion.received",
    "joined": "deletion.joined",
    "verified": "deletion.verified",
    "scheduled": "deletion.scheduled",
    "withdrawn": "deletion.withdrawn",
    "rejected": "deletion.rejected",
    "objected": "deletion.objected",
    "hold asked": "deletion.hold_asked",
    "hold approved": "deletion.hold_approved",
    "hold over": "deletion.hold_over",
    "begun": "deletion.begun",
    "completed": "deletion.completed",
    "keys destroyed": "deletion.keys_destroyed",
    "holding erased": "deletion.holding_erased",
    "something was found": "deletion.something_found",
    "certified": "deletion.certified",
    "failed": "deletion.failed",
    "requester forgotten": "deletion.requester_forgotten",
}
"""What a step is called in the audit log; any other is a "deletion.step"."""

OPEN = ~Q(status__in=DeletionRequest.CLOSED)


def note_step(
    request: DeletionRequest,
    what: str,
    *,
    actor: User | None,
    now: datetime,
    **details: Any,
) -> Step:
    """Write down that something happened to the request, here and in the audit log.

    `details` are ids, counts, instants and reasons of ours; nothing personal. In the
    caller's transaction, best as its last writing.
    """
    step = Step.objects.create(
        request=request,
        at=now,
        what=what,
        actor_id=actor.pk if actor else None,
        details=details,
    )
    record(
        EVENTS.get(what, "deletion.step"),
        actor=actor,
        seller_id=request.seller_id,
        subject=request,
        details={"reference": request.reference, "step": what, **details},
    )
    return step


def hold_rows(*, seller_id: UUID | None, people: Iterable[UUID] = ()) -> None:
    """Lock whatever a request about them may change, in the house's order: people,
    the seller, then the rest, and the audit log's own lock comes last.

    So two browsers that press at once, and a worker beside them, do it one after the
    other. In the caller's transaction, before anything is written.
    """
    named = User.objects.select_for_update(no_key=True).filter(pk__in=list(people))
    list(named.order_by("pk").only("pk"))
    if seller_id is None:
        return
    lock_sellers(seller_id)
    grants = Grant.objects.filter(seller=seller_id, ended_at=None)
    list(grants.select_for_update().order_by("pk").only("pk"))
    hold_connections(seller_id)
    ours = DeletionRequest.objects.filter(OPEN, seller_id=seller_id)
    ids = list(ours.select_for_update().order_by("pk").values_list("pk", flat=True))
    clocks = running().filter(subject_id__in=ids)
    list(clocks.select_for_update().order_by("pk").only("pk"))


def hold_request(request: DeletionRequest) -> DeletionRequest:
    """The request as it stands now, with all that belongs to it locked."""
    hold_rows(seller_id=request.seller_id, people=map(UUID, request.people))
    return DeletionRequest.objects.select_for_update().get(pk=request.pk)


def require_officer(actor: User | None) -> User:
    """PermissionDenied for who isn't an officer of ours who is there."""
    if actor is None or not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied
    return actor


def may_ask_at(actor: User | None, seller_id: UUID | None) -> bool:
    """Whether the person is one of the seller's own who may ask for deletion."""
    if actor is None or seller_id is None:
        return False
    allowed = people_with(seller_id, Permission.REQUEST_DELETION)
    return allowed.filter(pk=actor.pk).exists()


def seller_of(request: DeletionRequest) -> Seller | None:
    """The seller it is about, as long as it is there."""
    if request.seller_id is None:
        return None
    return Seller.objects.filter(pk=request.seller_id).first()
