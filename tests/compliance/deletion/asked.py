"""Deletion requests as tests need them, asked the way the pages and officers do."""

from datetime import datetime, timedelta
from typing import Any

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import request_deletion
from marketplaces.models import Connection
from plugseller.accounts.models import Seller, User
from plugseller.jobs.models import OutgoingMail

GRACE = timedelta(hours=48)
DAY = timedelta(days=1)


def contact_of(person: User) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "time_zone": person.time_zone,
        "addresses": [person.email],
    }


def by_owner(
    owner: User,
    seller: Seller,
    *,
    now: datetime,
    connection: Connection | None = None,
    grace: timedelta = GRACE,
    **more: Any,
) -> DeletionRequest:
    """An owner asks in the console: for the whole account, or one connection."""
    kind = DeletionRequest.Kind
    return request_deletion(
        actor=owner,
        source=DeletionRequest.Source.CONSOLE,
        kind=kind.CONNECTION if connection else kind.ACCOUNT,
        seller=seller,
        connection=connection,
        contact=contact_of(owner),
        identity="Second factor shown again",
        verified=True,
        grace=grace,
        now=now,
        **more,
    )


def by_letter(
    officer: User,
    *,
    now: datetime,
    seller: Seller | None = None,
    connection: Connection | None = None,
    email: str = "writer@example.test",
    source: str = DeletionRequest.Source.LETTER,
    verified: bool = False,
    **more: Any,
) -> DeletionRequest:
    """An officer records what somebody wrote."""
    kind = DeletionRequest.Kind
    about = kind.ACCOUNT if seller else kind.OUTSIDER
    return request_deletion(
        actor=officer,
        source=source,
        kind=kind.CONNECTION if connection else about,
        seller=seller,
        connection=connection,
        contact={"email": email, "name": "W", "time_zone": "", "addresses": [email]},
        identity="The marketplace's own mail" if verified else "",
        verified=verified,
        grace=GRACE,
        now=now,
        **more,
    )


def mails_to(address: str) -> list[dict[str, str]]:
    """What was posted to that address, the newest last."""
    every = [
        mail.content.reveal() for mail in OutgoingMail.objects.order_by("posted_at")
    ]
    return [mail for mail in every if mail["to"] == address]


def subjects_to(address: str) -> list[str]:
    return [mail["subject"] for mail in mails_to(address)]
