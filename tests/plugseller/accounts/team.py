"""A team larger than the cast's, and what tests of teams ask again and again."""

import io
import json
from datetime import datetime
from typing import Any

import pytest
from django.http import Http404
from django.utils import timezone

from plugseller.accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    Seller,
    SellerUserObjectPermission,
    User,
)
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
from plugseller.accounts.services import invite, join
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from tests.conftest import Cast, person


def member(seller: Seller, name: str, role: Role) -> Membership:
    return join(actor=None, seller=seller, user=person(name), role=role)


def of(user: User, seller: Seller) -> Membership:
    return Membership.objects.get(user=user, seller=seller)


def invited(cast: Cast, email: str, role: Role = Role.VIEWER) -> Invitation:
    """Alice invites somebody to North."""
    return invite(
        actor=cast.alice, seller=cast.north, email=email, role=role, now=timezone.now()
    )


def rights(user: User, seller: Seller) -> set[str]:
    held = SellerUserObjectPermission.objects.filter(user=user, content_object=seller)
    return set(held.values_list("permission__codename", flat=True))


def sees_nothing(user: User, seller: Seller, token: ApiToken | None = None) -> bool:
    """Whether neither the person nor the person's program has any right there."""
    now = timezone.now()
    for key in (None, token):
        try:
            standing_at(user, seller.slug, now=now, token=key)
        except Http404:
            continue
        return False
    return not rights(user, seller)


def token_of(
    user: User, seller: Seller, *, kind: str = "personal", label: str = "mine"
) -> ApiToken:
    """A token that opens orders."""
    made: ApiToken
    made, _ = ApiToken.objects.create(  # type: ignore[no-untyped-call]  # knox's
        user=user,
        seller=seller,
        kind=kind,
        label=label,
        permissions=[Permission.VIEW_ORDERS.value],
    )
    return made


def mails() -> list[dict[str, Any]]:
    """What waits in the outbox, oldest first."""
    waiting = OutgoingMail.objects.order_by("try_at", "pk")
    return [mail.content.reveal() for mail in waiting]


def mails_to(email: str) -> list[str]:
    return [mail["text"] for mail in mails() if mail["to"] == email]


def letters_to(email: str) -> str:
    """All that was mailed to an address, the newest first."""
    return "\n".join(mails_to(email))


def entries(event: str) -> list[Entry]:
    return list(Entry.objects.filter(event=event).order_by("id"))


def orphans() -> int:
    """Rights without a membership, and memberships without their rights."""
    held: set[tuple[Any, Any, str]] = set(
        SellerUserObjectPermission.objects.values_list(
            "user", "content_object", "permission__codename"
        )
    )
    due = {
        (one.user_id, one.seller_id, right.value)
        for one in Membership.objects.all()
        for right in PERMISSIONS[Role(one.role)]
    }
    return len(held ^ due)


def told(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))


def read_json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def soon(instant: datetime) -> bool:
    return abs((timezone.now() - instant).total_seconds()) < 60
