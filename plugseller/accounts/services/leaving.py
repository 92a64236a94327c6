"""Leaving: everything a person had ends at once; what they did stays on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction

from plugseller.accounts import teamletters
from plugseller.accounts.models import (
    ApiToken,
    Grant,
    Invitation,
    Membership,
    Seller,
    User,
)
from plugseller.accounts.roles import PERMISSIONS, Role
from plugseller.accounts.services.members import other_owners
from plugseller.accounts.services.officers import is_last_officer, keep_an_officer
from plugseller.accounts.services.sellers import leave, lock_sellers, set_rights
from plugseller.accounts.sessions import end_sessions
from plugseller.audit.services import record


class Why(models.TextChoices):
    """Why somebody's account ends, in words that may stay for years."""

    LEFT = "left", "The person has left"
    SECURITY = "security", "The account is in danger"
    ASKED = "asked", "The person asked for it"
    REVIEW = "review", "A review of access ended it"


@dataclass(frozen=True, slots=True)
class Seat:
    """A role that ends, and who owns the seller afterwards."""

    membership: Membership
    heirs: Sequence[Membership]  # who could own it, most senior first
    heir: Membership | None  # who will
    orphaned: bool  # the last owner goes, and nobody is left

    @property
    def seller(self) -> Seller:
        return self.membership.seller


@dataclass(frozen=True, slots=True)
class Leaving:
    """What ends with a person."""

    person: User
    seats: tuple[Seat, ...]
    sessions: int
    tokens: int
    machines: tuple[str, ...]  # labels of machine tokens among them
    grants: int
    factors: int
    invitations: int
    last_officer: bool  # so it can't be

    @property
    def orphaned(self) -> list[Seller]:
        return [seat.seller for seat in self.seats if seat.orphaned]

    @property
    def heirs(self) -> dict[User, None]:
        """Everybody who could be named as successor, in order."""
        return {heir.user: None for seat in self.seats for heir in seat.heirs}


class WithoutOwner(ValidationError):
    """A seller would have nobody left."""


def plan_leaving(
    *, person: User, now: datetime, successor: User | None = None
) -> Leaving:
    """What would end. ValidationError if the successor can't take over."""
    if person.left_at is not None:
        raise ValidationError("This person has left already.")
    held = Membership.objects.filter(user=person).select_related("seller", "user")
    tokens = _tokens(person)
    machines = tokens.filter(kind=ApiToken.Kind.MACHINE)
    return Leaving(
        person=person,
        seats=tuple(_seat(one, successor) for one in held.order_by("seller")),
        sessions=UserSession.objects.filter(user=person).count(),
        tokens=tokens.count(),
        machines=tuple(machines.values_list("label", flat=True)),
        grants=_grants(person, now).count(),
        factors=Authenticator.objects.filter(user=person).count(),
        invitations=_invitations(person, now).count(),
        last_officer=is_last_officer(person),
    )


def _seat(membership: Membership, successor: User | None) -> Seat:
    if membership.role != Role.OWNER or other_owners(membership).exists():
        return Seat(membership, (), None, orphaned=False)
    others = Membership.objects.filter(
        seller=membership.seller_id, user__is_active=True
    ).exclude(pk=membership.pk)
    ranks = list(Role)
    heirs = sorted(
        others.select_related("user", "seller"),
        key=lambda one: (ranks.index(Role(one.role)), one.since, one.pk),
    )
    chosen = [one for one in heirs if successor is None or one.user_id == successor.pk]
    if heirs and not chosen:
        raise ValidationError(
            f"The successor doesn't belong to {membership.seller.slug}, which needs "
            "an owner. Name one of its members, or nobody: then the most senior one "
            "takes over."
        )
    heir = chosen[0] if chosen else None
    return Seat(membership, heirs, heir, orphaned=heir is None)


