"""How a review begins: by the schedule, with a snapshot that nobody changes (GOV-1)."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from compliance import clocks
from compliance.governance.reviews import registers, reminding, sampling, snapshot
from compliance.governance.reviews.drafts import Draft
from compliance.governance.reviews.models import Review, ReviewItem
from compliance.governance.reviews.schedule import SCHEDULES, Kind
from compliance.packing import Period
from plugseller.accounts.models import ApiToken, Membership, Seller, User
from plugseller.accounts.roles import StaffRole
from plugseller.audit.services import record
from plugseller.crypto.services import INSTALLATION, create_data_key

_AT_ONCE = 50  # sellers whose reviews begin in one round

_REGISTERS: dict[Kind, Callable[[Period], Iterable[Draft]]] = {
    Kind.ACCESS: snapshot.of_ours,
    Kind.CONTROLS: registers.of_controls,
    Kind.PLAN: registers.of_plan,
    Kind.INVENTORY: registers.of_inventory,
    Kind.SUPPLIERS: registers.of_suppliers,
}


def begin_due(now: datetime) -> int:
    """Begin every review whose time has come; how many began."""
    began = [begin(kind, last=last, now=now) for kind, last in _due(now)]
    return sum(one is not None for one in began) + _at_sellers(now)


def late_to_begin(before: datetime) -> int:
    """How many of our reviews should have begun by then, and haven't."""
    return len(_due(before))


def _due(now: datetime) -> list[tuple[Kind, datetime]]:
    """Our reviews that should begin, each with when the last was signed; before the
    first one, since when there was an officer who could have."""
    ours = User.objects.filter(staff_role=StaffRole.OFFICER).order_by("joined_at")
    first = ours.values_list("joined_at", flat=True).first()
    if first is None:
        return []
    there = Review.objects.filter(seller_id=None).order_by()
    signed = dict(there.values_list("kind").annotate(last=Max("signed_at")))
    running = set(there.filter(signed_at=None).values_list("kind", flat=True))
    return [
        (kind, last)
        for kind, schedule in SCHEDULES.items()
        if kind != Kind.MEMBERS and kind not in running
        if schedule.begins(last := signed.get(kind) or first) <= now
    ]


def _at_sellers(now: datetime) -> int:
    begun = 0
    for seller in _sellers_due(now)[:_AT_ONCE]:
        last: datetime = seller.last  # type: ignore[attr-defined]  # annotated
        begun += begin(Kind.MEMBERS, seller=seller, last=last, now=now) is not None
    return begun


def _sellers_due(now: datetime) -> QuerySet[Seller]:
    """Sellers with anything to review, and none under way."""
    own = Review.objects.filter(seller_id=OuterRef("pk"))
    signed = own.order_by("-signed_at").filter(signed_at__isnull=False)
    members = Membership.objects.filter(seller=OuterRef("pk"))
    others = members.exclude(role="owner")
    more = members.filter(~Q(user=OuterRef("first_owner")))
    keys = ApiToken.objects.filter(
        seller=OuterRef("pk"), revoked_at=None, expiry__gt=now
    )
    owners = members.filter(role="owner", user__is_active=True).order_by("since", "pk")
    found = Seller.objects.filter(frozen_at=None).annotate(
        last=Coalesce(Subquery(signed.values("signed_at")[:1]), F("created_at")),
        first_owner=Subquery(owners.values("user")[:1]),
    )
    return (
        found.filter(last__lte=now - SCHEDULES[Kind.MEMBERS].after)
        .filter(first_owner__isnull=False)
        .filter(Exists(others) | Exists(more) | Exists(keys))
        .exclude(Exists(own.filter(signed_at=None)))
        .order_by("last", "pk")
    )


def begin(
    kind: Kind, *, last: datetime, now: datetime, seller: Seller | None = None
) -> Review | None:
    """A review with its snapshot and its clock; None if one runs already.

    What happened since the period of the last one is looked at, without a gap.
    """
    seller_id = seller.pk if seller else None
    period = Period(_period_begins(kind, seller_id, last), now)
    seed = secrets.token_hex(32)
    # Before the transaction: it may read much, and would keep others from writing.
    drafts = list(_drafts(kind, seller_id, seed, period))
    due_at = SCHEDULES[kind].due(last, now)
    try:
        with transaction.atomic():
            return _write(kind, seller_id, seed, period, due_at, drafts)
    except IntegrityError:  # another worker began it this very moment
        return None


def _period_begins(kind: Kind, seller_id: UUID | None, last: datetime) -> datetime:
    earlier = Review.objects.filter(kind=kind, seller_id=seller_id)
    ended: datetime | None = earlier.aggregate(last=Max("ends"))["last"]
    return ended or last


def _drafts(
    kind: Kind, seller_id: UUID | None, seed: str, period: Period
) -> Iterable[Draft]:
    if seller_id is not None:
        return snapshot.of_seller(seller_id, period)
    if kind == Kind.LOGS:
        return sampling.of_logs(seed, period)
    return _REGISTERS[kind](period)


def _write(
    kind: Kind,
    seller_id: UUID | None,
    seed: str,
    period: Period,
    due_at: datetime,
    drafts: Sequence[Draft],
) -> Review:
    create_data_key(INSTALLATION)  # of the notes
    review = Review.objects.create(
        kind=kind,
        seller_id=seller_id,
        begins=period.begins,
        ends=period.ends,
        due_at=due_at,
        seed=seed,
    )
    ReviewItem.objects.bulk_create(
        ReviewItem(
            review=review,
            number=number,
            sort=one.sort,
            subject=one.subject,
            person_id=one.person_id,
            seller_id=one.seller_id,
            label=one.label,
            facts=dict(one.facts),
            flags=list(one.flags),
            made_at=period.ends,
        )
        for number, one in enumerate(drafts, start=1)
    )
    schedule = SCHEDULES[kind]
    label = f"Review: {review.get_kind_display()}, {schedule.rhythm}"
    clocks.start(schedule.duty, review.pk, label=label, now=period.ends, due_at=due_at)
    reminding.tell_begun(review, len(drafts), period.ends)
    record(
        "review.begun",
        seller_id=seller_id,
        subject=review,
        details={"kind": kind.value, "items": len(drafts), "due": due_at.isoformat()},
    )
    return review
