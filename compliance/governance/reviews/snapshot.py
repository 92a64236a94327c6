"""The snapshots of who has access: ours for the officers, a seller's for its owners."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from compliance.governance.reviews import flags
from compliance.governance.reviews.drafts import Draft, Sort
from compliance.packing import Period
from plugseller.accounts.models import ApiToken, Grant, Membership, User
from plugseller.accounts.models.grants import live_at, waiting_at
from plugseller.accounts.roles import Role, StaffRole
from plugseller.shelves import CREDENTIALS

NEVER = "never"  # of a day in facts
_WHO_RISK = (flags.LEAVER, flags.DORMANT, flags.NO_MFA, flags.SHARED)


def of_ours(period: Period) -> list[Draft]:
    """Our staff, their access to sellers, our own credentials, and the sellers whose
    members look odd."""
    return [
        *_staff(period),
        *_grants(period),
        *_services(period.ends),
        *_sellers(period),
    ]


def of_seller(seller_id: UUID, period: Period) -> list[Draft]:
    """A seller's members and API keys."""
    members = list(
        Membership.objects.filter(seller=seller_id)
        .select_related("user")
        .order_by("since", "pk")
    )
    keys = ApiToken.objects.filter(
        seller=seller_id, revoked_at=None, expiry__gt=period.ends
    )
    tokens = list(keys.select_related("user").order_by("created", "pk"))
    odd = flags.of_people([one.user for one in members], period)
    odd_keys = flags.of_tokens(tokens, period)
    seen = flags.seen_at([one.user for one in members])
    return [
        *(
            Draft(
                Sort.MEMBER,
                str(one.pk),
                Role(one.role).label,
                one.user_id,
                seller_id,
                {
                    "role": one.role,
                    "since": _day(one.since),
                    "last seen": _day(seen.get(one.user_id)) or NEVER,
                    "second factor": _factor(odd[one.user_id]),
                },
                odd[one.user_id],
            )
            for one in members
        ),
        *(_key(one, odd_keys[one.pk]) for one in tokens),
    ]


def _key(token: ApiToken, odd: tuple[str, ...]) -> Draft:
    return Draft(
        Sort.TOKEN,
        str(token.pk),
        f"API key {token.token_key}…, {token.get_kind_display().lower()}",
        token.user_id,
        token.seller_id,
        {
            "kind": token.kind,
            "opens": ", ".join(token.permission_labels),
            "made": _day(token.created),
            "last used": _day(token.last_used_at) or NEVER,
            "ends": _day(token.expiry),
        },
        odd,
    )


def _staff(period: Period) -> Iterator[Draft]:
    """Everybody with a role of our staff, and whoever is a superuser of Django's."""
    people = list(
        User.objects.filter(~Q(staff_role="") | Q(is_superuser=True)).order_by("pk")
    )
    odd, seen = flags.of_people(people, period), flags.seen_at(people)
    used, unused = _grants_of(people, period)
    for one in people:
        role = StaffRole(one.staff_role).label if one.staff_role else "Superuser"
        yield Draft(
            Sort.STAFF,
            str(one.pk),
            role,
            one.pk,
            None,
            {
                "role": one.staff_role,
                "last seen": _day(seen.get(one.pk)) or NEVER,
                "second factor": _factor(odd[one.pk]),
                "grants used": used[one.pk],
                "grants unused": unused[one.pk],
            },
            odd[one.pk] + ((flags.UNUSED,) if unused[one.pk] else ()),
        )


def _grants_of(
    people: Iterable[User], period: Period
) -> tuple[Counter[UUID], Counter[UUID]]:
    """How many grants of the period each used, and how many not."""
    begun = list(
        Grant.objects.filter(
            person__in=list(people),
            starts_at__gte=period.begins,
            starts_at__lt=period.ends,
        )
    )
    idle = flags.unused_grants(begun)
    used = Counter(one.person_id for one in begun if one.pk not in idle)
    return used, Counter(one.person_id for one in begun if one.pk in idle)


def _grants(period: Period) -> Iterator[Draft]:
    """What is open, or waits to be, at this moment."""
    now = period.ends
    there = list(
        Grant.objects.filter(waiting_at(now) | live_at(now))
        .select_related("person")
        .order_by("asked_at", "pk")
    )
    idle = flags.unused_grants(there)
    for one in there:
        state = "opened" if one.starts_at else "asked for"
        found = {
            flags.UNUSED: one.pk in idle,
            flags.LEAVER: not one.person.is_active,
        }
        yield Draft(
            Sort.GRANT,
            str(one.pk),
            f"Access to a seller, {state} {_day(one.starts_at or one.asked_at)}",
            one.person_id,
            one.seller_id,
            {
                "opens": ", ".join(one.opens),
                "until": _day(one.ends_at),
                "emergency": one.break_glass,
            },
            tuple(name for name, is_so in found.items() if is_so),
        )


def _services(now: datetime) -> Iterator[Draft]:
    """Credentials of ours that belong to nobody: of our apps, and our keys."""
    for source in sorted(CREDENTIALS):
        for row in CREDENTIALS[source].rows(now, None):
            if row.seller_id is None and row.person_id is None:
                yield Draft(
                    Sort.SERVICE,
                    str(row.subject_id),
                    f"{row.kind}, {row.label}"[:200],
                    facts={
                        "source": source,
                        "made": _day(row.created_at),
                        "last used": _day(row.last_used_at),
                        "due": _day(row.due_at),
                        "state": row.standing(now).value,
                    },
                )


def _sellers(period: Period) -> Iterator[Draft]:
    """Sellers whose members carry a flag: their owners decide, we look that they do."""
    there = Membership.objects.filter(seller__frozen_at=None).select_related("user")
    by_seller: dict[UUID, list[User]] = defaultdict(list)
    for one in there.order_by("seller", "pk").iterator(chunk_size=2000):
        by_seller[one.seller_id].append(one.user)
    people = {one.pk: one for members in by_seller.values() for one in members}
    odd = flags.of_people(list(people.values()), period)
    for seller_id, members in by_seller.items():
        counted = Counter(flag for one in members for flag in odd[one.pk])
        risky = {flag: number for flag, number in counted.items() if flag in _WHO_RISK}
        if risky:
            yield Draft(
                Sort.SELLER,
                str(seller_id),
                "Members of a seller",
                seller_id=seller_id,
                facts={"members": len(members), **risky},
                flags=tuple(sorted(risky)),
            )


def _factor(odd: tuple[str, ...]) -> str:
    return "no" if flags.NO_MFA in odd else "yes"


def _day(at: datetime | None) -> str:
    """A day, as facts hold it; "" for never."""
    return f"{at:%Y-%m-%d}" if at else ""
