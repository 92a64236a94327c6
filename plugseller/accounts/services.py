"""What happens to people and sellers."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import ValidationError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables
from guardian.shortcuts import assign_perm, remove_perm

from plugseller.accounts.adapters import enrolling
from plugseller.accounts.models import Membership, Seller, User
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
from plugseller.audit.services import record
from plugseller.crypto.services import create_data_key


@sensitive_variables("password")
@transaction.atomic
def create_person(
    *,
    actor: User | None,
    email: str,
    password: str | None,
    name: str = "",
    staff_role: str = "",
) -> User:
    """A person whose address we know to be theirs, of a seller or of our staff.

    Without `password` the account waits for one. Raises ValidationError.
    """
    person = User(email=email.strip().lower(), name=name, staff_role=staff_role)
    person.set_password(password)
    person.full_clean(exclude=["password"])
    person.save(force_insert=True)
    EmailAddress.objects.create(
        user=person, email=person.email, primary=True, verified=True
    )
    record("person.created", actor=actor, subject=person)
    return person


def set_up_app(person: User) -> str:
    """Give the person a second factor of the kind an authenticator app makes.

    Returns its secret, for whoever sets up an installation for programs; people do it
    on their own page. Raises ValidationError if there is one.
    """
    if Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists():
        raise ValidationError("There is an authenticator app already.")
    secret: str = generate_totp_secret()
    with enrolling(person), transaction.atomic():
        TOTP.activate(person, secret)
        record("second_factor.added", subject=person, details={"kind": "totp"})
    return secret


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
