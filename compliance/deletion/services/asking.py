"""A request comes in, by whichever door: one path and one clock for all of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from compliance import clocks
from compliance.clocks import due_after
from compliance.deletion.models import DeletionRequest
from compliance.deletion.references import new_reference
from compliance.deletion.services import letters
from compliance.deletion.services.arranged import arrange
from compliance.deletion.services.steps import (
    LASTS,
    OPEN,
    hold_rows,
    may_ask_at,
    note_step,
    require_officer,
)
from compliance.deletion.services.verifying import DECISION, IDENTITY, take_as_verified
from compliance.deletion.states import DeletionRefused
from marketplaces.models import Connection
from plugseller.accounts.models import Membership, Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import plan_leaving
from plugseller.crypto.services import create_data_key

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source

_OURSELVES = (Source.AUTHORISATION, Source.RETENTION)
_BY_OFFICERS = (Source.LETTER, Source.MARKETPLACE)


@sensitive_variables("contact")
@transaction.atomic
def request_deletion(
    *,
    actor: User | None,
    source: str,
    kind: str,
    seller: Seller | None = None,
    connection: Connection | None = None,
    people: Iterable[User] = (),
    contact: Mapping[str, Any] | None,
    identity: str,
    verified: bool,
    grace: timedelta,
    keeps_requester: bool = False,
    now: datetime,
    received_at: datetime | None = None,
) -> DeletionRequest:
    """Take a request in, and schedule it if it is `verified`.

    `contact` is {"email", "name", "time_zone", "addresses"} of who asked, and is
    sealed; `identity` says how it was verified. The clock counts from `received_at`,
    where that was earlier than `now`, as with a letter. Asked twice through one door
    by the same person it is the same request; asked by others, or through another
    door, it is joined to the older one and shares its date.

    Raises DeletionRefused with what to do; PermissionDenied.
    """
    source, kind = Source(source), Kind(kind)
    chosen = sorted(people, key=lambda one: one.pk)
    connection_id = connection.pk if connection else None
    seller_id = seller.pk if seller else None
    hold_rows(seller_id=seller_id, people=[one.pk for one in chosen])
    _check_door(actor, source, seller_id)
    _check_scope(kind, seller_id, connection, chosen, contact)
    _check_people(actor, source, kind, seller, chosen, now)
    received_at = min(received_at or now, now)
    wanted = DeletionRequest(
        reference=new_reference(),
        source=source,
        kind=kind,
        seller_id=seller_id,
        connection_id=connection_id,
        people=[str(one.pk) for one in chosen],
        keeps_requester=keeps_requester,
        what=_what(kind, connection, chosen),
        requested_by=_requester(actor, source, contact),
        received_at=received_at,
        due_at=due_after(received_at, LASTS),
    )
    if again := _asked_already(wanted):
        note_step(again, "asked again", actor=actor, now=now)
        return again
    create_data_key(wanted.pk)
    wanted.contact = dict(contact) if contact else None
    placeholder = _same_and_leading(wanted)
    wanted.joined_to = placeholder  # until `arrange` decides: only one may lead
    wanted.save(force_insert=True)
    note_step(
        wanted,
        "received",
        actor=actor,
        now=now,
        source=source.value,
        kind=kind.value,
        due=wanted.due_at.isoformat(),
    )
    if verified:
        take_as_verified(wanted, actor=actor, identity=identity, grace=grace, now=now)
    else:
        _watch_identity(wanted, now=now)
    arrange(wanted, now=now)
    wanted.refresh_from_db()
    if placeholder is not None and wanted.joined_to_id == placeholder.pk:
        note_step(wanted, "joined", actor=None, now=now, to=placeholder.reference)
    letters.tell_received(wanted, now=now)
    if wanted.status == DeletionRequest.Status.VERIFIED:
        letters.tell_waits(wanted, now=now)
    return wanted


def _check_door(actor: User | None, source: str, seller_id: UUID | None) -> None:
    """Whether this person may ask through this door."""
    if source in _OURSELVES:
        if actor is not None:
            raise PermissionDenied
    elif source in _BY_OFFICERS:
        require_officer(actor)
    elif source == Source.CONSOLE and not may_ask_at(actor, seller_id):
        raise PermissionDenied
    elif source == Source.PERSON and (actor is None or actor.is_staff):
        raise DeletionRefused(
            "The account of one of our staff ends when an officer ends it. Ask an "
            "officer."
        )


def _check_scope(
    kind: str,
    seller_id: UUID | None,
    connection: Connection | None,
    people: list[User],
    contact: Mapping[str, Any] | None,
) -> None:
    """What is asked about must be there, and be of that seller; the caller's fault."""
    fits = {
        Kind.ACCOUNT: seller_id is not None and connection is None,
        Kind.CONNECTION: connection is not None and connection.seller_id == seller_id,
        Kind.PEOPLE: bool(people) and connection is None,
        Kind.OUTSIDER: bool(contact and contact.get("addresses"))
        and seller_id is None
        and not people,
    }
    if not fits[Kind(kind)]:
        raise DeletionRefused("Say what is to be deleted. Nothing was asked.")


