"""What happens in a seller's team: invited, accepted, given another role, removed.

Who may do it is asked again inside the transaction, with the seller's row held: of two
owners who remove each other at once, the second finds to be none any more.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction

from plugseller.accounts import teamletters
from plugseller.accounts.mailboxes import proven_by, spelled
from plugseller.accounts.models import Invitation, Membership, Seller, User
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
from plugseller.accounts.services.sellers import (
    join,
    leave,
    lock_person,
    lock_sellers,
    set_rights,
    take_back_all,
)
from plugseller.accounts.sessions import end_sessions
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.services import record


@transaction.atomic
def invite(
    *, actor: User, seller: Seller, email: str, role: Role, now: datetime
) -> Invitation:
    """Offer a role to whoever owns the address.

    Raises ValidationError, PermissionDenied, Http404.
    """
    [seller] = lock_sellers(seller.pk)
    _must_manage(actor, seller, now, gives=role)
    address = spelled(email)
    members = EmailAddress.objects.filter(
        user__memberships__seller=seller, verified=True
    )
    if address in map(spelled, members.values_list("email", flat=True)):
        raise ValidationError(
            {"email": "This person belongs to the team. Change the role in the list."}
        )
    _must_be_few(seller, now)
    open_ones = seller.invitations.filter(email=address, ended_at=None)
    if waiting := open_ones.filter(expires_at__gt=now).first():
        raise ValidationError(
            {
                "email": "This address has an invitation that waits, as "
                f"{waiting.get_role_display()}. To send another, take that one back "
                "first."
            }
        )
    open_ones.update(ended_at=now)  # nobody accepted it in time
    invitation = Invitation(
        seller=seller,
        email=address,
        role=role,
        invited_by=actor,
        invited_at=now,
        expires_at=now + settings.INVITATION_LASTS,
    )
    invitation.clean_fields(exclude=["ended_at"])
    invitation.save(force_insert=True)
    record("invitation.made", actor=actor, **_about(invitation))
    teamletters.invited(invitation, by=actor, now=now)
    return invitation


def _must_be_few(seller: Seller, now: datetime) -> None:
    lately = seller.invitations.filter(invited_at__gt=now - timedelta(days=1))
    if lately.count() >= settings.INVITATIONS_PER_DAY:
        raise ValidationError(
            f"{settings.INVITATIONS_PER_DAY} invitations were sent within a day, which "
            "is the most. Send the others tomorrow."
        )


@transaction.atomic
def take_back_invitation(*, actor: User, invitation: Invitation, now: datetime) -> None:
    """The seller withdraws the offer. Raises ValidationError, PermissionDenied."""
    [seller] = lock_sellers(invitation.seller_id)
    _must_manage(actor, seller, now)
    _end(invitation, now)
    record("invitation.taken_back", actor=actor, **_about(invitation))


@transaction.atomic
def accept_invitation(
    *, actor: User, invitation: Invitation, now: datetime
) -> Membership:
    """The person takes the role, once.

    PermissionDenied if the address isn't proven to be theirs. ValidationError for our
    own staff, for a member, and for an invitation that is over.
    """
    person = lock_person(actor)
    [seller] = lock_sellers(invitation.seller_id)
    _must_be_theirs(invitation, person)
    if Membership.objects.filter(seller=seller, user=person).exists():
        raise ValidationError(
            "You belong to this team already. To get another role, ask an owner."
        )
    _end(invitation, now, in_time=True)
    membership = join(
        actor=person, seller=seller, user=person, role=Role(invitation.role)
    )
    record("invitation.accepted", actor=person, **_about(invitation))
    return membership


@transaction.atomic
def decline_invitation(*, actor: User, invitation: Invitation, now: datetime) -> None:
    """The person doesn't want the role. Raises ValidationError, PermissionDenied."""
    _must_be_theirs(invitation, actor)
    _end(invitation, now)
    record("invitation.declined", actor=actor, **_about(invitation))


def invitations_of(person: User, *, now: datetime) -> models.QuerySet[Invitation]:
    """What waits for the person's proven addresses."""
    return Invitation.objects.filter(
        email__in=proven_by(person), ended_at=None, expires_at__gt=now
    ).select_related("seller", "invited_by")


