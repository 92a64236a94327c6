"""A request as a page tells it: where it stands, what comes next, who did what."""

import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from uuid import UUID

from django.conf import settings

from compliance import countdown
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.deletion.services.holding import holds_on
from compliance.deletion.services.letters import spoken
from compliance.deletion.services.unattended import may_be_objected_to
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole
from plugseller.shelves import HOLDINGS

Status = DeletionRequest.Status
_ASKED_FOR = (  # others aren't the seller's to take back
    DeletionRequest.Source.CONSOLE,
    DeletionRequest.Source.PERSON,
    DeletionRequest.Source.LETTER,
)
_ALONE = "Plug Seller, by itself"
WORDS = {
    "received": "The request arrived",
    "joined": "Joined to an older request about the same data",
    "asked again": "Asked for again; it stays one request",
    "proof asked for": "Asked for a proof of who asks",
    "searched": "Looked for data in every place",
    "contact shown": "An officer looked at who asked",
    "verified": "Who asked is verified",
    "scheduled": "Scheduled; reading and fetching stopped",
    "grace ended": "The time to take it back was given up",
    "objected": "An owner objected; officers have to decide",
    "nobody objected": "No owner objected and no officer decided: it goes on",
    "hold asked": "A legal hold was asked for",
    "hold approved": "A legal hold began",
    "hold over": "A legal hold ended",
    "held back": "Held back by a legal hold",
    "begun": "The deletion began",
    "database put back": "The database was put back from a backup; it waits anew",
    "erased before": "It had begun before the database was put back from a backup",
    "keys destroyed": "The keys were destroyed",
    "staff stay": "Our own staff among the people were left out",
    "asked to run": "An officer had it go on at once",
    "holding erased": "A place was emptied",
    "failed": "A step failed; it is tried again",
    "something was found": "The second pass found something; it is deleted again",
    "certified": "The second pass found nothing; the certificate was issued",
    "requester forgotten": "Who asked was forgotten",
    "completed": "Completed",
    "withdrawn": "Taken back",
    "rejected": "Rejected",
    "overdue": "Overdue: every officer was told",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One step, in words."""

    at: datetime
    said_at: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class Held:
    """One hold that stands, as the requester reads it."""

    ground: str
    law: str
    until: str
    places: list[str]  # empty: everything


@dataclass(frozen=True, slots=True)
class Told:
    """A request, for one reader."""

    request: DeletionRequest
    received: str
    due: str
    left: str  # "29 days left", "overdue by 2 h 5 min"
    overdue: bool
    starts: str
    can_be_withdrawn: bool
    can_begin_now: bool
    can_be_objected_to: bool
    steps: list[Happened]
    outcomes: list[Outcome]
    holds: list[Held]
    certificate: Certificate | None
    leader: DeletionRequest | None
    began: str = ""
    destroyed: str = ""
    ended: str = ""

    @property
    def contact(self) -> str:
        """Whom to write to."""
        return settings.CONTACT_ADDRESS

    @property
    def places_done(self) -> int:
        return sum(one.ended_at is not None for one in self.outcomes)


def told(
    request: DeletionRequest, *, reader: User, zone: tzinfo, now: datetime
) -> Told:
    """Everything a page shows of a request; a fixed number of queries."""
    leader = request.joined_to
    stands = leader or request
    scheduled = stands.status == Status.SCHEDULED
    waits = request.status in (Status.RECEIVED, Status.VERIFIED) or scheduled
    before = stands.began_at is None
    outcomes = [one for one in stands.outcomes.all() if one.before or one.stays]

    def said(at: datetime | None) -> str:
        return spoken(at, zone) if at else ""

    return Told(
        request=request,
        received=said(request.received_at),
        due=said(request.due_at),
        left=countdown.told(request.due_at, now),
        overdue=request.is_overdue(now),
        starts=said(stands.starts_at),
        can_be_withdrawn=request.is_open
        and before
        and (waits or request.status == Status.ON_HOLD)
        and request.source in _ASKED_FOR,
        can_begin_now=scheduled
        and bool(stands.starts_at and stands.starts_at > now)
        and leader is None,
        can_be_objected_to=may_be_objected_to(request),
        steps=_steps(request, reader, zone),
        outcomes=outcomes,
        holds=_holds(stands, zone, now),
        certificate=stands.certificates.first(),
        leader=leader,
        began=said(stands.began_at),
        destroyed=said(stands.keys_destroyed_at),
        ended=said(request.ended_at),
    )


def zone_of(person: User) -> tzinfo:
    """The reader's own zone, for pages that are of no seller."""
    try:
        return zoneinfo.ZoneInfo(person.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return UTC


def _steps(request: DeletionRequest, reader: User, zone: tzinfo) -> list[Happened]:
    steps = list(request.steps.all())
    who = _Who(reader, {step.actor_id for step in steps if step.actor_id})
    return [
        Happened(
            step.at,
            spoken(step.at, zone),
            _what(step),
            who.did(step.actor_id),
        )
        for step in steps
    ]


def _what(step: Step) -> str:
    words = WORDS.get(step.what, step.what.capitalize())
    holding = HOLDINGS.get(step.details.get("holding", ""))
    return f"{words}: {holding.label}" if holding else words


class _Who:
    """Pseudonyms: the page outlives the people, and names nobody."""

    def __init__(self, reader: User, ids: Iterable[UUID]) -> None:
        self._reader = reader
        staff = User.objects.filter(pk__in=ids).exclude(staff_role="")
        self._staff = dict(staff.values_list("pk", "staff_role"))

    def did(self, person: UUID | None) -> str:
        if person is None:
            return _ALONE
        if person == self._reader.pk:
            return "You"
        if role := self._staff.get(person):
            return f"Plug Seller staff, {StaffRole(role).label}"
        return f"Member {str(person)[:8]}"


def _holds(request: DeletionRequest, zone: tzinfo, now: datetime) -> list[Held]:
    found: Iterable[LegalHold] = holds_on(request, now)
    return [
        Held(
            ground=hold.reason,
            law=hold.legal_basis,
            until=spoken(hold.ends_at, zone),
            places=[
                HOLDINGS[name].label if name in HOLDINGS else name
                for name in hold.holdings
            ],
        )
        for hold in found
    ]
