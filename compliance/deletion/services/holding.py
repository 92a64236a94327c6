"""Legal holds: something must not be deleted yet. Two people, and an end in sight.

A hold keeps what it names; the rest is deleted all the same, and the promise's clock
runs on for everybody to see. It is over at its end, or when it is released.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from compliance.deletion.arranging import touches
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import open_beside
from compliance.deletion.services.steps import (
    hold_request,
    note_step,
    require_officer,
)
from compliance.deletion.states import DeletionRefused, Status, may_become, move
from plugseller.accounts.models import User
from plugseller.shelves import HOLDINGS

LONGEST = timedelta(days=90)  # then somebody has to look again
_LONGEST_REASON, _LONGEST_BASIS = 500, 200


@dataclass(frozen=True, slots=True)
class Held:
    """What must not be deleted from a request's data right now."""

    everything: bool = False
    holdings: frozenset[str] = frozenset()  # names on the shelf

    def keeps(self, holding: str) -> bool:
        return self.everything or holding in self.holdings


def standing(now: datetime) -> "QuerySet[LegalHold]":
    """Holds in force: approved, not released, not over."""
    return LegalHold.objects.filter(
        approved_at__isnull=False, released_at=None, ends_at__gt=now
    )


def of_same_data(request: DeletionRequest) -> "QuerySet[LegalHold]":
    """Its own holds, and those of other open requests that have data in common with
    it, for a hold is on the data; of another account of the seller none."""
    beside = {one.pk for one in open_beside(request) if touches(one, request)}
    return LegalHold.objects.filter(request__in=beside | {request.pk})


def holds_on(request: DeletionRequest, now: datetime) -> "QuerySet[LegalHold]":
    """Those of them that are in force."""
    return of_same_data(request) & standing(now)


def held(request: DeletionRequest, now: datetime) -> Held:
    """What is held of it now."""
    holds = list(holds_on(request, now))
    return Held(
        everything=any(not hold.holdings for hold in holds),
        holdings=frozenset(name for hold in holds for name in hold.holdings),
    )


@transaction.atomic
def ask_hold(
    *,
    actor: User,
    request: DeletionRequest,
    holdings: Collection[str] = (),
    reason: str,
    legal_basis: str,
    ends_at: datetime,
    now: datetime,
) -> LegalHold:
    """Ask for a hold on the named places, or on everything; it holds nothing until
    another officer approves. `reason` names nobody. Raises DeletionRefused."""
    request = hold_request(request)
    require_officer(actor)
    if not request.is_open:
        raise DeletionRefused("This request has ended; there is nothing to hold.")
    if not now < ends_at <= now + LONGEST:
        raise DeletionRefused(
            f"A hold ends within {LONGEST.days} days; then it is looked at again and "
            "can be asked for anew. Nothing was held."
        )
    unknown = set(holdings) - set(HOLDINGS)
    if unknown:
        raise DeletionRefused(f"There is no place called {', '.join(sorted(unknown))}.")
    hold = LegalHold.objects.create(
        request=request,
        holdings=sorted(holdings),
        reason=_written(reason, _LONGEST_REASON, "why it must be kept"),
        legal_basis=_written(legal_basis, _LONGEST_BASIS, "the legal basis"),
        ends_at=ends_at,
        asked_by=actor.pk,
        asked_at=now,
    )
    note_step(request, "hold asked", actor=actor, now=now, hold=str(hold.pk))
    letters.ask_about_hold(request, actor, now=now)
    return hold


def _written(text: str, longest: int, what: str) -> str:
    text = text.strip()
    if not text or len(text) > longest:
        raise DeletionRefused(
            f"Write {what}, in at most {longest} characters. Nothing was held."
        )
    return text


@transaction.atomic
def approve_hold(*, actor: User, hold: LegalHold, now: datetime) -> LegalHold:
    """Let the hold stand. DeletionRefused for who asked for it, and for who asked for
    the deletion; PermissionDenied."""
    request = hold_request(hold.request)
    require_officer(actor)
    if actor.pk in (hold.asked_by, request.requested_by):
        raise DeletionRefused(
            "You asked for it yourself. Another officer has to approve the hold."
        )
    waiting = LegalHold.objects.filter(
        pk=hold.pk, approved_at=None, released_at=None, ends_at__gt=now
    )
    if not request.is_open or not waiting.update(approved_by=actor.pk, approved_at=now):
        raise DeletionRefused("This hold doesn't wait for an approval any more.")
    hold.refresh_from_db()
    if held(request, now).everything and may_become(request, Status.ON_HOLD):
        move(request, Status.ON_HOLD)
    note_step(request, "hold approved", actor=actor, now=now, hold=str(hold.pk))
    letters.tell_held(request, hold, now=now)
    return hold


@transaction.atomic
def release_hold(*, actor: User, hold: LegalHold, now: datetime) -> LegalHold:
    """End a hold, or the wish for one; what it kept is deleted then. One officer may:
    it is what was promised. Raises DeletionRefused, PermissionDenied."""
    request = hold_request(hold.request)
    require_officer(actor)
    there = LegalHold.objects.filter(pk=hold.pk, released_at=None)
    if not there.update(released_by=actor.pk, released_at=now):
        raise DeletionRefused("This hold was released already.")
    hold.refresh_from_db()
    _go_on(request, actor=actor, now=now, hold=str(hold.pk))
    return hold


def end_holds(now: datetime) -> int:
    """Let requests go on whose holds are over; how many. A job."""
    waiting = DeletionRequest.objects.filter(status=Status.ON_HOLD)
    return sum(_end_over(request, now) for request in waiting)


@transaction.atomic
def _end_over(request: DeletionRequest, now: datetime) -> bool:
    request = hold_request(request)
    return request.status == Status.ON_HOLD and _go_on(request, actor=None, now=now)


def _go_on(
    request: DeletionRequest, *, actor: User | None, now: datetime, **details: str
) -> bool:
    """Back to where it was, once nothing stands in the way of all of it.

    What began before goes on with what was held; the rest of it has been deleted.
    """
    kept, begun = held(request, now), request.began_at is not None
    stays = kept.everything or (begun and kept.holdings)
    ends = request.status == Status.ON_HOLD and not stays
    if ends:
        move(request, Status.EXECUTING if begun else Status.SCHEDULED)
    if ends or details:
        note_step(request, "hold over", actor=actor, now=now, **details)
    return ends
