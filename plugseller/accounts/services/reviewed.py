"""What a review of access takes or changes, at once (GOV-1).

Officers review our staff, owners their own members; on the due date nobody acts, and
who wasn't decided about loses the access. The last officer and the last owner stay,
whoever asks: their rows are held while it is counted.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from plugseller.accounts import teamletters
from plugseller.accounts.models import ApiToken, Grant, Membership, User
from plugseller.accounts.models.grants import live_at, waiting_at
from plugseller.accounts.roles import Permission, Role, StaffRole
from plugseller.accounts.services.grants import officers
from plugseller.accounts.services.leaving import Why, offboard_user
from plugseller.accounts.services.officers import LastOne, keep_an_officer
from plugseller.accounts.services.sellers import leave, lock_sellers
from plugseller.accounts.services.telling import tell
from plugseller.accounts.services.tokens import revoke_at_once
from plugseller.accounts.sessions import end_sessions
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.services import record

MACHINE_NOTICE = timedelta(days=14)  # a program gets so long after silence


@transaction.atomic
def end_staff_access(*, actor: User | None, person: User, now: datetime) -> None:
    """One of our staff loses everything: sessions, grants, factors, the account.

    LastOne for the last officer; ValidationError for who has left already.
    """
    _must_be_another_officer(actor, person)
    offboard_user(actor=actor, person=person, now=now, reason=Why.REVIEW)


@transaction.atomic
def change_staff_role(
    *, actor: User, person: User, role: StaffRole, now: datetime
) -> None:
    """Give one of our staff another role; sessions end, and grants with the old role.

    LastOne for the last officer, ValidationError for the role that is held already.
    """
    _must_be_another_officer(actor, person)
    if role != StaffRole.OFFICER:
        keep_an_officer(person)
    ours = User.objects.filter(pk=person.pk, is_active=True).exclude(staff_role="")
    if not ours.exclude(staff_role=role).update(staff_role=role):
        raise ValidationError("The person has this role already, or left our staff.")
    _end_grants(person, now)
    end_sessions(person)
    record(
        "staff.role_changed",
        actor=actor,
        subject=person,
        details={"from": person.staff_role, "to": role.value},
    )
    person.refresh_from_db()
    tell(person, "staff_role_changed", now=now, role=role.label)


@transaction.atomic
def end_grant(*, actor: User | None, grant: Grant, now: datetime) -> bool:
    """End staff access to a seller, or a request for it; whether it was open."""
    if actor is not None:
        _must_be_another_officer(actor, grant.person)
    open_ones = Grant.objects.filter(waiting_at(now) | live_at(now), pk=grant.pk)
    if not open_ones.update(ended_at=now, end=Grant.End.REVIEWED):
        return False
    record(
        "grant.reviewed_away",
        actor=actor,
        seller_id=grant.seller_id,
        subject=grant,
        grant_id=grant.pk,
    )
    return True


@transaction.atomic
def end_membership(*, membership: Membership, now: datetime) -> bool:
    """A member whom no owner answered about loses the role; whether there was one.

    An owner stays: LastOne for any of them, since owners are those who would answer.
    """
    [seller] = lock_sellers(membership.seller_id)
    held = Membership.objects.filter(pk=membership.pk).select_related("user").first()
    if held is None:
        return False
    if held.role == Role.OWNER:
        raise LastOne("An owner's access isn't taken by silence.")
    leave(actor=None, seller=seller, user=held.user, now=now)
    end_sessions(held.user)
    teamletters.not_confirmed(seller, held.user, now=now)
    return True


@transaction.atomic
def end_token(*, actor: User, token: ApiToken, now: datetime) -> bool:
    """An owner ends a key of the seller at once; whether it worked until now."""
    lock_sellers(token.seller_id)
    standing = standing_at(actor, token.seller.slug, now=now)
    if not standing.may(Permission.MANAGE_MEMBERS):
        raise PermissionDenied
    return revoke_at_once(token, actor, now)


@transaction.atomic
def let_token_lapse(*, token: ApiToken, now: datetime) -> datetime | None:
    """A key nobody answered about ends: a person's at once, a machine's after
    MACHINE_NOTICE, so that no program stops without a word. When; None if it is over.
    """
    lock_sellers(token.seller_id)
    if not token.is_machine:
        return now if revoke_at_once(token, None, now) else None
    until = min(token.expiry or now + MACHINE_NOTICE, now + MACHINE_NOTICE)
    live = ApiToken.objects.filter(pk=token.pk, revoked_at=None, expiry__gt=now)
    if not live.update(expiry=until):
        return None
    record(
        "token.lapses",
        seller_id=token.seller_id,
        subject=token,
        details={"days": MACHINE_NOTICE.days},
    )
    teamletters.key_lapses(token, until, now=now)
    return until


def _must_be_another_officer(actor: User | None, person: User) -> None:
    if actor is None:
        return
    if not officers().filter(pk=actor.pk).exists() or actor.pk == person.pk:
        raise PermissionDenied


def _end_grants(person: User, now: datetime) -> None:
    for pk in _open_grants(person, now):
        end_grant(actor=None, grant=Grant.objects.get(pk=pk), now=now)


def _open_grants(person: User, now: datetime) -> list[UUID]:
    mine = Grant.objects.filter(waiting_at(now) | live_at(now), person=person)
    return list(mine.order_by("pk").values_list("pk", flat=True))
