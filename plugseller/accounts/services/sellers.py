"""What happens to sellers and those who belong to them."""

from django.core.exceptions import ValidationError
from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

from plugseller.accounts.models import Membership, Seller, User
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
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
def join(*, actor: User | None, seller: Seller, user: User, role: Role) -> Membership:
    """Give a person a role at a seller, instead of the one held before.

    ValidationError for our own staff, who see a seller's data by a grant alone.
    """
    if user.is_staff:
        raise ValidationError("A member of our staff can't belong to a seller.")
    membership, _ = Membership.objects.update_or_create(
        seller=seller, user=user, defaults={"role": role}
    )
    granted = set(PERMISSIONS[role])
    for permission in Permission:
        change = assign_perm if permission in granted else remove_perm
        change(permission.value, user, seller)
    record(
        "member.joined",
        actor=actor,
        seller_id=seller.pk,
        subject=membership,
        details={"role": role.value},
    )
    return membership


@transaction.atomic
def leave(*, actor: User | None, seller: Seller, user: User) -> None:
    """Take a person's role at a seller, and every right that came with it."""
    membership = Membership.objects.get(seller=seller, user=user)
    for permission in Permission:
        remove_perm(permission.value, user, seller)
    record("member.left", actor=actor, seller_id=seller.pk, subject=membership)
    membership.delete()
