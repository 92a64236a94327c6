"""Who asked is who they say: proved by themselves, or seen to by officers.

An officer alone can't have a seller's data deleted on the word of a letter: another
officer confirms it, or the owners, who are told of it again and again, have let it
pass (threat: a forged letter, or one officer who means harm).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from compliance import clocks
from compliance.clocks import Duty
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import arrange
from compliance.deletion.services.freezing import settle_freezing
from compliance.deletion.services.steps import (
    hold_request,
    note_step,
    require_officer,
)
from compliance.deletion.states import DeletionRefused, Status, move
from plugseller.accounts.models import User

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source

DAY = timedelta(days=1)
ASK_WITHIN = PROVE_WITHIN = 3 * DAY
IDENTITY = Duty(
    "deletion.identity",
    "Ask who wrote for a proof, within 3 days",
    lasts=ASK_WITHIN,
    warns=(2 * DAY, DAY),
    acts=DAY / 4,
)
DECISION = Duty(
    "deletion.decision",
    "Decide about a request whose writer isn't verified, by day 25",
    lasts=25 * DAY,
    warns=(5 * DAY, 2 * DAY, DAY),
)
ENDS_BEFORE_DUE = DAY  # carried out by day 29 at the latest
LEAST_NOTICE = 7 * DAY  # to owners, before something begins on one officer's word
_LONGEST_IDENTITY = 200


def needs_second_person(request: DeletionRequest) -> bool:
    """Whether what an officer verified waits for another officer.

    So it is for a whole seller by whatever letter, and for one connection unless the
    marketplace itself gave notice of it.
    """
    if request.source == Source.LETTER:
        return request.kind in (Kind.ACCOUNT, Kind.CONNECTION)
    return request.source == Source.MARKETPLACE and request.kind == Kind.ACCOUNT


@transaction.atomic
def verify_requester(
    *, actor: User, request: DeletionRequest, identity: str, now: datetime
) -> DeletionRequest:
    """An officer has seen to it that who wrote is who they say; `identity` tells how,
    and names nobody. Schedules the request, or lets it wait for a second officer.

    Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    require_officer(actor)
    _not_the_requester(actor, request)
    identity = identity.strip()
    if not identity or len(identity) > _LONGEST_IDENTITY:
        raise DeletionRefused(
            "Write how you verified who asked, without a name, in at most "
            f"{_LONGEST_IDENTITY} characters. Nothing was changed."
        )
    take_as_verified(
        request,
        actor=actor,
        identity=identity,
        grace=settings.DELETION_GRACE,
        now=now,
    )
    arrange(request, now=now)
    request.refresh_from_db()
    if request.status == Status.SCHEDULED:
        letters.tell_scheduled(request, now=now)
    else:
        letters.tell_waits(request, now=now)
    return request


@transaction.atomic
def confirm_requester(
    *, actor: User, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """The second officer agrees, and the request is scheduled.

    DeletionRefused for who recorded it, verified it or asked for it; PermissionDenied.
    """
    request = hold_request(request)
    require_officer(actor)
    _not_the_requester(actor, request)
    if had_a_hand_in(actor, request):
        raise DeletionRefused(
            "You recorded or verified this request. Another officer has to confirm it. "
            "Nothing was changed."
        )
    if request.status != Status.VERIFIED:
        raise DeletionRefused(
            f"{request.reference} doesn't wait for a second person. Nothing was "
            "changed."
        )
    schedule(request, actor=actor, grace=settings.DELETION_GRACE, now=now)
    arrange(request, now=now)
    request.refresh_from_db()
    letters.tell_scheduled(request, now=now)
    return request


def had_a_hand_in(officer: User, request: DeletionRequest) -> bool:
    """Whether the officer asked, recorded or verified: then another one confirms."""
    steps = request.steps.filter(what__in=("received", "verified"))
    asked = request.requested_by == officer.pk
    return asked or steps.filter(actor_id=officer.pk).exists()


@transaction.atomic
def ask_identity(
    *, actor: User | None, request: DeletionRequest, now: datetime
) -> DeletionRequest:
    """Ask who wrote for a proof of who they are. `actor` None: the clock does it.

    Raises DeletionRefused, PermissionDenied.
    """
    request = hold_request(request)
    if actor is not None:
        require_officer(actor)
    if request.status != Status.RECEIVED:
        raise DeletionRefused("Who asked was verified already. Nothing was sent.")
    clocks.met(IDENTITY.name, request.pk, now=now)
    note_step(request, "proof asked for", actor=actor, now=now)
    letters.tell(request, "identify", now=now)
    return request


def take_as_verified(
    request: DeletionRequest,
    *,
    actor: User | None,
    identity: str,
    grace: timedelta,
    now: datetime,
) -> None:
    """From received to verified, and on to scheduled where nobody else must agree.

    In the caller's transaction, with the rows held; `arrange` comes after it.
    """
    move(request, Status.VERIFIED, verified_at=now, identity=identity)
    clocks.met(IDENTITY.name, request.pk, now=now)
    note_step(request, "verified", actor=actor, now=now)
    if needs_second_person(request):
        DeletionRequest.objects.filter(pk=request.pk).update(
            starts_at=begins_alone_at(request)
        )
        request.refresh_from_db()
    else:
        schedule(request, actor=actor, grace=grace, now=now)


def begins_alone_at(request: DeletionRequest) -> datetime:
    """When a verified request begins if no second officer decides about it."""
    told_at = request.verified_at or request.received_at
    return max(request.due_at - ENDS_BEFORE_DUE, told_at + LEAST_NOTICE)


def schedule(
    request: DeletionRequest, *, actor: User | None, grace: timedelta, now: datetime
) -> None:
    """When it begins: after the grace period, and by day 29 whatever happens."""
    latest = request.due_at - ENDS_BEFORE_DUE
    starts_at = max(now, min(now + grace, latest))
    move(request, Status.SCHEDULED, starts_at=starts_at)
    clocks.met(DECISION.name, request.pk, now=now)
    if request.seller_id is not None:
        settle_freezing(request.seller_id, now=now)
    note_step(request, "scheduled", actor=actor, now=now, starts=starts_at.isoformat())


def _not_the_requester(actor: User, request: DeletionRequest) -> None:
    if request.requested_by == actor.pk:
        raise DeletionRefused(
            "It is your own request. Another officer has to decide about it."
        )
