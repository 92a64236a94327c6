"""Staff access to a seller: asked for, approved by another, over by itself (ACC-1).

What a grant opens is decided by `tenancy.standing_at` at each request; here is how
one begins and ends. Two people at once are kept apart by guarded updates, whose
conditions speak of the grant's own row alone: PostgreSQL looks at those again when it
had to wait for another writer.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from plugseller.accounts.models import Grant, Seller, User
from plugseller.accounts.models.grants import (
    MOST_HOURS,
    live_at,
    to_review_at,
    waiting_at,
)
from plugseller.accounts.roles import GRANTABLE, Permission, StaffRole
from plugseller.accounts.services import grant_mails
from plugseller.accounts.tenancy import people_with
from plugseller.audit.services import record

REVIEWED_WITHIN = timedelta(hours=72)
CHASED_EVERY = timedelta(days=1)
_LONGEST_TICKET = 100
_LONGEST_TEXT = 5_000  # of a reason, or a review


class GrantRefused(Exception):
    """Nothing was opened or changed; the text is for the person who tried."""


@transaction.atomic
def request_grant(
    *,
    actor: User,
    seller: Seller,
    permissions: Collection[str],
    reason: str,
    ticket: str,
    hours: int,
    now: datetime,
) -> Grant:
    """Ask for access; it opens nothing until another officer approves.

    Raises GrantRefused.
    """
    _only_of_staff(actor)
    _not_frozen(seller)
    if not ticket.strip() or len(ticket.strip()) > _LONGEST_TICKET:
        raise GrantRefused("Name the ticket in which the access was asked for.")
    if not 1 <= hours <= MOST_HOURS:
        raise GrantRefused(f"Access lasts 1 to {MOST_HOURS} hours.")
    grant = Grant.objects.create(
        seller=seller,
        person=actor,
        role=actor.staff_role,
        permissions=_grantable(permissions),
        reason=_written(reason),
        ticket=ticket.strip(),
        hours=hours,
        asked_at=now,
    )
    grant_mails.asked(grant, officers().exclude(pk=actor.pk), now=now)
    record(
        "grant.asked",
        **_about(grant, actor),
        details={"hours": hours, "permissions": grant.permissions},
    )
    return grant


@transaction.atomic
def approve_grant(
    *, actor: User, grant: Grant, now: datetime, hours: int | None = None
) -> Grant:
    """Let the access begin, now, for as many hours as asked for, or for fewer.

    Raises GrantRefused.
    """
    _only_another_officer(actor, grant)
    asked = grant.hours
    lasts = asked if hours is None else hours
    if not 1 <= lasts <= asked:
        raise GrantRefused(
            f"Approve 1 to {asked} hours; more weren't asked for. Nothing was opened."
        )
    # Locked, so that somebody who leaves at this moment has left before or after.
    person = User.objects.select_for_update().get(pk=grant.person_id)
    if not (person.is_active and person.is_staff):
        raise GrantRefused("The person has left our staff. Nothing was opened.")
    _change_one(
        _open_requests(grant, now),
        "This request isn't open any more. Look at it again.",
        approved_by=actor,
        hours=lasts,
        starts_at=now,
        ends_at=now + timedelta(hours=lasts),
    )
    grant.refresh_from_db()
    grant_mails.decided(grant, person, approved=True, now=now)
    told = {"hours": lasts, "asked for": asked}
    record("grant.approved", **_about(grant, actor), details=told)
    return grant


@transaction.atomic
def refuse_grant(*, actor: User, grant: Grant, now: datetime) -> Grant:
    """Say no to a request. Raises GrantRefused."""
    _only_another_officer(actor, grant)
    _change_one(
        _open_requests(grant, now),
        "This request isn't open any more. Look at it again.",
        ended_at=now,
        end=Grant.End.REFUSED,
    )
    grant.refresh_from_db()
    grant_mails.decided(grant, grant.person, approved=False, now=now)
    record("grant.refused", **_about(grant, actor))
    return grant


@transaction.atomic
def drop_grant(*, actor: User, grant: Grant, now: datetime) -> Grant:
    """The person is done with it, for good. Raises GrantRefused."""
    if grant.person_id != actor.pk:
        raise PermissionDenied
    _end(grant, Grant.End.DROPPED, now)
    record("grant.dropped", **_about(grant, actor))
    return grant


@transaction.atomic
def revoke_grant(*, actor: User, grant: Grant, now: datetime) -> Grant:
    """The seller ends it, or refuses a request before it begins.

    For whoever may manage the seller's members. Raises GrantRefused.
    """
    if not owners_of(grant.seller_id).filter(pk=actor.pk).exists():
        raise PermissionDenied
    _end(grant, Grant.End.REVOKED, now)
    record("grant.revoked", **_about(grant, actor))
    return grant


@transaction.atomic
def break_glass(
    *,
    actor: User,
    seller: Seller,
    permissions: Collection[str],
    reason: str,
    now: datetime,
) -> Grant:
    """Open a seller in an emergency, when no second officer can be reached.

    It begins at once and is short; every officer and the seller's owners are told in
    the same transaction, and another officer reviews it. Raises GrantRefused.
    """
    _only_officer(actor)
    _not_frozen(seller)
    grant = Grant.objects.create(
        seller=seller,
        person=actor,
        role=actor.staff_role,
        permissions=_grantable(permissions),
        reason=_written(reason),
        hours=settings.BREAK_GLASS_HOURS,
        break_glass=True,
        asked_at=now,
        starts_at=now,
        ends_at=now + timedelta(hours=settings.BREAK_GLASS_HOURS),
        review_due_at=now + REVIEWED_WITHIN,
    )
    grant_mails.glass_broken(grant, officers(), owners_of(seller), now=now)
    record(
        "grant.break_glass",
        **_about(grant, actor),
        details={"permissions": grant.permissions},
    )
    return grant


@transaction.atomic
def review_grant(*, actor: User, grant: Grant, review: str, now: datetime) -> Grant:
    """Write down what another officer found about an emergency access that is over.

    Raises GrantRefused.
    """
    _only_another_officer(actor, grant)
    found = review.strip()
    if not found or not _is_storable(found):
        raise GrantRefused(
            f"Write what you found, in at most {_LONGEST_TEXT:,} characters."
        )
    _change_one(
        Grant.objects.filter(to_review_at(now), pk=grant.pk),
        "There is nothing to review: it is still open, or it was reviewed already.",
        reviewed_by=actor,
        reviewed_at=now,
        review=found,
    )
    grant.refresh_from_db()
    record("grant.reviewed", **_about(grant, actor))
    return grant


@transaction.atomic
def end_grants_at(*, seller: UUID, now: datetime) -> int:
    """End all access to a seller that is to be deleted, and requests for it; how many.

    They don't come back when the deletion is withdrawn: they are asked for again.
    """
    there = Grant.objects.filter(waiting_at(now) | live_at(now), seller=seller)
    ended = 0
    for grant in there.order_by("pk"):
        _end(grant, Grant.End.FROZEN, now)
        record("grant.frozen", seller_id=seller, subject=grant, grant_id=grant.pk)
        ended += 1
    return ended


def chase_reviews(now: datetime) -> int:
    """Remind every officer of reviews that are overdue, each once a day; how many."""
    due = Grant.objects.filter(review_due_at__lte=now, reviewed_at=None)
    rested = due.filter(Q(chased_at=None) | Q(chased_at__lte=now - CHASED_EVERY))
    return sum(_chase(grant, rested, now) for grant in rested.select_related("seller"))


@transaction.atomic
def _chase(grant: Grant, rested: QuerySet[Grant], now: datetime) -> bool:
    if not rested.filter(pk=grant.pk).update(chased_at=now):
        return False
    grant_mails.review_overdue(grant, officers(), now=now)
    record(
        "grant.review_chased",
        seller_id=grant.seller_id,
        subject=grant,
        grant_id=grant.pk,
    )
    return True


def officers() -> QuerySet[User]:
    """Every officer who is there."""
    there = User.objects.filter(is_active=True, staff_role=StaffRole.OFFICER)
    return there.order_by("pk")


def owners_of(seller: Seller | UUID) -> QuerySet[User]:
    """Whom a seller's affairs are told to: who may manage its members."""
    return people_with(seller, Permission.MANAGE_MEMBERS)


