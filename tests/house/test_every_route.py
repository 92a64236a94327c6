"""Each address x everybody x each method gives what the written matrix says (ACC-1)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.test import Client
from django.utils import timezone

from plugseller.accounts.enrolling import enrolling
from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import GRANTABLE, Role, StaffRole
from plugseller.accounts.services import join
from tests.conftest import person, signed_in
from tests.house.matrix import ROUTES, Answer, Rule, Who
from tests.house.routes import address_of, routes
from tests.marketplaces.console.conftest import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
FOUND = routes()
FORMS = {"orders": "on=no"}  # what a form needs to be a form, by an address' last word


@pytest.fixture
def everybody(world: World) -> dict[Who, Client]:
    """A browser of each of them."""
    cast, north = world.cast, world.cast.north
    members = {
        Who.OWNER: cast.alice,
        Who.VIEWER: cast.bob,
        Who.SHIPPING: world.sam,
        Who.ANALYST: world.ann,
        Who.MANAGER: person("mia"),
        Who.NEW: person("nina"),
        Who.GONE: person("gone"),
    }
    join(actor=None, seller=north, user=members[Who.MANAGER], role=Role.MANAGER)
    join(actor=None, seller=north, user=members[Who.NEW], role=Role.OWNER)
    join(actor=None, seller=north, user=members[Who.GONE], role=Role.OWNER)
    staff = {
        Who.OFFICER: cast.carl,
        Who.SUPPORT: cast.olga,
        Who.OPERATOR: person("oscar", staff_role=StaffRole.OPERATOR),
        Who.GRANTED: person("gina", staff_role=StaffRole.SUPPORT),
        Who.ENDED: person("ed", staff_role=StaffRole.SUPPORT),
    }
    _granted(world, staff[Who.GRANTED], hours_ago=1)
    _granted(world, staff[Who.ENDED], hours_ago=3)
    others = {Who.STRANGER: cast.charlie, Who.SUPERUSER: person("root")}
    User.objects.filter(pk=others[Who.SUPERUSER].pk).update(is_superuser=True)
    everyone = {**members, **staff, **others}
    for someone in everyone.values():
        with enrolling(someone):
            RecoveryCodes.activate(someone)
    clients = {who: signed_in(someone) for who, someone in everyone.items()}
    Authenticator.objects.filter(user=members[Who.NEW]).delete()
    User.objects.filter(pk=members[Who.GONE].pk).update(is_active=False)
    return {**clients, Who.ANONYMOUS: Client()}


def _granted(world: World, staff: User, *, hours_ago: int) -> None:
    began = timezone.now() - timedelta(hours=hours_ago)
    Grant.objects.create(
        seller=world.cast.north,
        person=staff,
        permissions=[right.value for right in GRANTABLE],
        reason="A listing doesn't show.",
        ticket="T-1",
        hours=2,
        approved_by=world.cast.carl,
        starts_at=began,
        ends_at=began + timedelta(hours=2),
    )


def test_the_matrix_and_the_product_have_the_same_addresses() -> None:
    assert FOUND.keys() - ROUTES.keys() == set(), "not in the matrix"
    assert ROUTES.keys() - FOUND.keys() == set(), "in the matrix, not in the product"


@pytest.mark.parametrize("name", ROUTES)
def test_everybody_gets_what_the_matrix_says(
    world: World,
    everybody: dict[Who, Client],
    name: str,
) -> None:
    address = address_of(name, FOUND[name], world)
    wrong = {
        f"{who} {method}": got
        for who, method, got, wanted in _asked(everybody, ROUTES[name], address)
        if got not in wanted
    }
    assert wrong == {}, address


def _asked(
    everybody: dict[Who, Client], rule: Rule, address: str
) -> Iterator[tuple[Who, str, str, set[str]]]:
    for who, client in everybody.items():
        for method in METHODS:
            wanted: set[str] = set(rule.answers(who))
            if method not in rule.methods:
                wanted |= {"405"}
                wanted -= set() if method == "OPTIONS" else {Answer.IN}
            yield who, method, _answer(client, method, address), wanted


def _answer(client: Client, method: str, address: str) -> str:
    """What came back; what a request changed is undone."""
    before = dict(client.cookies)
    with transaction.atomic():
        response = client.generic(
            method,
            address,
            data=FORMS.get(address.rpartition("/")[2], "") if method == "POST" else "",
            content_type="application/x-www-form-urlencoded",
        )
        transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.update(before)
    return _told(response)


def _told(response: Any) -> str:
    status, location = response.status_code, response.headers.get("Location", "")
    if status in (301, 302):
        for path, answer in (
            ("/sign-in", Answer.SIGN_IN),
            ("/admin/login/", Answer.SIGN_IN),
            ("/account/factors/app", Answer.SET_UP),
        ):
            if location.startswith(path):
                return answer
    told = {401: Answer.SIGN_IN, 403: Answer.REFUSED, 404: Answer.HIDDEN, 405: "405"}
    return told.get(status, Answer.IN if status < 500 else str(status))