@transaction.atomic
def offboard_user(
    *,
    actor: User | None,
    person: User,
    now: datetime,
    reason: Why,
    successor: User | None = None,
    leave_without_owner: bool = False,
) -> Leaving:
    """End a person's account and all that came with it, in one transaction.

    Where they are a seller's last owner it goes to `successor`, else to its most
    senior member. WithoutOwner if there is none, unless `leave_without_owner` says
    that this is meant. LastOne for the last officer, ValidationError for who has left
    already, PermissionDenied for an actor who isn't an officer, or is the person.
    """
    if actor is not None and (not actor.is_officer or actor.pk == person.pk):
        raise PermissionDenied
    keep_an_officer(person)
    person = _hold(person, now)
    plan = plan_leaving(person=person, now=now, successor=successor)
    if plan.orphaned and not leave_without_owner:
        names = ", ".join(one.slug for one in plan.orphaned)
        raise WithoutOwner(
            f"Nobody else belongs to {names}, so nobody could own it. Say that it is "
            "to be left without an owner, or invite somebody first."
        )
    _end_ways_in(person, now)
    for seat in plan.seats:
        if seat.heir:
            _hand_over(actor, seat.heir, now)
        leave(actor=actor, seller=seat.seller, user=person, now=now)
        if seat.orphaned:
            _note_vacant(actor, seat.seller)
    was_staff = person.is_staff
    _close(person, now)
    record(
        "person.left",
        actor=actor,
        subject=person,
        details={
            "reason": reason.value,
            "of_staff": was_staff,
            "sessions": plan.sessions,
            "tokens": plan.tokens,
            "grants": plan.grants,
            "second_factors": plan.factors,
            "invitations": plan.invitations,
            "sellers": len(plan.seats),
            "without_owner": len(plan.orphaned),
        },
    )
    if plan.orphaned:
        teamletters.without_owner(plan.orphaned, now=now)
    teamletters.account_ended(person, now=now)
    return plan


def _hold(person: User, now: datetime) -> User:
    """Hold every row that others might be changing, before anything is written."""
    held = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    at = Membership.objects.filter(user=held).values_list("seller", flat=True)
    lock_sellers(*at)
    list(_grants(held, now).select_for_update().order_by("pk"))
    list(_tokens(held).select_for_update().order_by("pk"))
    return held


def _end_ways_in(person: User, now: datetime) -> None:
    """Sessions, grants, those that wait as well, and links to set up an account.

    A grant that waits is ended, so no approval can begin it afterwards. Tokens end
    with the role at each seller; those of no seller of theirs end in `_close`.
    """
    _grants(person, now).update(ended_at=now, end=Grant.End.LEFT)
    person.set_up_links.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    end_sessions(person)


def _hand_over(actor: User | None, heir: Membership, now: datetime) -> None:
    before, heir.role = heir.role, Role.OWNER
    heir.save(update_fields=["role"])
    set_rights(heir.seller, heir.user, PERMISSIONS[Role.OWNER])
    end_sessions(heir.user)
    record(
        "ownership.handed_over",
        actor=actor,
        seller_id=heir.seller_id,
        subject=heir,
        details={"from": before},
    )
    teamletters.handed_over(heir.seller, heir.user, now=now)


def _note_vacant(actor: User | None, seller: Seller) -> None:
    record("ownership.vacant", actor=actor, seller_id=seller.pk, subject=seller)


def _close(person: User, now: datetime) -> None:
    """The account itself. Name and address stay for officers, who may have to tell
    who an entry speaks of; everybody else reads a pseudonym (`known_as`)."""
    _tokens(person).update(revoked_at=now)
    _invitations(person, now).update(ended_at=now)
    Authenticator.objects.filter(user=person).delete()
    person.used_passwords.all().delete()
    for relation in (person.groups, person.user_permissions):
        if relation.exists():
            relation.clear()
    person.staff_role = ""
    person.is_superuser = False
    person.is_active = False
    person.left_at = now
    person.set_unusable_password()
    person.save()


def _tokens(person: User) -> models.QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=person, revoked_at=None)


def _grants(person: User, now: datetime) -> models.QuerySet[Grant]:
    """Those that wait, and those that are open."""
    over = models.Q(ends_at__isnull=False, ends_at__lte=now)
    return Grant.objects.filter(person=person, ended_at=None).exclude(over)


def _invitations(person: User, now: datetime) -> models.QuerySet[Invitation]:
    """Those the person made and nobody has answered yet."""
    return Invitation.objects.filter(
        invited_by=person, ended_at=None, expires_at__gt=now
    )
