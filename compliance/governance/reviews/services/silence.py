"""Who isn't decided about by the due date loses the access (GOV-1).

Only after notice: the reviewers were warned twice, about a week and about a day
before, and mails of both warnings were taken by the mail server. Where they weren't
(no mail, no jobs), they are warned now and it happens later. Never taken by silence:
the last officer, an owner of a seller, the only owner's own keys; a machine's key gets
two weeks; our own services get a task, not an outage.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from compliance.governance.reviews import reminding
from compliance.governance.reviews.choices import (
    Choice,
    Sort,
    is_open,
    items_of,
    open_ones,
)
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.governance.reviews.services.deciding import (
    ReviewRefused,
    held,
    write,
)
from compliance.governance.reviews.services.effects import (
    GONE,
    person_of,
    seller_of,
    task_about,
    token_of,
)
from compliance.governance.reviews.services.signing import sign_off
from compliance.governance.reviews.snapshot import NEVER
from plugseller.accounts.models import Grant, Membership
from plugseller.accounts.roles import Role
from plugseller.accounts.services.officers import LastOne, tell_officers
from plugseller.accounts.services.reviewed import (
    end_grant,
    end_membership,
    end_staff_access,
    let_token_lapse,
)

logger = logging.getLogger(__name__)

# An answer that was sent before the due instant may still be on its way in.
_GRACE = timedelta(minutes=1)
Said = tuple[Choice, str] | None  # None: it stays open


def act_on_silence(now: datetime) -> int:
    """Take what nobody answered about, in each review whose date has passed; how many
    lines. A review that fails doesn't stop the others."""
    kinds = (Review.Kind.ACCESS, Review.Kind.MEMBERS)
    due = Review.objects.filter(
        kind__in=kinds, signed_at=None, due_at__lte=now - _GRACE
    )
    taken, failures = 0, []
    for review in due.order_by("due_at", "pk"):
        try:
            taken += _act(review, now)
        except Exception as error:
            logger.error("Review %s: %s.", review.pk, type(error).__name__)
            failures.append(error)
    if failures:
        raise ExceptionGroup("What nobody answered about couldn't be taken", failures)
    return taken


def _act(review: Review, now: datetime) -> int:
    seller = seller_of(review)
    if seller is not None and seller.frozen_at is not None:
        return 0  # it may be withdrawn: nothing is taken at who is to be deleted
    waiting = _in_order(open_ones(items_of(review)))
    is_gone = review.seller_id is not None and seller is None
    if waiting and not is_gone and not reminding.was_warned(review, now):
        reminding.warn_late(review, now)
        return 0
    lapsed = [one for item in waiting if (one := _lapse(item, now, is_gone))]
    if review.seller_id is not None:
        sign_off(actor=None, review=review, now=now)
    elif lapsed:
        _tell(review, lapsed, now)
    return len(lapsed)


def _in_order(items: list[ReviewItem]) -> list[ReviewItem]:
    """Of officers whom nobody answered about the one stays who was seen last."""
    return sorted(items, key=lambda one: (_seen(one), one.number))


def _seen(item: ReviewItem) -> str:
    day = str(item.facts.get("last seen", ""))
    return "" if day == NEVER else day


@transaction.atomic
def _lapse(item: ReviewItem, now: datetime, is_gone: bool) -> ReviewDecision | None:
    try:
        held(item.review_id)
    except ReviewRefused:
        return None  # signed by another worker
    if not is_open(item, item.decisions.last()):
        return None
    if is_gone:
        return write(item, Choice.SPARED, "The seller is gone.", by=None, now=now)
    said = _TAKES[Sort(item.sort)](item, now)
    return write(item, *said, by=None, now=now) if said else None


def _staff(item: ReviewItem, now: datetime) -> Said:
    person = person_of(item)
    if person is None or not person.is_active:
        return Choice.LAPSED, GONE
    try:
        end_staff_access(actor=None, person=person, now=now)
    except LastOne:
        return None  # it needs a second officer
    return Choice.LAPSED, "The account ended, with sessions, grants and factors."


def _grant(item: ReviewItem, now: datetime) -> Said:
    grant = Grant.objects.filter(pk=item.subject).first()
    ended = grant is not None and end_grant(actor=None, grant=grant, now=now)
    return Choice.LAPSED, "The access ended." if ended else GONE


def _service(item: ReviewItem, now: datetime) -> Said:
    task_about(None, item, "Decide about", now)
    return Choice.SPARED, "A task was opened: ending it by itself could be an outage."


def _seller(item: ReviewItem, now: datetime) -> Said:
    return Choice.SPARED, "Its owners decide about its members."


def _member(item: ReviewItem, now: datetime) -> Said:
    found = Membership.objects.filter(pk=item.subject).select_related("user").first()
    if found is None:
        return Choice.LAPSED, GONE
    try:
        end_membership(membership=found, now=now)
    except LastOne:
        return Choice.SPARED, "An owner's access isn't taken by silence."
    return Choice.LAPSED, "The role ended, with sessions and API keys."


def _token(item: ReviewItem, now: datetime) -> Said:
    token = token_of(item)
    if token is None:
        return Choice.LAPSED, GONE
    if _is_of_the_only_owner(item):
        return Choice.SPARED, "It is the only owner's own, and nobody else could say."
    until = let_token_lapse(token=token, now=now)
    if until is None:
        return Choice.LAPSED, GONE
    if until == now:
        return Choice.LAPSED, "The key ended."
    return Choice.LAPSED, f"A machine's key: it ends on {until:%Y-%m-%d %H:%M} UTC."


def _is_of_the_only_owner(item: ReviewItem) -> bool:
    owners = Membership.objects.filter(
        seller=item.seller_id, role=Role.OWNER, user__is_active=True
    )
    return list(owners.values_list("user_id", flat=True)) == [item.person_id]


_TAKES = {
    Sort.STAFF: _staff,
    Sort.GRANT: _grant,
    Sort.SERVICE: _service,
    Sort.SELLER: _seller,
    Sort.MEMBER: _member,
    Sort.TOKEN: _token,
}


def _tell(review: Review, lapsed: list[ReviewDecision], now: datetime) -> None:
    taken = sum(one.choice == Choice.LAPSED for one in lapsed)
    due = f"{review.due_at:%Y-%m-%d %H:%M} UTC"
    tell_officers(
        subject=f"Review of access: {taken} lost their access",
        text=(
            f"Nobody decided about {len(lapsed)} lines by {due}. {taken} of them "
            "ended; the page of the review says which. "
            "Who should come back is invited again.\n\nThe review still has to be "
            "signed, at the desk under Reviews."
        ),
        now=now,
    )
