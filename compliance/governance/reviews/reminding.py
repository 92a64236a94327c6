"""The clocks of reviews: who is warned before the date, and told once it has passed.

What was warned of, and by which mails, is kept with the review: access is taken by
silence only where that shows that people knew.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from compliance import clocks
from compliance.clocks import Deadline, Duty
from compliance.governance.reviews.choices import Sort, items_of, open_ones
from compliance.governance.reviews.models import Review, ReviewItem
from compliance.governance.reviews.schedule import SCHEDULES
from plugseller.accounts.models import Seller, User
from plugseller.accounts.services.grants import officers, owners_of
from plugseller.accounts.services.officers import tell_officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

EARLY, LATELY = timedelta(days=6), timedelta(hours=20)
_DAILY = timedelta(days=1)


def reviewers(review: Review) -> QuerySet[User]:
    """Who can decide: our officers, or the seller's owners."""
    return owners_of(review.seller_id) if review.seller_id else officers()


def was_warned(review: Review, now: datetime) -> bool:
    """Whether two warnings went out in time: one long before now, and a later one."""
    at = sorted(datetime.fromisoformat(one["at"]) for one in _accepted(review))
    return bool(
        len(at) > 1 and at[0] <= now - EARLY and any(t <= now - LATELY for t in at[1:])
    )


def _accepted(review: Review) -> list[dict[str, Any]]:
    """The warnings of which the mail server took at least one mail."""
    every = [pk for one in review.warned for pk in one["mails"]]
    sent = OutgoingMail.objects.filter(pk__in=every, state=OutgoingMail.State.ACCEPTED)
    taken = {str(pk) for pk in sent.values_list("pk", flat=True)}
    return [one for one in review.warned if taken.intersection(one["mails"])]


def tell_begun(review: Review, items: int, now: datetime) -> None:
    """To whoever reviews: that there is something to decide about, and by when."""
    lost = ""
    if review.is_about_access:
        lost = " Who isn't decided about by then loses the access."
    text = (
        f"{_named(review)} has begun, with {items} lines to decide about. It is due on "
        f"{_spoken(review.due_at)}.{lost} Nobody decides about their own access.\n\n"
        f"{_where(review)}\n"
    )
    subject = f"{_named(review)} has begun"
    for one in reviewers(review):
        outbox.post(to=one.email, subject=subject, text=text, owner=one.pk, now=now)


def warn_late(review: Review, now: datetime) -> None:
    """Catch up on warnings that weren't given, or didn't leave: one a day."""
    given = [datetime.fromisoformat(one["at"]) for one in review.warned]
    if not given or now - max(given) >= _DAILY:
        _warned(review, now)


def _warn(deadline: Deadline, now: datetime) -> Iterable[OutgoingMail]:
    review = Review.objects.filter(pk=deadline.subject_id, signed_at=None).first()
    return _warned(review, now) if review else ()


def _warned(review: Review, now: datetime) -> list[OutgoingMail]:
    """Mails to the reviewers, and to whom silence would cost the access."""
    open_items = open_ones(items_of(review))
    subject, text = _letter(review, len(open_items), now)
    told = [
        outbox.post(to=one.email, subject=subject, text=text, owner=one.pk, now=now)
        for one in reviewers(review)
    ]
    kept = {"at": now.isoformat(), "mails": [str(mail.pk) for mail in told]}
    review.warned = [*review.warned, kept]
    review.save(update_fields=["warned"])
    return told + _tell_people(review, open_items, now)


def _letter(review: Review, left: int, now: datetime) -> tuple[str, str]:
    named, due = _named(review), _spoken(review.due_at)
    when = "is overdue since" if review.is_overdue(now) else "is due on"
    text = f"{named} {when} {due}, and {left} lines aren't decided yet."
    if review.is_about_access:
        text += " Who isn't decided about by then loses the access."
    return f"{named} {when} {due}", f"{text}\n\n{_where(review)}\n"


def _named(review: Review) -> str:
    if review.seller_id is None:
        return f"The review of {review.get_kind_display().lower()}"
    seller = Seller.objects.filter(pk=review.seller_id).first()
    return f"The review of access at {seller.name if seller else 'a seller'}"


def _where(review: Review) -> str:
    if review.seller_id is None:
        return f"{settings.PUBLIC_ADDRESS}/admin/compliance/review/{review.pk}/change/"
    slugs = Seller.objects.filter(pk=review.seller_id).values_list("slug", flat=True)
    return f"{settings.PUBLIC_ADDRESS}/s/{slugs.first()}/review"


def _tell_people(
    review: Review, items: list[ReviewItem], now: datetime
) -> list[OutgoingMail]:
    sorts = (Sort.STAFF, Sort.MEMBER)
    ids = [one.person_id for one in items if one.sort in sorts and one.person_id]
    due = max(review.due_at, now + EARLY) if review.is_overdue(now) else review.due_at
    return [
        outbox.post(
            to=one.email,
            subject=f"Your access ends on {_spoken(due)} unless it is confirmed",
            text=(
                f"{_named(review)} is under way, and nobody has confirmed yours yet. "
                f"If nobody does by {_spoken(due)}, it ends. You needn't do anything; "
                "ask whoever you work for if you still need it.\n\n"
                f"Questions? Write to {settings.CONTACT_ADDRESS}.\n"
            ),
            owner=one.pk,
            now=now,
        )
        for one in User.objects.filter(pk__in=ids, is_active=True).order_by("pk")
    ]


def _escalate(deadline: Deadline, now: datetime) -> Iterable[OutgoingMail]:
    """Overdue: every officer hears, of a seller's own review its owners; officers too
    where nobody owns the seller."""
    review = Review.objects.filter(pk=deadline.subject_id, signed_at=None).first()
    if review is None:
        return ()
    left = open_ones(items_of(review))
    text = f"{_named(review)} was due on {_spoken(review.due_at)} and isn't signed. "
    text += f"{len(left)} lines aren't decided yet."
    if review.seller_id is None and officers().count() == 1:
        text += (
            " There is one officer only, and nobody decides about their own access: "
            "invite a second officer, who can."
        )
    subject = f"OVERDUE: {_named(review)}"
    text = f"{text}\n\n{_where(review)}\n"
    people = list(reviewers(review))
    if review.seller_id is None or not people:
        return tell_officers(subject=subject, text=text, now=now)
    return [
        outbox.post(to=p.email, owner=p.pk, subject=subject, text=text, now=now)
        for p in people
    ]


def _spoken(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


for schedule in SCHEDULES.values():
    clocks.duty(
        Duty(
            schedule.duty,
            f"Review of {schedule.kind.label.lower()}, {schedule.rhythm}",
            lasts=None,
            warns=schedule.warns,
        ),
        on_warning=_warn,
        on_overdue=_escalate,
    )
