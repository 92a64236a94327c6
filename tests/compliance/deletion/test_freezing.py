"""What is to be deleted is neither read nor fetched, by anybody and any way (RET-2)."""

from datetime import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from django.utils import timezone

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import withdraw
from marketplaces.connecting import ConnectRefused, keep, place_of
from marketplaces.contract import Credentials, Secret
from marketplaces.models import Order
from marketplaces.services import ask_for_sync
from marketplaces.sync.engine import NotLive, sync_connection
from marketplaces.sync.rounds import live_connections
from plugseller.accounts.models import Grant, Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.services import GrantRefused, break_glass, make_token
from plugseller.accounts.tenancy import sellers_of, sellers_visible_to, standing_at
from plugseller.audit.models import Entry
from plugseller.jobs import leases
from tests.compliance.deletion.asked import by_owner
from tests.conftest import signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, fill
from tests.plugseller.accounts.granting import give

pytestmark = pytest.mark.django_db
LISTS = ("orders", "listings", "inventory", "prices", "connections")


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def frozen(world: World, now: datetime) -> DeletionRequest:
    return by_owner(world.cast.alice, world.cast.north, now=now)


def test_no_page_of_the_seller_shows_its_data(world: World, now: datetime) -> None:
    request = frozen(world, now)
    owner, viewer = signed_in(world.cast.alice), signed_in(world.cast.bob)
    for page in LISTS:
        assert owner.get(f"/s/north/{page}").status_code == 403, page
        assert viewer.get(f"/s/north/{page}").status_code == 404, page
    for name, path in world.paths.items():
        told = owner.get(path)
        assert b"NORTHERN" not in told.content, name
    assert owner.get("/s/north/team").status_code == 200
    assert owner.get("/s/north/activity").status_code == 200
    stranger = signed_in(world.cast.charlie)
    assert stranger.get("/s/south/orders").status_code == 200
    withdraw(actor=world.cast.alice, request=request, now=now)
    for page in LISTS:
        assert owner.get(f"/s/north/{page}").status_code == 200, page
        assert viewer.get(f"/s/north/{page}").status_code == 200, page


def test_no_file_is_handed_out(world: World, now: datetime) -> None:
    frozen(world, now)
    owner = signed_in(world.cast.alice)
    for name in ("orders", "listings", "inventory", "prices"):
        assert owner.get(f"/s/north/{name}.csv").status_code == 403


def test_a_file_that_is_under_way_ends(world: World, now: datetime) -> None:
    owner = signed_in(world.cast.alice)
    answer = owner.get("/s/north/orders.csv")
    frozen(world, now)
    with pytest.raises(PermissionDenied):
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_a_file_ends_when_one_of_its_connections_is_stopped(
    world: World, now: datetime
) -> None:
    cast = world.cast
    answer = signed_in(cast.alice).get("/s/north/orders.csv")
    by_owner(cast.alice, cast.north, connection=world.north, now=now)
    with pytest.raises(PermissionDenied):
        b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_programs_get_nothing_and_work_again_later(world: World, now: datetime) -> None:
    _, shown = make_token(
        actor=world.cast.alice,
        seller=world.cast.north,
        kind="personal",
        label="mine",
        permissions=["view_orders", "view_activity"],
        now=now,
    )
    program = Client(headers={"Authorization": f"Bearer {shown}"})
    address = "/api/v1/sellers/north/orders"
    assert program.get(address).status_code == 200
    request = frozen(world, now)
    assert program.get(address).status_code in (403, 404)
    assert program.get("/api/v1/sellers/north").status_code in (403, 404)
    withdraw(actor=world.cast.alice, request=request, now=now)
    assert program.get(address).status_code == 200


def test_access_of_our_staff_ends_and_stays_ended(world: World, now: datetime) -> None:
    cast = world.cast
    grant = give(cast.olga, cast.north, by=cast.carl, now=now)
    request = frozen(world, now)
    grant.refresh_from_db()
    assert grant.end == Grant.End.FROZEN
    assert signed_in(cast.olga).get("/s/north/orders").status_code == 404
    with pytest.raises(GrantRefused, match="to be deleted"):
        break_glass(
            actor=cast.carl,
            seller=cast.north,
            permissions=["view_orders"],
            reason="Fire",
            now=now,
        )
    withdraw(actor=cast.alice, request=request, now=now)
    assert signed_in(cast.olga).get("/s/north/orders").status_code == 404
    for event in ("grant.frozen", "seller.frozen", "seller.thawed"):
        assert Entry.objects.filter(event=event, seller_id=cast.north.pk).exists()
    assert Entry.objects.filter(event="seller.frozen").count() == 1
    assert {"grant.frozen", "seller.frozen", "seller.thawed"} <= set(
        Entry.objects.values_list("event", flat=True)
    )


