"""USE-1, ACC-1: each address of the API for each person, key and method."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from plugseller.audit.models import Entry
from tests.conftest import person, signed_in
from tests.marketplaces.api.conftest import V1, Key, addresses, key_of
from tests.marketplaces.console.conftest import World

SEEN_BY_SHIPPING = {"seller", "orders", "order"}
NAMES = [
    "seller",
    "connections",
    "connection",
    "sync_runs",
    "sync_run",
    "orders",
    "order",
    "listings",
    "listing",
    "prices",
    "price",
    "inventory",
    "stock",
]
LOGGED = {
    "orders": "orders.list",
    "order": "orders.detail",
    "listings": "listings.list",
    "listing": "listings.detail",
    "prices": "prices.list",
    "price": "prices.detail",
    "inventory": "inventory.list",
    "stock": "inventory.detail",
}
METHODS = ("post", "put", "patch", "delete", "options", "trace")


def test_every_address_is_in_these_tests() -> None:
    [api] = [
        p
        for p in get_resolver().url_patterns
        if isinstance(p, URLResolver) and str(p.pattern) == "api/v1/"
    ]
    found = {p.name for p in api.url_patterns if isinstance(p, URLPattern)}
    assert found == {*NAMES, "sellers", "schema", "docs", "nothing"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("way", ["key", "session"])
def test_each_role_reads_what_it_reads_on_the_pages(
    world: World, paths: dict[str, str], role: Role, name: str, way: str
) -> None:
    pat = person("pat")
    join(actor=None, seller=world.cast.north, user=pat, role=role)
    if way == "key":
        answer = key_of(pat, world.cast.north).get(paths[name])
    else:
        answer = signed_in(pat).get(paths[name])
    opens = role is not Role.SHIPPING or name in SEEN_BY_SHIPPING
    assert answer.status_code == (200 if opens else 403), answer.content
    text = answer.content.decode()
    assert "SOUTHERN" not in text
    logged = Entry.objects.filter(event__startswith="read.")
    if opens and name in LOGGED:
        [entry] = logged
        assert (entry.event, entry.rows) == (f"read.{LOGGED[name]}", 1)
        assert entry.actor_kind == ("token" if way == "key" else "person")
    else:
        assert not logged.exists()
    if not opens:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "NORTHERN" not in text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("who", ["charlie", "olga", "carl", "superuser"])
def test_a_foreign_seller_is_an_unknown_seller(
    world: World, paths: dict[str, str], who: str, name: str
) -> None:
    somebody: User = getattr(world.cast, "olga" if who == "superuser" else who)
    if who == "superuser":
        User.objects.filter(pk=somebody.pk).update(is_superuser=True)
    clients: list[Any] = [signed_in(somebody)]
    if who == "charlie":
        clients.append(key_of(somebody, world.cast.south))
    for client in clients:
        foreign = client.get(paths[name])
        unknown = client.get(paths[name].replace("/north", "/atlantis"))
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.content == unknown.content
        assert foreign.headers["Content-Type"] == "application/problem+json"
    assert not Entry.objects.filter(event__startswith="read.").exists()


@pytest.mark.parametrize(
    "name", ["connection", "sync_run", "order", "listing", "price", "stock"]
)
def test_a_foreign_thing_at_ones_own_seller_is_an_unknown_thing(
    world: World, key: Key, name: str
) -> None:
    theirs = addresses(world, "south", "SOUTHERN")[name]
    mixed = theirs.replace("/sellers/south/", "/sellers/north/")
    unknown = mixed.replace(
        str(world.south.pk), "0" * 8 + "-0000-4000-8000-" + "0" * 12
    )
    answers = [key.get(path) for path in (mixed, unknown, f"{V1}/anything")]
    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1


def test_staff_read_by_a_live_grant_what_it_opens(
    world: World, paths: dict[str, str]
) -> None:
    now, cast = timezone.now(), world.cast
    grant = Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=["view_orders"],
        reason="Looks into an order",
        ticket="T-1",
        hours=1,
        approved_by=cast.carl,
        starts_at=now,
        ends_at=now + timezone.timedelta(hours=1),  # type: ignore[attr-defined]  # re-exported
    )
    client = signed_in(cast.olga)
    assert client.get(paths["orders"]).status_code == 200
    assert client.get(paths["prices"]).status_code == 403
    [entry] = Entry.objects.filter(event="read.orders.list")
    assert (entry.role, entry.grant_id) == ("support", grant.pk)
    Grant.objects.filter(pk=grant.pk).update(ended_at=now)
    assert client.get(paths["orders"]).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_anonymous_reads_nothing(
    world: World, paths: dict[str, str], name: str
) -> None:
    answer = Client().get(paths[name])
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["sellers", "schema/", "nothing", ""])
def test_the_rest_is_closed_to_anonymous_too(db: None, path: str) -> None:
    assert Client().get(f"{V1}/{path}").status_code == 401
    assert Client().get(f"{V1}/docs/").status_code == 302


@pytest.mark.parametrize("name", [*NAMES, "sellers", "schema", "nothing"])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_but_reading_is_answered(
    world: World, key: Key, paths: dict[str, str], name: str, method: str
) -> None:
    path = paths.get(name, f"{V1}/{name}{'/' if name == 'schema' else ''}")
    answer = getattr(Client(), method)(path, headers=key.header)
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Allow"] == "GET, HEAD"
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("name", ["orders", "order", "seller"])
def test_head_is_a_read_and_logged(key: Key, paths: dict[str, str], name: str) -> None:
    answer = Client().head(paths[name], headers=key.header)
    assert (answer.status_code, answer.content) == (200, b"")
    reads = Entry.objects.filter(event__startswith="read.")
    assert reads.count() == (1 if name in LOGGED else 0)


def test_a_session_cannot_be_made_to_send_anything(
    world: World, paths: dict[str, str]
) -> None:
    inside = signed_in(world.cast.alice)
    client = Client(enforce_csrf_checks=True)
    client.cookies = inside.cookies
    assert client.get(paths["orders"]).status_code == 200
    assert client.post(paths["orders"]).status_code == 403


def test_a_session_without_a_second_factor_reads_nothing(
    world: World, paths: dict[str, str]
) -> None:
    from allauth.mfa.models import Authenticator

    client = signed_in(world.cast.alice)
    Authenticator.objects.filter(user=world.cast.alice).delete()
    answer = client.get(paths["orders"])
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert "NORTHERN" not in answer.content.decode()


def test_sellers_are_those_that_are_open(world: World) -> None:
    join(
        actor=None,
        seller=world.cast.south,
        user=world.cast.alice,
        role=Role.VIEWER,
    )
    told = signed_in(world.cast.alice).get(f"{V1}/sellers").json()
    assert [s["slug"] for s in told["results"]] == ["north", "south"]
    assert signed_in(world.cast.olga).get(f"{V1}/sellers").json()["results"] == []


def test_nothing_is_kept_by_caches(key: Key, paths: dict[str, str]) -> None:
    for path in (paths["orders"], paths["order"], f"{V1}/sellers", f"{V1}/nothing"):
        assert "no-store" in key.get(path).headers["Cache-Control"]