def _not_frozen(seller: Seller) -> None:
    if Seller.objects.filter(pk=seller.pk, frozen_at__isnull=False).exists():
        raise GrantRefused("This seller is to be deleted; nobody reads it any more.")


def _only_of_staff(actor: User) -> None:
    there = User.objects.filter(pk=actor.pk, is_active=True).exclude(staff_role="")
    if not there.exists():
        raise PermissionDenied


def _only_officer(actor: User) -> None:
    if not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied


def _only_another_officer(actor: User, grant: Grant) -> None:
    _only_officer(actor)
    if grant.person_id == actor.pk:
        raise GrantRefused("It is your own. Another officer has to decide about it.")


def _grantable(permissions: Collection[str]) -> list[str]:
    chosen = [right.value for right in GRANTABLE if right in permissions]
    if not chosen or set(permissions) - set(chosen):
        raise GrantRefused("Choose what you need to see, from what can be granted.")
    return chosen


def _written(reason: str) -> str:
    reason = reason.strip()
    if not reason or not _is_storable(reason):
        raise GrantRefused(
            "Write why you need it. The seller reads it. At most "
            f"{_LONGEST_TEXT:,} characters, please."
        )
    return reason


def _is_storable(text: str) -> bool:
    """Not so long that nobody reads it; PostgreSQL keeps no NUL."""
    return len(text) <= _LONGEST_TEXT and "\x00" not in text


def _open_requests(grant: Grant, now: datetime) -> QuerySet[Grant]:
    return Grant.objects.filter(waiting_at(now), pk=grant.pk)


def _end(grant: Grant, end: Grant.End, now: datetime) -> None:
    _change_one(
        Grant.objects.filter(waiting_at(now) | live_at(now), pk=grant.pk),
        "It was over already.",
        ended_at=now,
        end=end,
    )
    grant.refresh_from_db()


def _change_one(rows: QuerySet[Grant], otherwise: str, **fields: object) -> None:
    if not rows.update(**fields):
        raise GrantRefused(otherwise)


def _about(grant: Grant, actor: User) -> dict[str, Any]:
    """For an entry, which the seller sees too. Reasons stay in the grant's row."""
    return {
        "actor": actor,
        "seller_id": grant.seller_id,
        "subject": grant,
        "role": actor.staff_role,
        "grant_id": grant.pk,
    }
