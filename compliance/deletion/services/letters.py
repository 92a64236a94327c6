"""What is mailed about a request: to who asked, to the seller's owners, to officers.

The texts are in `templates/mail/deletion/`; the first line is the subject. Who asked
is told of each step until they are forgotten with the last one.
"""

import re
import zoneinfo
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.views.decorators.debug import sensitive_variables

from compliance.clocks import due_after
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.services.steps import LASTS, seller_of
from compliance.deletion.states import Status
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import owners_of
from plugseller.accounts.services.officers import tell_officers
from plugseller.crypto.services import KeyDestroyed
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

Source = DeletionRequest.Source


@sensitive_variables("contact", "text")
def tell(request: DeletionRequest, what: str, *, now: datetime, **told: Any) -> bool:
    """Post `templates/mail/deletion/<what>.txt` to who asked; whether there was anybody
    to tell. In the caller's transaction.

    It is sealed with the request's own key, which is destroyed once the last mail has
    left (forgetting.py).
    """
    contact = _contact(request)
    if not contact.get("email"):
        return False
    _post(
        request,
        what,
        to=contact["email"],
        zone=contact.get("time_zone", ""),
        owner=request.pk,
        now=now,
        **told,
    )
    return True


def tell_received(request: DeletionRequest, *, now: datetime) -> None:
    """That it came in, and where it stands; the owners hear of it too."""
    if request.source in (Source.AUTHORISATION, Source.RETENTION):
        _tell_owners(request, "by_itself", now=now)
        return
    tell(request, "received", now=now)
    if request.status == Status.SCHEDULED:
        _tell_owners(request, "owners_scheduled", now=now, but=request.requested_by)


def tell_scheduled(request: DeletionRequest, *, now: datetime) -> None:
    """That who asked is verified, and when it begins."""
    tell(request, "scheduled", now=now)
    _tell_owners(request, "owners_scheduled", now=now, but=request.requested_by)


def tell_withdrawn(request: DeletionRequest, *, by: User | None, now: datetime) -> None:
    """To who asked, who withdrew it and every owner: all hear the same."""
    owner = None if by is None or by.is_staff else by
    another = None if owner and owner.pk == request.requested_by else owner
    tell(request, "withdrawn", now=now, by=another)
    told_already = None if request.source == Source.LETTER else request.requested_by
    _tell_owners(request, "owners_withdrawn", now=now, but=told_already, by=owner)


def tell_rejected(request: DeletionRequest, *, owners_too: bool, now: datetime) -> None:
    """To who asked, with the reason; owners who were told of it hear that it is off."""
    tell(request, "rejected", now=now)
    if owners_too:
        but = None if request.source == Source.LETTER else request.requested_by
        _tell_owners(request, "owners_rejected", now=now, but=but)


def tell_held(request: DeletionRequest, hold: LegalHold, *, now: datetime) -> None:
    tell(request, "on_hold", now=now, hold=hold, instants={"ends": hold.ends_at})


def tell_waits(request: DeletionRequest, *, now: datetime) -> None:
    """That one officer verified it: another has to confirm, and owners may object."""
    tell_officers(
        subject=f"{request.reference} waits for a second officer",
        text=(
            f"An officer verified who asked for {request.reference} ({request.what}). "
            "Nothing is stopped or deleted until another officer confirms it at the "
            f"desk, under Deletion requests. If nobody decides{_alone(request)}."
        ),
        now=now,
    )
    warn_owners(request, now=now)


def _alone(request: DeletionRequest) -> str:
    if request.starts_at is None:
        return ", it stays open: an owner objected"
    return f" and no owner objects, it begins on {spoken(request.starts_at, UTC)}"


def warn_owners(request: DeletionRequest, *, now: datetime) -> list[OutgoingMail]:
    """That it begins by itself unless they object; nobody once one of them did."""
    if request.status != Status.VERIFIED or request.starts_at is None:
        return []
    return _tell_owners(request, "owners_waiting", now=now, but=request.requested_by)


def tell_objection(request: DeletionRequest, *, by: User, now: datetime) -> None:
    """To the officers, who have to decide now, and to the owners."""
    tell_officers(
        subject=f"An owner objects to {request.reference}",
        text=(
            f"An owner objects to {request.reference} ({request.what}). It doesn't "
            "begin by itself any more, and the clock runs on: it is due on "
            f"{spoken(request.due_at, UTC)}. Two of you have to decide at the desk: "
            "confirm it, hold it for a legal reason, or reject it with a reason."
        ),
        now=now,
    )
    _tell_owners(request, "owners_objected", now=now, by=by)


def ask_about_hold(request: DeletionRequest, first: User, *, now: datetime) -> None:
    tell_officers(
        subject=f"A legal hold on {request.reference} waits for a second officer",
        text=(
            f"An officer asks to hold {request.reference} ({request.what}) for a legal "
            "reason. It holds nothing until another officer approves it at the desk, "
            "under Deletion requests."
        ),
        now=now,
    )


def _tell_owners(
    request: DeletionRequest,
    what: str,
    *,
    now: datetime,
    but: UUID | None = None,
    by: User | None = None,
) -> list[OutgoingMail]:
    if (seller := seller_of(request)) is None:
        return []
    return [
        _post(
            request,
            what,
            to=owner.email,
            zone=owner.time_zone,
            owner=owner.pk,
            now=now,
            seller=seller,
            by=by,
        )
        for owner in owners_of(seller)
        if owner.pk != but  # who asked was told already
    ]


def _contact(request: DeletionRequest) -> dict[str, Any]:
    if not request.contact:
        return {}
    try:
        return dict(request.contact.reveal())
    except KeyDestroyed:
        return {}


def _post(
    request: DeletionRequest,
    what: str,
    *,
    to: str,
    zone: str,
    owner: UUID,
    now: datetime,
    instants: dict[str, datetime] | None = None,
    **told: Any,
) -> OutgoingMail:
    there = _zone(zone)
    # Who isn't verified isn't told of others who asked, not even by an earlier date.
    unproven = request.status == Status.RECEIVED
    own = due_after(request.received_at, LASTS)
    known = {
        "received": request.received_at,
        "due": own if unproven else request.due_at,
        "starts": request.starts_at,
        **(instants or {}),
    }
    said = {name: spoken(at, there) for name, at in known.items() if at}
    told |= {
        **said,
        "request": request,
        "site": settings.PUBLIC_ADDRESS,
        "contact": settings.CONTACT_ADDRESS,
    }
    text = render_to_string(f"mail/deletion/{what}.txt", told)
    subject, _, body = re.sub(r"\n{3,}", "\n\n", text).partition("\n")
    return outbox.post(to=to, subject=subject, text=body.strip(), owner=owner, now=now)


def spoken(instant: datetime, zone: tzinfo) -> str:
    """The instant where the reader lives, and in UTC beside it."""
    utc = f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    local = instant.astimezone(zone)
    if local.utcoffset() == instant.astimezone(UTC).utcoffset():
        return utc
    return f"{local.day} {local:%B %Y, %H:%M} ({zone}; {utc})"


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return UTC
