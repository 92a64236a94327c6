"""People of ours: invited by an officer or the command line, set up by a link, once."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from plugseller.accounts.models import SetUpLink, User
from plugseller.accounts.roles import StaffRole
from plugseller.accounts.services.grants import officers
from plugseller.accounts.services.people import create_person
from plugseller.accounts.services.telling import tell
from plugseller.audit.models import Entry
from plugseller.audit.services import record

LASTS = timedelta(hours=24)


@transaction.atomic
def create_officer(*, email: str, name: str, now: datetime) -> str:
    """The first officer, from the command line; the link that sets up the account.

    Raises ValidationError.
    """
    person = _awaited(None, email, name, StaffRole.OFFICER)
    return _link(None, person, now)


@transaction.atomic
def invite_staff(
    *, actor: User, email: str, name: str, role: StaffRole, now: datetime
) -> User:
    """Another member of our staff, who gets the link by mail.

    The other officers are told of a new one: with two accounts, one person could
    approve their own access.
    PermissionDenied unless an officer invites; ValidationError for an address that
    is taken.
    """
    if not actor.is_officer:
        raise PermissionDenied
    person = _awaited(actor, email, name, role)
    link = _link(actor, person, now)
    tell(person, "invited_to_staff", now=now, link=link, role=role.label)
    if role == StaffRole.OFFICER:
        for officer in officers().exclude(pk__in=(actor.pk, person.pk)):
            tell(officer, "officer_invited", now=now, by=actor.email, new=person.email)
    return person


def _awaited(actor: User | None, email: str, name: str, role: StaffRole) -> User:
    """Somebody new, or somebody of that role who never used the link."""
    email = email.strip().lower()
    person = User.objects.filter(email__iexact=email).first()
    if person is not None and _may_come_back(person):
        return _back(actor, person, name, role)
    if person is None:
        return create_person(
            actor=actor, email=email, password=None, name=name, staff_role=role
        )
    waits = person.staff_role == role and person.password_set_at is None
    if not waits or not person.is_active:
        raise ValidationError("Somebody with this e-mail address is here already.")
    return person


def _may_come_back(person: User) -> bool:
    """Whether this was one of our staff: nobody left with a role at a seller can be."""
    ours = Entry.objects.filter(
        object_pk=str(person.pk), event="person.left", additional_data__of_staff=True
    )
    return person.left_at is not None and ours.exists()


def _back(actor: User | None, person: User, name: str, role: StaffRole) -> User:
    """Somebody who worked for us before, with nothing of what they had then."""
    person.name, person.staff_role = name or person.name, role
    person.is_active, person.left_at, person.password_set_at = True, None, None
    person.save()
    record("person.came_back", actor=actor, subject=person)
    return person


def _link(actor: User | None, person: User, now: datetime) -> str:
    """A new link; earlier ones stop working. Only the hash of its key is kept."""
    SetUpLink.objects.filter(user=person, used_at=None).update(used_at=now)
    key = secrets.token_urlsafe(32)
    link = SetUpLink.objects.create(
        user=person, key_hash=_hash(key), made_at=now, expires_at=now + LASTS
    )
    record("set_up_link.made", actor=actor, subject=link)
    return f"{settings.PUBLIC_ADDRESS}{reverse('open_set_up', args=[key])}"


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


@sensitive_variables("key")
def link_of(key: str, *, now: datetime) -> SetUpLink | None:
    """The link that may still be used; None for an old, used or made-up one.

    Nor may it once there is a password, chosen through "Forgotten?" meanwhile: who
    finds the link later must not put another in its place.
    """
    return (
        SetUpLink.objects.select_related("user")
        .filter(key_hash=_hash(key), used_at=None, expires_at__gt=now)
        .filter(user__is_active=True, user__password_set_at=None)
        .first()
    )


@sensitive_variables("password")
@transaction.atomic
def use_set_up_link(*, link: SetUpLink, password: str, now: datetime) -> User:
    """Choose the first password, once. ValidationError if somebody was faster."""
    unused = SetUpLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now)
    if not unused.update(used_at=now):
        raise ValidationError("This link was used already. Nothing was changed.")
    person = link.user
    person.set_password(password)
    person.save(update_fields=["password"])
    record("set_up_link.used", subject=person)
    tell(person, "set_up", now=now)
    return person
