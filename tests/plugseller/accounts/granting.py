"""Grants for tests, made the way people make them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from plugseller.accounts.models import Grant, Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.services import approve_grant, request_grant
from plugseller.jobs.models import OutgoingMail


def ask(
    actor: User,
    seller: Seller,
    *,
    now: datetime,
    permissions: Collection[str] = (Permission.VIEW_ORDERS,),
    hours: int = 2,
    **more: Any,
) -> Grant:
    """A request that waits."""
    given = {"reason": "The order list is empty.", "ticket": "T-5512"} | more
    return request_grant(
        actor=actor,
        seller=seller,
        permissions=permissions,
        hours=hours,
        now=now,
        **given,
    )


def give(actor: User, seller: Seller, *, by: User, now: datetime, **more: Any) -> Grant:
    """A grant that began at `now`."""
    asked = ask(actor, seller, now=now, **more)
    return approve_grant(actor=by, grant=asked, now=now)


def mails() -> list[dict[str, str]]:
    """What stands in the outbox, oldest first: to, subject, text."""
    kept = OutgoingMail.objects.order_by("posted_at", "pk")
    return [mail.content.reveal() for mail in kept]


def mailed(subject: str) -> set[str]:
    """To whom a mail with these words in its subject goes."""
    return {mail["to"] for mail in mails() if subject in mail["subject"]}
