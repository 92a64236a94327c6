"""Mail about teams: to who is invited, to members, to owners, to our officers.

An invitation's letter goes to somebody who didn't ask for it, so it holds no text that
the sender could choose, and no secret: whoever owns the address signs in with it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings

from plugseller.accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    Seller,
    User,
)
from plugseller.accounts.roles import Role, StaffRole
from plugseller.jobs import outbox

_ASK = f"Questions? Write to {settings.CONTACT_ADDRESS}."


def invited(invitation: Invitation, *, by: User, now: datetime) -> None:
    """That somebody may join a team, and how."""
    role = Role(invitation.role).label
    text = (
        f"{by.email} invites you to a seller's team at Plug Seller, as {role}.\n\n"
        f"To see the invitation and accept or decline it, sign in or sign up with this "
        f"address ({invitation.email}):\n{settings.PUBLIC_ADDRESS}/\n\n"
        f"It is open until {_day(invitation.expires_at)}. If you don't know who wrote, "
        f"do nothing: without you nothing happens.\n\n{_ASK}\n"
    )
    outbox.post(
        to=invitation.email,
        subject="You are invited to a team at Plug Seller",
        text=text,
        owner=invitation.seller_id,
        now=now,
    )


def role_changed(membership: Membership, *, now: datetime) -> None:
    """To the person, whose sessions ended with the change."""
    role = Role(membership.role).label
    _to_person(
        membership.user,
        "Your role has changed",
        f"At {membership.seller.name} you are now {role}. You were signed out "
        "everywhere; sign in again to go on.",
        now,
    )


def removed(seller: Seller, person: User, *, now: datetime) -> None:
    """To the person who doesn't belong to the seller any more."""
    _to_person(
        person,
        "You were removed from a team",
        f"An owner of {seller.name} ended your role there. You were signed out "
        "everywhere, and your API keys for it don't work any more. Your account "
        "stays.",
        now,
    )


def not_confirmed(seller: Seller, person: User, *, now: datetime) -> None:
    """To the person whom no owner confirmed in the review of access."""
    _to_person(
        person,
        f"Your access to {seller.name} has ended",
        f"In the review of access at {seller.name} no owner confirmed yours by its "
        "date, so it has ended, with your API keys there. Your account stays. If you "
        f"still work for {seller.name}, ask an owner to invite you again.",
        now,
    )


def key_lapses(token: ApiToken, until: datetime, *, now: datetime) -> None:
    """To the owners: a machine's key that nobody confirmed ends soon."""
    seller = token.seller
    for owner in _owners(seller):
        outbox.post(
            to=owner.email,
            subject=f"A machine key of {seller.name} ends on {_day(until)}",
            text=(
                f'In the review of access nobody confirmed the machine key "'
                f'{token.label}" ({token.token_key}…), so it ends on {_day(until)}. '
                "If a program needs it, renew it under API keys before that:\n"
                f"{settings.PUBLIC_ADDRESS}/s/{seller.slug}/api-keys\n\n{_ASK}\n"
            ),
            owner=seller.pk,
            now=now,
        )


def handed_over(seller: Seller, heir: User, *, now: datetime) -> None:
    """To who became Owner because the last one left."""
    _to_person(
        heir,
        f"You are now Owner of {seller.name}",
        f"The last owner of {seller.name} has left Plug Seller, and you are Owner from "
        "now on: you can invite and remove people, connect accounts and ask for "
        "deletion. You were signed out everywhere; sign in again to go on. If you "
        "can't take this over, make somebody else Owner on the page Team.",
        now,
    )


def ended_with_member(
    seller: Seller,
    person: User,
    *,
    labels: Sequence[str],
    invitations: int,
    now: datetime,
) -> None:
    """To the owners: what else stopped working when a member left."""
    lines = [f"{person.email} doesn't belong to {seller.name} any more."]
    if labels:
        lines.append(
            "These machine keys were theirs and don't work any more. Programs that "
            "use them need new ones:\n" + "\n".join(f"  - {one}" for one in labels)
        )
    if invitations:
        lines.append(
            f"Invitations of theirs that were open and have been taken back: "
            f"{invitations}. Invite those people again if they should come."
        )
    for owner in _owners(seller):
        outbox.post(
            to=owner.email,
            subject=f"What ended when a member of {seller.name} left",
            text="\n\n".join([*lines, _ASK]) + "\n",
            owner=seller.pk,
            now=now,
        )


def without_owner(sellers: Iterable[Seller], *, now: datetime) -> None:
    """To every officer: sellers that nobody is responsible for any more."""
    names = "\n".join(f"  - {one.slug}" for one in sellers)
    text = (
        "The last member of these sellers has left, and nobody owns them now:\n"
        f"{names}\n\n"
        "Their data is still kept and synced. Decide whether it goes. The list of "
        "sellers at your desk can be filtered by this.\n"
    )
    officers = User.objects.filter(staff_role=StaffRole.OFFICER, is_active=True)
    for officer in officers:
        outbox.post(
            to=officer.email,
            subject="Sellers without an owner",
            text=text,
            owner=officer.pk,
            now=now,
        )


def account_ended(person: User, *, now: datetime) -> None:
    """To the person who has left."""
    _to_person(
        person,
        "Your account has ended",
        "Your account at Plug Seller has ended, and with it your sessions, API keys "
        "and roles. You can't sign in any more. If you didn't expect this, write to "
        "us.",
        now,
    )


def _to_person(person: User, subject: str, text: str, now: datetime) -> None:
    outbox.post(
        to=person.email,
        subject=subject,
        text=f"{text}\n\n{_ASK}\n",
        owner=person.pk,
        now=now,
    )


def _owners(seller: Seller) -> Iterable[User]:
    return User.objects.filter(
        memberships__seller=seller, memberships__role=Role.OWNER, is_active=True
    ).order_by("pk")


def _day(instant: datetime) -> str:
    return f"{instant.day} {instant:%B %Y, %H:%M} UTC"
