"""How long a seller's data is kept: by the rules, or shorter where it chose so (RET-1).

What a seller chose takes effect at once for what is fetched (USE-3), and with the
next purge for what is held.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from compliance.models import ShorterTime
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.services import record
from plugseller.custody.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Time:
    """How long a seller keeps what a rule names."""

    rule: Rule
    most: int  # days, by the rule
    days: int  # that hold for the seller
    chosen_at: datetime | None  # when it chose them; None: it didn't


def chosen_time(rule: str, seller_id: UUID) -> timedelta | None:
    """The time a seller chose for a rule; None if it chose none."""
    found = ShorterTime.objects.filter(seller=seller_id, rule=rule).first()
    return timedelta(days=found.days) if found else None


def shorter_times(seller: Seller) -> list[Time]:
    """Every rule a seller may shorten, and what holds for it."""
    chosen = {one.rule: one for one in ShorterTime.objects.filter(seller=seller)}
    found = []
    for rule in RULES.values():
        if not rule.by_seller or rule.keep is None:
            continue
        own = chosen.get(rule.name)
        days = min(own.days, rule.keep.days) if own else rule.keep.days
        found.append(Time(rule, rule.keep.days, days, own.chosen_at if own else None))
    return found


@transaction.atomic
def set_shorter_time(
    *, actor: User, seller: Seller, rule: str, days: int | None, now: datetime
) -> None:
    """Keep what a rule names for so many days only; None: as the rule says again.

    Http404 for who doesn't belong to the seller, PermissionDenied for who may not ask
    for its deletion, ValidationError with what to do for a time that can't be.
    """
    standing = standing_at(actor, seller.slug, now=now)
    if actor.is_staff or not standing.may(Permission.REQUEST_DELETION):
        raise PermissionDenied
    _refuse_unless_shorter(rule, days)
    mine = ShorterTime.objects.filter(seller=seller, rule=rule)
    before = mine.values_list("days", flat=True).first()
    if before == days:
        return
    if days is None:
        mine.delete()
    else:
        mine.update_or_create(
            seller=seller, rule=rule, defaults={"days": days, "chosen_at": now}
        )
    record(
        "retention.time_chosen",
        actor=actor,
        seller_id=seller.pk,
        subject=seller,
        details={"rule": rule, "days": days, "before": before},
    )


def _refuse_unless_shorter(name: str, days: int | None) -> None:
    rule = RULES.get(name)
    if rule is None or not rule.by_seller or rule.keep is None:
        raise ValidationError(
            "How long this is kept can't be chosen. Choose one of: "
            + ", ".join(one.label for one in RULES.values() if one.by_seller)
            + "."
        )
    if days is None:
        return
    least = max(1, rule.least.days if rule.least else 1)
    if days < least:
        raise ValidationError(
            f"{rule.label} are kept for at least {least} day"
            f"{'s' if least > 1 else ''}. Enter {least} or more."
        )
    if days >= rule.keep.days:
        raise ValidationError(
            f"{rule.label} are kept for {rule.keep.days} days, and you can only "
            f"choose less. Enter {rule.keep.days - 1} or less, or go back to the rule."
        )
