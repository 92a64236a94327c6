"""What the start page and the auditors' pack tell of reviews (GOV-1)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from compliance.desklines import Block, Line, lines
from compliance.governance.reviews.choices import Choice, Sort
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.governance.reviews.schedule import SCHEDULES, Kind
from compliance.packing import Period, Table, packed
from plugseller.accounts.models import User


def with_open_counts(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """With how many items each has (`total`), and how many are open (`left`)."""
    last = ReviewDecision.objects.filter(item=OuterRef("pk")).order_by("-number")
    undecided = (
        ReviewItem.objects.filter(review=OuterRef("pk"))
        .order_by()
        .alias(newest=Subquery(last.values("choice")[:1]))
        .filter(Q(newest=None) | (Q(newest=Choice.ASK) & ~Q(sort=Sort.SELLER)))
        .values("review")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return reviews.annotate(total=Count("items"), left=Coalesce(Subquery(undecided), 0))


def told(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """Our open reviews; what is overdue comes under Late."""
    found = Review.objects.filter(signed_at=None, seller_id=None)
    for review in with_open_counts(found):
        rhythm = SCHEDULES[Kind(review.kind)].rhythm
        left, total = review.left, review.total  # type: ignore[attr-defined]  # annotated
        yield (
            Block.LATE if review.is_overdue(now) else Block.DUE,
            Line(
                f"{review.get_kind_display()}, {rhythm} review: {left} of {total} open",
                reverse("admin:compliance_review_change", args=[review.pk]),
                due_at=review.due_at,
                owner="any officer",
            ),
        )
    at_sellers = Review.objects.filter(signed_at=None, seller_id__isnull=False).count()
    if at_sellers:
        address = reverse("admin:compliance_review_changelist")
        yield (
            Block.QUIET,
            Line(
                f"{at_sellers} sellers review their members",
                f"{address}?kind__exact={Kind.MEMBERS}",
            ),
        )


def pack(period: Period, now: datetime) -> Iterator[Table]:
    """Reviews that were open in the period, and every decision made in them; notes
    are sealed and stay here."""
    within = Q(ends__lt=period.ends) & (
        Q(signed_at=None) | Q(signed_at__gte=period.begins)
    )
    reviews = Review.objects.filter(within).order_by("ends", "pk")
    yield Table(
        "reviews.csv",
        "Every review that was under way: what period it looked at, when it was due, "
        "when and by whom it was signed, and the hash of what was signed.",
        (
            *("review", "kind", "seller", "from", "to", "due"),
            *("signed", "signed by", "seed of the sample", "hash"),
        ),
        (
            (
                *(one.pk, one.kind, one.seller_id or "", _at(one.begins)),
                *(_at(one.ends), _at(one.due_at), _at(one.signed_at)),
                *(one.signed_by or "", one.seed, one.hash),
            )
            for one in reviews.iterator()
        ),
    )
    decisions = (
        ReviewDecision.objects.filter(review__in=reviews.order_by())
        .select_related("item")
        .order_by("review", "item__number", "number")
    )
    yield Table(
        "review-decisions.csv",
        "Every decision in them, without what was written by hand.",
        (
            *("review", "line", "sort", "subject", "flags"),
            *("decision", "decided", "by", "new role", "effect", "task"),
        ),
        (
            (
                *(one.review_id, one.item.number, one.item.sort, one.item.subject),
                *(", ".join(one.item.flags), one.choice, _at(one.at), one.by or ""),
                *(one.to, one.effect, one.task_id or ""),
            )
            for one in decisions.iterator(chunk_size=2000)
        ),
    )


def _at(instant: datetime | None) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds") if instant else ""


lines("reviews", told)
packed("reviews", pack)
