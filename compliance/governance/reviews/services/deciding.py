"""Decisions: each takes effect at once, in its own transaction (GOV-1).

Nobody decides about their own access. A decision isn't taken back: another one is
made, and what has ended is given back by an invitation, not here.
"""

from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404

from compliance.governance.reviews.choices import (
    AT_ONCE,
    MAY,
    WITH_NOTE,
    Choice,
    Sort,
    items_of,
    newest,
    open_ones,
)
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.governance.reviews.services.effects import carry_out, seller_of
from compliance.governance.reviews.withheld import withheld
from plugseller.accounts.models import User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services.grants import officers
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.services import record

LONGEST_NOTE = 2_000


class ReviewRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


@transaction.atomic
def decide(
    *,
    actor: User,
    item: ReviewItem,
    choice: Choice,
    now: datetime,
    to: str = "",
    note: str = "",
) -> ReviewDecision:
    """Decide about one item, and have it take effect.

    PermissionDenied for who isn't a reviewer, or whose own access it is. Raises
    ReviewRefused.
    """
    review = held(item.review_id)
    may_review(actor, review, now)
    if item.person_id == actor.pk:
        raise ReviewRefused(
            "Nobody decides about their own access. Another "
            f"{'owner' if review.seller_id else 'officer'} has to decide about this."
        )
    if withheld([item], actor):
        raise ReviewRefused("Another officer has to decide about this.")
    if choice not in MAY[Sort(item.sort)]:
        raise ReviewRefused("That can't be decided about this.")
    before = item.decisions.last()
    if before is not None and before.is_final:
        raise ReviewRefused(
            "This has ended already. To give it back, invite the person again, or make "
            "a new key."
        )
    note = _checked(note, choice, review)
    try:
        effect, task = carry_out(actor=actor, item=item, choice=choice, to=to, now=now)
    except ValidationError as refused:
        _refuse(refused)
    return write(item, choice, effect, by=actor, now=now, to=to, note=note, task=task)


def held(review_id: UUID) -> Review:
    """The review's row, held until the transaction ends; before any other row.

    Raises ReviewRefused for one that was signed.
    """
    review = Review.objects.select_for_update(no_key=True).get(pk=review_id)
    if not review.is_open:
        raise ReviewRefused("This review was signed. It can't be changed any more.")
    return review


def may_review(actor: User, review: Review, now: datetime) -> None:
    """Officers review ours, a seller's owners theirs. Raises PermissionDenied."""
    if review.seller_id is None:
        if not officers().filter(pk=actor.pk).exists():
            raise PermissionDenied
        return
    seller = seller_of(review)
    try:
        standing = standing_at(actor, seller.slug if seller else "", now=now)
    except Http404:
        raise PermissionDenied from None
    if not standing.may(Permission.MANAGE_MEMBERS):
        raise PermissionDenied


def write(
    item: ReviewItem,
    choice: Choice,
    effect: str,
    *,
    by: User | None,
    now: datetime,
    to: str = "",
    note: str = "",
    task: UUID | None = None,
) -> ReviewDecision:
    """Add a decision, in the transaction of what it did."""
    made = ReviewDecision.objects.create(
        item=item,
        review_id=item.review_id,
        number=item.decisions.count() + 1,
        at=now,
        by=by.pk if by else None,
        choice=choice,
        to=to,
        effect=effect,
        task_id=task,
        note=note or None,
    )
    details = {"item": item.number, "sort": item.sort, "choice": choice.value}
    record(
        "review.decided",
        actor=by,
        # A seller's people read what was decided about their own access.
        seller_id=item.seller_id if item.sort in (Sort.MEMBER, Sort.TOKEN) else None,
        subject=item.review,
        details={**details, "of": item.subject, "to": to, "effect": effect},
    )
    return made


@transaction.atomic
def keep_unflagged(*, actor: User, review: Review, now: datetime) -> int:
    """Decide at once about every open line without a flag; how many.

    Raises ReviewRefused where each line has to be looked at.
    """
    choice = AT_ONCE.get(review.kind)
    if choice is None:
        raise ReviewRefused("In this review each line is looked at.")
    kept = unflagged(actor, review)
    for item in kept:
        decide(actor=actor, item=item, choice=choice, now=now)
    return len(kept)


def unflagged(actor: User, review: Review) -> list[ReviewItem]:
    """The lines that `keep_unflagged` is about."""
    if review.kind not in AT_ONCE:
        return []
    return [
        item
        for item in open_ones(items_of(review))
        if not item.flags and item.person_id != actor.pk and newest(item) is None
    ]


def _checked(note: str, choice: Choice, review: Review) -> str:
    note = note.strip()
    if len(note) > LONGEST_NOTE or "\x00" in note:
        raise ReviewRefused(f"Write at most {LONGEST_NOTE:,} characters.")
    if choice in WITH_NOTE and not note and review.kind != Review.Kind.ACCESS:
        raise ReviewRefused("Say in a note what you ask, or what you found.")
    # Words of a seller's people would have to go with the seller, and the record of
    # a review stays.
    return "" if review.seller_id else note


def _refuse(refused: ValidationError) -> NoReturn:
    raise ReviewRefused(" ".join(refused.messages)) from refused