def test_rights_left_are_those_that_leaving_needs(world: World, now: datetime) -> None:
    cast = world.cast
    frozen(world, now)
    left = standing_at(cast.alice, "north", now=now).rights
    assert left == {
        "export_data",
        "manage_members",
        "request_deletion",
        "view_activity",
    }
    with pytest.raises(Http404):
        standing_at(world.ann, "north", now=now)
    assert not sellers_visible_to(cast.alice, Permission.VIEW_ORDERS)
    assert not sellers_visible_to(cast.alice, Permission.MANAGE_CONNECTIONS)
    assert sellers_of(cast.bob) == []
    assert [one.slug for one in sellers_of(cast.alice)] == ["north"]
    assert not Order.objects.visible_to(cast.alice)


def test_nothing_is_fetched(world: World, now: datetime) -> None:
    held = leases.take(f"sync:{world.north.pk}", now=now)
    assert held is not None
    request = frozen(world, now)
    with pytest.raises(leases.LeaseLost):  # a pass that was under way writes no more
        leases.renew(held, now=now)
    assert [one.pk for one in live_connections()] == [world.south.pk]
    with pytest.raises(NotLive):
        sync_connection(world.north.pk)
    with pytest.raises(PermissionDenied):
        ask_for_sync(actor=world.cast.alice, connection=world.north)
    withdraw(actor=world.cast.alice, request=request, now=now)
    assert {one.pk for one in live_connections()} == {world.north.pk, world.south.pk}


def test_to_connect_again_asks_to_withdraw_first(world: World, now: datetime) -> None:
    """Edge case 14: the page that came back from the marketplace keeps nothing."""
    frozen(world, now)
    adapter, region = place_of("amazon", "na")
    with pytest.raises(ConnectRefused, match="withdraw the deletion first"):
        keep(
            actor=world.cast.alice,
            seller=world.cast.north,
            adapter=adapter,
            region=region,
            credentials=Credentials(
                account_id="ANORTH", refresh_token=Secret("Atzr|canary")
            ),
            features=[],
            way="consent",
            now=now,
        )


def test_one_connection_alone_is_hidden_and_the_other_is_not(
    world: World, now: datetime
) -> None:
    cast = world.cast
    other = rows.connect(cast.north, account="OTHER")
    fill(other, "EASTERN")
    request = by_owner(cast.alice, cast.north, connection=world.north, now=now)
    owner = signed_in(cast.alice)
    for page in ("orders", "listings", "inventory", "prices"):
        for form in ("", ".csv"):
            answer = owner.get(f"/s/north/{page}{form}")
            shown = (
                b"".join(answer.streaming_content)  # type: ignore[attr-defined]
                if answer.streaming
                else answer.content
            )
            assert b"NORTHERN" not in shown, page + form
            assert b"EASTERN" in shown, page + form
    for name in ("dashboard", "order", "sku"):
        told = owner.get(world.paths[name])
        assert b"NORTHERN" not in told.content, name
    for kind in ("orders", "listings", "inventory", "prices"):
        told = owner.get(f"/api/v1/sellers/north/{kind}")
        assert b"NORTHERN" not in told.content, kind
        assert b"EASTERN" in told.content, kind
    assert {o.external_id for o in Order.objects.visible_to(cast.alice)} == {
        "111-EASTERN"
    }
    whole = Order.objects.of_seller(cast.north, frozen=True)
    assert whole.count() == 2  # for the file somebody takes along
    withdraw(actor=cast.alice, request=request, now=now)
    assert b"NORTHERN" in owner.get("/s/north/orders").content
    assert Seller.objects.get(pk=cast.north.pk).frozen_parts == []
    for event in ("connection.frozen", "connection.thawed"):
        assert Entry.objects.filter(event=event).count() == 1