def _check_people(
    actor: User | None,
    source: str,
    kind: str,
    seller: Seller | None,
    people: list[User],
    now: datetime,
) -> None:
    """Nobody's account is deleted on the word of somebody it doesn't belong to."""
    if kind != Kind.PEOPLE:
        return
    if source == Source.PERSON and [actor] != people:
        raise PermissionDenied
    if any(one.is_staff for one in people):
        raise DeletionRefused("One of these people is of our staff. Ask an officer.")
    if source == Source.CONSOLE:
        _check_members(actor, seller, people)
        return
    for one in people:
        alone = [
            seat.seller
            for seat in plan_leaving(person=one, now=now).seats
            if seat.heirs or seat.orphaned
        ]
        if alone:
            names = ", ".join(seller.name for seller in alone)
            raise DeletionRefused(
                f"The last owner of {names} can't leave it without an owner. Make "
                "another member Owner on the page Team first, or ask for the deletion "
                "of the whole account. Nothing was asked."
            )


def _check_members(
    actor: User | None, seller: Seller | None, people: list[User]
) -> None:
    ids = [one.pk for one in people]
    here = Membership.objects.filter(seller=seller, user__in=ids)
    members = here.exclude(role=Role.OWNER).count()
    elsewhere = Membership.objects.filter(user__in=ids).exclude(seller=seller).exists()
    others = [pk for pk in ids if actor is None or pk != actor.pk]
    if len(others) != len(ids) or members != len(ids) or elsewhere:
        raise DeletionRefused(
            "Only members who aren't owners and use this account alone can be chosen. "
            "Remove the others on the page Team: each can delete their own account "
            "under Security. Nothing was asked."
        )


def _what(kind: str, connection: Connection | None, people: list[User]) -> str:
    """What it is about, for people, without a name in it."""
    if kind == Kind.CONNECTION and connection is not None:
        return f"{connection.marketplace.title()} {connection.region.upper()}"
    if kind == Kind.PEOPLE:
        return "One person" if len(people) == 1 else f"{len(people)} people"
    return str(Kind(kind).label)


def _requester(
    actor: User | None,
    source: str,
    contact: Mapping[str, Any] | None,
) -> UUID | None:
    """The user who asked. A letter's writer may be one, who is looked up by the
    address that the officer recorded; an officer never is the requester."""
    if source in _BY_OFFICERS:
        address = str((contact or {}).get("email", ""))
        found = User.objects.filter(email__iexact=address, left_at=None).first()
        return found.pk if found and address else None
    return actor.pk if actor else None


def _asked_already(wanted: DeletionRequest) -> DeletionRequest | None:
    """The same thing, asked by the same person through the same door, still open."""
    if wanted.source not in (Source.CONSOLE, Source.PERSON, *_OURSELVES):
        return None
    same = _same(wanted).filter(source=wanted.source, requested_by=wanted.requested_by)
    return next((one for one in same if one.people == wanted.people), None)


def _same_and_leading(wanted: DeletionRequest) -> DeletionRequest | None:
    if wanted.kind not in (Kind.ACCOUNT, Kind.CONNECTION):
        return None
    return _same(wanted).filter(joined_to=None).first()


def _same(wanted: DeletionRequest) -> QuerySet[DeletionRequest]:
    return DeletionRequest.objects.filter(
        OPEN,
        seller_id=wanted.seller_id,
        kind=wanted.kind,
        connection_id=wanted.connection_id,
    ).order_by("received_at", "pk")


def _watch_identity(request: DeletionRequest, *, now: datetime) -> None:
    """Who asked must be asked for a proof within 3 days, and decided about by day 25;
    the promise's own clock runs all the while."""
    label = f"{request.reference}: who asked"
    for duty in (IDENTITY, DECISION):
        clocks.start(
            duty.name,
            request.pk,
            label=label,
            now=now,
            due_at=due_after(request.received_at, duty.lasts or LASTS),
        )
