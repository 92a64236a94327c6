"""A request ends without a deletion: withdrawn, rejected, or there was nothing."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from compliance import clocks
from compliance.deletion.models import DeletionRequest
from compliance.deletion.scopes import scope_of
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import DUTY, arrange
from compliance.deletion.services.freezing import settle_freezing
from compliance.deletion.services.previewing import preview
from compliance.deletion.services.steps import (
    hold_request,
    may_ask_at,
    note_step,
    require_officer,
)
from compliance.deletion.services.verifying import DECISION, IDENTITY
from compliance.deletion.states import DeletionRefused, Status, move
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source

_LONGEST_REASON = 500
NOTHING_HELD = (
    "We looked for what you named in every place where we keep data, and nothing is "
    "held. So there is nothing to delete."
)
BUYER = (
    "You wrote as a buyer. We keep no name, address, e-mail address or telephone "
    "number of buyers: what marketplaces send about them is dropped before it is "
    "stored. The seller you bought from and the marketplace hold your order; please "
    "write to them."
)
NOT_VERIFIED = (
    "We asked for a proof of who you are and couldn't verify it in time. Nothing was "
    "deleted, so that nobody else can have your data deleted. Write to us with a proof "
    "and we begin anew."
)


@transaction.atomic
def withdraw(
    *, actor: User | None, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """Take a request back, until it begins; what it had stopped goes on.

    Any owner of the seller may, and all of them are told; a person their own request;
    an officer one that came by letter, on the writer's word. Without `actor` it is the
    account that was connected again. Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    _may_withdraw(actor, request)
    move(request, Status.WITHDRAWN, ended_at=now)
    _end(request, now=now)
    note_step(request, "withdrawn", actor=actor, now=now)
    letters.tell_withdrawn(request, by=actor, now=now)
    return request


def _may_withdraw(actor: User | None, request: DeletionRequest) -> None:
    source = Source(request.source)
    if actor is None:
        if source != Source.AUTHORISATION:
            raise PermissionDenied
        return
    ours = may_ask_at(actor, request.seller_id)
    officer = officers().filter(pk=actor.pk).exists()
    by_letter = source == Source.LETTER and officer
    if not (ours or by_letter or request.requested_by == actor.pk):
        raise PermissionDenied
    if source == Source.AUTHORISATION:
        raise DeletionRefused(
            "The authorisation of this account has ended, so its data must go. To keep "
            "it, connect the account again: that withdraws the deletion by itself."
        )
    if source in (Source.MARKETPLACE, Source.RETENTION):
        raise DeletionRefused(
            "This deletion wasn't asked for by you and can't be withdrawn. If it is "
            f"wrong, write to {settings.CONTACT_ADDRESS} now."
        )


@transaction.atomic
def reject(
    *, actor: User | None, request: DeletionRequest, reason: str, now: datetime
) -> DeletionRequest:
    """Refuse a request, with a reason that the requester is shown, and where to
    complain. Without `actor` it is the clock, when nobody could be verified in time.

    Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    if actor is not None:
        require_officer(actor)
    return _reject(request, actor=actor, reason=reason, now=now)


@transaction.atomic
def answer_nothing_held(
    *, actor: User, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """Answer that nothing is held, after having searched every place there is.

    DeletionRefused when something was found; the answer says nothing of others.
    """
    request = hold_request(request)
    require_officer(actor)
    found = [one.label for one in preview(scope_of(request)) if one.count]
    if found:
        raise DeletionRefused(
            f"Something is held: {', '.join(found)}. Verify who asked instead."
        )
    note_step(request, "searched", actor=actor, now=now, found=0)
    return _reject(request, actor=actor, reason=NOTHING_HELD, now=now)


@transaction.atomic
def answer_buyer(
    *, actor: User, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """Tell a buyer who wrote that we hold no names, and who does.

    Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    require_officer(actor)
    if request.kind != Kind.OUTSIDER:
        raise DeletionRefused("This wasn't written by somebody who isn't a user.")
    return _reject(request, actor=actor, reason=BUYER, now=now)


def _reject(
    request: DeletionRequest, *, actor: User | None, reason: str, now: datetime
) -> DeletionRequest:
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise DeletionRefused(
            "Write the reason for who asked, in at most "
            f"{_LONGEST_REASON} characters. Nothing was changed."
        )
    owners_know = request.status != Status.RECEIVED
    move(request, Status.REJECTED, ended_at=now, reason=reason)
    _end(request, now=now)
    note_step(request, "rejected", actor=actor, now=now)
    letters.tell_rejected(request, owners_too=owners_know, now=now)
    return request


def _end(request: DeletionRequest, *, now: datetime) -> None:
    """Its clocks stop, what it alone had stopped goes on, and those that were joined
    to it stand by themselves, with the date they share."""
    for duty in (DUTY, IDENTITY.name, DECISION.name):
        clocks.drop(duty, request.pk, now=now)
    DeletionRequest.objects.filter(pk=request.pk).update(joined_to=None)
    if request.seller_id is not None:
        settle_freezing(request.seller_id, now=now)
    arrange(request, now=now)
    request.refresh_from_db()
