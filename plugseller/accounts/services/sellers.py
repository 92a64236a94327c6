"""What happens to sellers and those who belong to them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Permission as KnownRight
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from plugseller.accounts import teamletters
from plugseller.accounts.models import (
    ApiToken,
    Invitation,
    Membership,
    Seller,
    SellerUserObjectPermission,
    User,
)
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
from plugseller.audit.models import Entry
from plugseller.audit.services import record
from plugseller.crypto.services import create_data_key


@transaction.atomic
def create_seller(
    *, actor: User | None, name: str, slug: str, time_zone: str
) -> Seller:
    """A new tenant with a data key of its own."""
    seller = Seller(name=name, slug=slug, time_zone=time_zone)
    seller.full_clean()
    seller.save(force_insert=True)
    create_data_key(seller.pk)
    record("seller.created", actor=actor, seller_id=seller.pk, subject=seller)
    return seller


@transaction.atomic
def open_seller(
    *, actor: User, name: str, slug: str, time_zone: str, now: datetime
) -> Seller:
    """A seller that a person makes for themself, and owns.

    Without `slug` one is made from the name. ValidationError for a name that would be
    taken for us, for our own staff, and for too many on one day.
    """
    lock_person(actor)
    made = Entry.objects.filter(
        event="seller.created", actor=actor, timestamp__gt=now - timedelta(days=1)
    )
    if made.count() >= settings.SELLERS_PER_DAY:
        raise ValidationError(
            f"You made {settings.SELLERS_PER_DAY} sellers within a day, which is the "
            "most. Try again tomorrow, or write to us."
        )
    slug = slug or _free_slug(name)
    if slug.lower() in _reserved():
        raise ValidationError({"slug": "This short name is kept for us. Take another."})
    taken = ValidationError({"slug": "This short name is taken. Choose another."})
    if Seller.objects.filter(slug=slug).exists():
        raise taken
    try:
        with transaction.atomic():
            seller = create_seller(
                actor=actor, name=name, slug=slug, time_zone=time_zone
            )
    except IntegrityError:  # somebody took it this very moment
        raise taken from None
    join(actor=actor, seller=seller, user=actor, role=Role.OWNER)
    return seller


def _reserved() -> set[str]:
    return {*settings.SELLER_SLUGS_RESERVED, *settings.MARKETPLACES}


def _free_slug(name: str) -> str:
    """A short name made from the name, numbered where it is taken."""
    plain = slugify(name)[:50].strip("-")
    if not plain:
        raise ValidationError(
            {"slug": "Give a short name, of letters from a to z, digits and dashes."}
        )
    taken = set(
        Seller.objects.filter(slug__startswith=plain).values_list("slug", flat=True)
    )
    taken |= _reserved()
    numbered = (f"{plain}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (plain, *numbered) if one not in taken)


@transaction.atomic
def join(*, actor: User | None, seller: Seller, user: User, role: Role) -> Membership:
    """Give a person a role at a seller, instead of the one held before.

    ValidationError for our own staff, who see a seller's data by a grant alone.
    """
    if user.is_staff:
        raise ValidationError("A member of our staff can't belong to a seller.")
    membership, _ = Membership.objects.update_or_create(
        seller=seller, user=user, defaults={"role": role}
    )
    set_rights(seller, user, PERMISSIONS[role])
    record(
        "member.joined",
        actor=actor,
        seller_id=seller.pk,
        subject=membership,
        details={"role": role.value},
    )
    return membership


@transaction.atomic
def leave(*, actor: User | None, seller: Seller, user: User, now: datetime) -> None:
    """Take a person's role at a seller, and everything that came with it: rights, API
    tokens, and invitations the person made and nobody has accepted yet.

    The owners are told which machine tokens and how many invitations ended.
    """
    membership = Membership.objects.get(seller=seller, user=user)
    invitations = take_back_all(seller=seller, by=user, now=now)
    tokens = ApiToken.objects.filter(user=user, seller=seller, revoked_at=None)
    machines = tokens.filter(kind=ApiToken.Kind.MACHINE)
    labels = list(machines.values_list("label", flat=True))
    ended = tokens.update(revoked_at=now)
    set_rights(seller, user, ())
    record(
        "member.left",
        actor=actor,
        seller_id=seller.pk,
        subject=membership,
        details={"tokens": ended, "invitations": invitations},
    )
    membership.delete()
    if labels or invitations:
        teamletters.ended_with_member(
            seller, user, labels=labels, invitations=invitations, now=now
        )


def set_rights(seller: Seller, user: User, granted: Iterable[Permission]) -> None:
    """The person holds these rights on the seller, and no other.

    The rows are guardian's own; a row for each right, so that each is logged.
    """
    wanted = {permission.value for permission in granted}
    rows = SellerUserObjectPermission.objects.filter(user=user, content_object=seller)
    held = {row.permission.codename: row for row in rows.select_related("permission")}
    for codename in held.keys() - wanted:
        held[codename].delete()
    missing = sorted(wanted - held.keys())
    of_sellers = ContentType.objects.get_for_model(Seller)
    known = KnownRight.objects.filter(content_type=of_sellers, codename__in=missing)
    by_codename = {right.codename: right for right in known} if missing else {}
    for codename in missing:
        SellerUserObjectPermission.objects.create(
            user=user, content_object=seller, permission=by_codename[codename]
        )


def take_back_all(*, seller: Seller, by: User, now: datetime) -> int:
    """End the open invitations that somebody made who may not invite any more.

    They could be a way back in. How many there were.
    """
    return Invitation.objects.filter(
        seller=seller, invited_by=by, ended_at=None, expires_at__gt=now
    ).update(ended_at=now)


def lock_person(person: User) -> User:
    """The person's row, held until the transaction ends.

    Rows are held in one order, people, then sellers by id, and before anything is
    written: the audit log's own lock comes last. PermissionDenied for who has left.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=person.pk).first()
    if held is None or not held.is_active:
        raise PermissionDenied
    return held


def lock_sellers(*ids: UUID) -> list[Seller]:
    """The sellers' rows, held until the transaction ends, so that two people who
    change one team at once do it one after the other."""
    held = Seller.objects.select_for_update(no_key=True).filter(pk__in=ids)
    return list(held.order_by("pk"))
