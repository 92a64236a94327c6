"""Our own staff, as this room's lists and evidence speak of them."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from plugseller.accounts.models import User


@dataclass(frozen=True, slots=True)
class Stands:
    """How one of our staff stands, as a list tells it."""

    person: User
    says: str
    late: bool


def personnel() -> QuerySet[User]:
    """Our own staff who can sign in; sellers' people aren't personnel."""
    there = User.objects.filter(is_active=True, password_set_at__isnull=False)
    return there.exclude(staff_role="").order_by("email")


def names(ids: set[UUID]) -> dict[UUID, str]:
    """What others call them, whether or not they are still there."""
    found = User.objects.in_bulk(ids)
    return {pk: found[pk].known_as if pk in found else "a former member" for pk in ids}
