"""Nothing of a right stays behind: after any sequence of changes, and for a key that
comes back. What guardian does otherwise is in security.md, T6 to T8."""

import random
import uuid

import pytest
from django.contrib.auth.models import Permission as ModelPermission
from django.utils import timezone
from guardian.models import GroupObjectPermission, UserObjectPermission
from guardian.shortcuts import get_objects_for_user

from marketplaces.models import Listing
from plugseller.accounts.models import Seller, SellerUserObjectPermission, User
from plugseller.accounts.roles import Permission, Role
from plugseller.accounts.services import (
    change_role,
    create_seller,
    join,
    leave_seller,
    remove_member,
)
from plugseller.accounts.tenancy import sellers_of, sellers_visible_to
from tests.conftest import Cast, person, signed_in
from tests.plugseller.accounts.team import of, orphans, rights, sees_nothing


def test_no_right_is_left_over_after_two_hundred_steps(cast: Cast) -> None:
    dice = random.Random(20)  # noqa: S311  the same steps each time
    people = [person(f"p{number}") for number in range(5)]
    now = timezone.now()
    for step in range(200):
        user, role = dice.choice(people), dice.choice(list(Role))
        held = user.memberships.filter(seller=cast.north).first()
        if held is None:
            join(actor=cast.alice, seller=cast.north, user=user, role=role)
        elif dice.random() < 0.5 and held.role != role:
            change_role(actor=cast.alice, membership=held, role=role, now=now)
        elif dice.random() < 0.5:
            remove_member(actor=cast.alice, membership=held, now=now)
        else:
            leave_seller(actor=user, seller=cast.north, now=now)
        assert orphans() == 0, f"after step {step}"
    assert not UserObjectPermission.objects.exists()
    assert not GroupObjectPermission.objects.exists()
    for user in people:
        if not user.memberships.exists():
            assert sees_nothing(user, cast.north)


def test_t6_a_key_that_comes_back_opens_nothing(cast: Cast) -> None:
    """guardian's own table would keep the right of a row that was deleted."""
    key = cast.north.pk
    assert rights(cast.alice, cast.north)
    cast.north.delete()
    assert not SellerUserObjectPermission.objects.filter(content_object=key).exists()
    reborn = Seller(pk=key, name="Reborn", slug="north")
    reborn.save(force_insert=True)
    for user in (cast.alice, cast.bob):
        assert sees_nothing(user, reborn)
        assert sellers_of(user) == []
        assert signed_in(user).get("/s/north/").status_code == 404


def test_t6_a_person_who_comes_back_under_the_same_key_has_nothing(cast: Cast) -> None:
    key = cast.bob.pk
    cast.bob.memberships.all().delete()
    cast.bob.delete()
    bob = User(pk=key, email="bob@example.test")
    bob.save(force_insert=True)
    assert sees_nothing(bob, cast.north)


def test_t7_a_right_on_the_model_opens_no_seller(cast: Cast) -> None:
    """guardian's own default would list every seller for it."""
    given = ModelPermission.objects.get(codename="view_orders")
    cast.charlie.user_permissions.add(given)
    charlie = User.objects.get(pk=cast.charlie.pk)
    naive = get_objects_for_user(charlie, "accounts.view_orders", Seller)
    assert cast.north in naive  # what the package does by itself
    visible = sellers_visible_to(charlie, Permission.VIEW_ORDERS)
    assert list(visible) == [cast.south]
    assert sellers_of(charlie) == [cast.south]
    assert sees_nothing(charlie, cast.north)


@pytest.mark.parametrize("who", ["olga", "carl", "bob"])
def test_t8_a_superuser_is_asked_like_anybody(cast: Cast, who: str) -> None:
    """guardian's own default passes a superuser at every row."""
    User.objects.filter(pk=getattr(cast, who).pk).update(is_superuser=True)
    root = User.objects.get(pk=getattr(cast, who).pk)
    assert cast.south in get_objects_for_user(root, "accounts.view_orders", Seller)
    assert cast.south not in sellers_visible_to(root, Permission.VIEW_ORDERS)
    assert cast.south not in sellers_of(root)
    assert sees_nothing(root, cast.south)
    assert not Listing.objects.visible_to(root).filter(seller=cast.south).exists()
    client = signed_in(root)
    for path in ("/s/south/", "/s/south/team", "/s/south/leave"):
        assert client.get(path).status_code == 404


def test_keys_are_never_a_sequence(cast: Cast) -> None:
    made = create_seller(actor=None, name="East", slug="east", time_zone="UTC")
    rows = (made, cast.alice, of(cast.alice, cast.north))
    assert all(isinstance(row.pk, uuid.UUID) and row.pk.version == 4 for row in rows)