@transaction.atomic
def change_role(
    *, actor: User, membership: Membership, role: Role, now: datetime
) -> Membership:
    """Give another member another role; their sessions end.

    Nobody changes their own, nobody gives more than they have. Raises ValidationError,
    PermissionDenied, Http404.
    """
    [seller] = lock_sellers(membership.seller_id)
    _must_manage(actor, seller, now, gives=role)
    held = _still(membership)
    if held.user_id == actor.pk:
        raise ValidationError("Nobody changes their own role. Ask another owner.")
    if held.role == role:
        raise ValidationError("The person has this role already.")
    _must_keep_an_owner(held)
    before, held.role = held.role, role
    if Permission.MANAGE_MEMBERS not in PERMISSIONS[role]:
        take_back_all(seller=seller, by=held.user, now=now)
    held.save(update_fields=["role"])
    set_rights(seller, held.user, PERMISSIONS[role])
    end_sessions(held.user)
    record(
        "member.role_changed",
        actor=actor,
        seller_id=seller.pk,
        subject=held,
        details={"from": before, "to": role.value},
    )
    teamletters.role_changed(held, now=now)
    return held


@transaction.atomic
def remove_member(*, actor: User, membership: Membership, now: datetime) -> None:
    """Take another member's role; their sessions and API tokens end.

    Raises ValidationError, PermissionDenied, Http404.
    """
    [seller] = lock_sellers(membership.seller_id)
    _must_manage(actor, seller, now)
    held = _still(membership)
    if held.user_id == actor.pk:
        raise ValidationError("This is you. To go yourself, leave the seller.")
    _must_keep_an_owner(held)
    leave(actor=actor, seller=seller, user=held.user, now=now)
    end_sessions(held.user)
    teamletters.removed(seller, held.user, now=now)


@transaction.atomic
def leave_seller(*, actor: User, seller: Seller, now: datetime) -> None:
    """The person goes by choice. Raises ValidationError for the last owner."""
    [seller] = lock_sellers(seller.pk)
    held = Membership.objects.filter(seller=seller, user=actor).first()
    if held is None:
        raise PermissionDenied
    _must_keep_an_owner(held)
    leave(actor=actor, seller=seller, user=actor, now=now)
    end_sessions(actor)


def other_owners(membership: Membership) -> models.QuerySet[Membership]:
    """Who would still own the seller without this member."""
    return Membership.objects.filter(
        seller=membership.seller_id, role=Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)


def _must_keep_an_owner(membership: Membership) -> None:
    if membership.role == Role.OWNER and not other_owners(membership).exists():
        raise ValidationError(
            "A seller can't be without an owner, and there is no other one. Make "
            "somebody else Owner first."
        )


def _must_manage(
    actor: User, seller: Seller, now: datetime, *, gives: Role | None = None
) -> None:
    """PermissionDenied, or Http404 for somebody without any right there."""
    standing = standing_at(actor, seller.slug, now=now)
    given = set(PERMISSIONS[gives]) if gives else set()
    if not standing.may(Permission.MANAGE_MEMBERS) or not given <= standing.rights:
        raise PermissionDenied


def _must_be_theirs(invitation: Invitation, person: User) -> None:
    if invitation.email not in proven_by(person):
        raise PermissionDenied
    if person.is_staff:
        raise ValidationError("A member of our staff can't belong to a seller.")


def _still(membership: Membership) -> Membership:
    """The membership as it is now that the seller's row is held."""
    found = Membership.objects.filter(pk=membership.pk)
    if held := found.select_related("user", "seller").first():
        return held
    raise ValidationError("This person doesn't belong to the team any more.")


def _end(invitation: Invitation, now: datetime, *, in_time: bool = False) -> None:
    """Once, whoever comes first."""
    still = Invitation.objects.filter(pk=invitation.pk, ended_at=None)
    if in_time:
        still = still.filter(expires_at__gt=now)
    if not still.update(ended_at=now):
        raise ValidationError(
            "This invitation is over: it was used, taken back, or not accepted in "
            "time. An owner can send another."
        )


def _about(invitation: Invitation) -> dict[str, Any]:
    """What an entry tells of an invitation; never the address."""
    return {
        "seller_id": invitation.seller_id,
        "subject": invitation,
        "details": {"role": invitation.role},
    }
