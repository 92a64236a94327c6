"""From scheduled to begun, and the end: what `execution` calls on its way."""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from compliance import clocks
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import DUTY, arrange
from compliance.deletion.services.ending import withdraw
from compliance.deletion.services.freezing import settle_freezing
from compliance.deletion.services.holding import held
from compliance.deletion.services.steps import (
    OPEN,
    hold_request,
    may_ask_at,
    note_step,
)
from compliance.deletion.services.verifying import DECISION
from compliance.deletion.states import DeletionRefused, Status, move
from marketplaces.services import connection_of, end_credentials, hold_connections
from plugseller.accounts.models import Membership, User
from plugseller.accounts.services import Why, offboard_user

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source


@transaction.atomic
def begin_at_once(
    *, actor: User, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """End the time in which it could be withdrawn; for who may withdraw it, nobody
    else: the grace period protects the seller also from us.

    Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    if not may_ask_at(actor, request.seller_id) and request.requested_by != actor.pk:
        raise PermissionDenied
    if request.status != Status.SCHEDULED:
        raise DeletionRefused("It isn't scheduled, so it can't begin now.")
    if request.starts_at and request.starts_at > now:
        DeletionRequest.objects.filter(pk=request.pk).update(starts_at=now)
        request.refresh_from_db()
        note_step(request, "grace ended", actor=actor, now=now)
    return request


@transaction.atomic
def begin(request: DeletionRequest, *, now: datetime) -> bool:
    """Let the execution begin, or go on; whether it may.

    From here on it can't be withdrawn. Fixes whose data is meant, stops whoever still
    reads it, and destroys the credentials of what is deleted. Not for a request that
    is joined to another, isn't due, or is held as a whole; one whose account was
    connected again in the last moment is withdrawn instead.
    """
    request = hold_request(request)
    if request.status == Status.EXECUTING:
        return True
    due = request.starts_at is not None and request.starts_at <= now
    if request.status != Status.SCHEDULED or not due or request.joined_to_id:
        return False
    if is_connected_again(request):
        withdraw(actor=None, request=request, now=now)
        return False
    if held(request, now).everything:
        move(request, Status.ON_HOLD)
        note_step(request, "held back", actor=None, now=now)
        return False
    people, connections = _meant(request)
    move(
        request,
        Status.EXECUTING,
        began_at=now,
        people=[str(pk) for pk in people],
        connections=[str(pk) for pk in connections],
    )
    if request.kind == Kind.PEOPLE:
        _offboard(people, now=now)
    if request.seller_id is not None:
        settle_freezing(request.seller_id, now=now)
    ended = sum(end_credentials(connection=pk, now=now) for pk in connections)
    note_step(
        request,
        "begun",
        actor=None,
        now=now,
        people=len(people),
        connections=len(connections),
        credentials_destroyed=ended,
        revoked_at_marketplace="no operation for it is documented; the seller does it",
    )
    letters.tell(request, "begun", now=now)
    return True


@transaction.atomic
def go_on_with_erased(request: DeletionRequest, *, now: datetime) -> bool:
    """Let a request begin whose data the ledger's replay has erased already, wherever
    it stood in the backup: what is left is to look and to certify; whether it does."""
    request = hold_request(request)
    if request.began_at is not None or not request.is_open:
        return False
    people, connections = _meant(request)
    DeletionRequest.objects.filter(pk=request.pk).update(
        status=Status.EXECUTING,
        began_at=now,
        people=[str(pk) for pk in people],
        connections=[str(pk) for pk in connections],
    )
    note_step(request, "erased before", actor=None, now=now)
    arrange(request, now=now)
    return True


def is_connected_again(request: DeletionRequest) -> bool:
    """Whether the account whose authorisation ended has a new one."""
    if request.source != Source.AUTHORISATION or request.connection_id is None:
        return False
    found = connection_of(request.connection_id)
    return found is not None and found.is_live


def _meant(request: DeletionRequest) -> tuple[list[UUID], list[UUID]]:
    """Whose data it is, fixed now: of a whole account also the people who belong
    nowhere else, and all its connections."""
    if request.kind == Kind.CONNECTION and request.connection_id:
        return [], [request.connection_id]
    if request.kind != Kind.ACCOUNT or request.seller_id is None:
        return [UUID(one) for one in request.people], []
    members = Membership.objects.filter(seller=request.seller_id)
    elsewhere = Membership.objects.exclude(seller=request.seller_id)
    only_here = User.objects.filter(pk__in=members.values("user"), staff_role="")
    only_here = only_here.exclude(pk__in=elsewhere.values("user"))
    if request.keeps_requester and request.requested_by:
        only_here = only_here.exclude(pk=request.requested_by)
    connections = hold_connections(request.seller_id)
    ids = list(only_here.order_by("pk").values_list("pk", flat=True))
    return ids, [one.pk for one in connections]


def _offboard(people: list[UUID], *, now: datetime) -> None:
    """Their ways in end first; where one of them has become a last owner meanwhile,
    the most senior member takes over."""
    for person in User.objects.filter(pk__in=people, left_at=None).order_by("pk"):
        offboard_user(
            actor=None,
            person=person,
            now=now,
            reason=Why.ASKED,
            leave_without_owner=True,
        )


@transaction.atomic
def complete(
    request: DeletionRequest, *, now: datetime, **told: object
) -> DeletionRequest:
    """The proof is there: the request, and those joined to it, are completed.

    Stops the clocks and tells who asked; `told` is for their mail. Who asked is still
    known afterwards, so that `execution` forgets it last. A joined letter whose writer
    was never verified isn't among them: a stranger isn't told what was held, and an
    officer answers it. Raises DeletionRefused.
    """
    request = hold_request(request)
    beside = DeletionRequest.objects.filter(OPEN, joined_to=request)
    joined = list(beside.exclude(status=Status.RECEIVED))
    move(request, Status.COMPLETED, ended_at=now)
    clocks.met(DUTY, request.pk, now=now)
    for one in joined:
        DeletionRequest.objects.filter(pk=one.pk).update(
            status=Status.COMPLETED, ended_at=now
        )
        clocks.met(DECISION.name, one.pk, now=now)
    arrange(request, now=now)
    note_step(request, "completed", actor=None, now=now)
    for one in joined:
        note_step(one, "completed", actor=None, now=now, by=request.reference)
    for one in (request, *joined):
        letters.tell(one, "completed", now=now, **told)
    return request
