"""A page costs as many queries with one seller in the house as with ten thousand."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plugseller.accounts.models import (
    Membership,
    Seller,
    SellerUserObjectPermission,
    User,
)
from plugseller.accounts.roles import PERMISSIONS, Role
from tests.conftest import person, signed_in
from tests.marketplaces.console.conftest import World, whole

MANY = 10_000
OWN = 200  # of those, how many the same person belongs to
PAGES = ["team", "api-keys", "activity", "staff-access", "connections", "what-we-fetch"]
SHOWN = ["dashboard", "orders", "order", "listings", "sku", "inventory", "prices"]
API = ["", "/connections", "/orders", "/listings", "/prices", "/inventory"]
DESK = ["accounts/seller", "accounts/membership", "accounts/user", "audit/entry"]


def addresses(world: World) -> dict[str, list[str]]:
    """What each of them opens."""
    return {
        "alice": [
            *(world.paths[name] for name in SHOWN),
            *(f"/s/north/{name}" for name in PAGES),
            *(f"/api/v1/sellers/north{name}" for name in API),
            "/api/v1/sellers",
            "/",
        ],
        "carl": [f"/admin/{name}/" for name in DESK],
    }


def more_sellers(world: World) -> None:
    """Sellers of other people, and some of Alice's, with all that belongs to them."""
    people = [person(f"p{number}") for number in range(3)]
    sellers = Seller.objects.bulk_create(
        Seller(slug=f"s{number:05}", name=f"Seller {number}") for number in range(MANY)
    )
    known = {p.codename: p for p in Permission.objects.all()}
    owned: list[tuple[Seller, User]] = [
        (seller, world.cast.alice if place < OWN else people[place % len(people)])
        for place, seller in enumerate(sellers)
    ]
    Membership.objects.bulk_create(
        Membership(seller=seller, user=user, role=Role.OWNER) for seller, user in owned
    )
    SellerUserObjectPermission.objects.bulk_create(
        SellerUserObjectPermission(
            content_object=seller, user=user, permission=known[right.value]
        )
        for seller, user in owned
        for right in PERMISSIONS[Role.OWNER]
    )


def cost(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
        assert answer.status_code == 200, address
        whole(answer)
    return len(asked)


@pytest.mark.django_db
def test_a_page_costs_the_same_for_one_seller_as_for_ten_thousand(
    world: World,
) -> None:
    # Alice belongs to a second one, or her first page would lead straight on.
    Membership.objects.create(
        seller=world.cast.south, user=world.cast.alice, role=Role.VIEWER
    )
    SellerUserObjectPermission.objects.create(
        content_object=world.cast.south,
        user=world.cast.alice,
        permission=Permission.objects.get(codename="view_orders"),
    )
    everything = addresses(world)
    clients = {name: signed_in(getattr(world.cast, name)) for name in everything}
    asked = [(n, one) for n, several in everything.items() for one in several]
    for name, address in asked:
        cost(clients[name], address)  # content types and the like are read once
    few = {address: cost(clients[name], address) for name, address in asked}
    more_sellers(world)
    for name, several in everything.items():
        cost(clients[name], several[0])  # when it was last used is noted now and then
    many = {address: cost(clients[name], address) for name, address in asked}
    assert many == few
