"""ACC-2: each read of Marketplace Information is one entry, made before the answer."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from plugseller.accounts.models import Grant
from plugseller.accounts.refused import MOST
from plugseller.accounts.roles import Permission
from plugseller.audit.models import Entry
from tests.conftest import code_of, signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, whole

READS = {  # page -> event, rows shown
    "dashboard": ("read.dashboard", 2),
    "orders": ("read.orders.list", 1),
    "order": ("read.orders.detail", 2),
    "listings": ("read.listings.list", 1),
    "sku": ("read.listings.detail", 7),
    "inventory": ("read.inventory.list", 1),
    "prices": ("read.prices.list", 1),
    "orders_file": ("read.orders.export", 1),
    "listings_file": ("read.listings.export", 1),
    "inventory_file": ("read.inventory.export", 1),
    "prices_file": ("read.prices.export", 1),
}
# Accounts, features, counts of runs: no product, price, stock or order is on them.
NOT_READS = (
    "what_we_fetch",
    "connections",
    "connection",
    "progress",
    "run",
    "choose_marketplace",
    "connect",
    "disconnect",
)


def reads() -> list[Entry]:
    return list(Entry.objects.filter(event__startswith="read.").order_by("id"))


def test_every_page_is_in_these_tests(world: World) -> None:
    assert world.paths.keys() == {*READS, *NOT_READS}


@pytest.mark.parametrize("page", READS)
def test_a_read_says_who_what_how_much_and_from_where(world: World, page: str) -> None:
    agent = "Firefox/140 " + "x" * 400
    address = world.paths[page]
    answer = signed_in(world.cast.alice).get(
        address, headers={"User-Agent": agent}, REMOTE_ADDR="192.0.2.9"
    )
    assert answer.status_code == 200
    whole(answer)
    (entry,) = reads()
    event, count = READS[page]
    assert (entry.event, entry.rows) == (event, count)
    assert (entry.actor_id, entry.actor_kind, entry.role) == (
        world.cast.alice.pk,
        "person",
        "owner",
    )
    assert entry.seller_id == world.cast.north.pk
    assert entry.action == Entry.Action.ACCESS
    assert entry.request_id is not None
    assert (entry.remote_addr, entry.agent) == ("192.0.2.9", agent[:200])


@pytest.mark.parametrize("page", NOT_READS)
def test_a_page_without_such_rows_is_no_read(world: World, page: str) -> None:
    answer = signed_in(world.cast.alice).get(
        world.paths[page], headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "NORTHERN" not in answer.content.decode()
    assert reads() == []


def test_a_sku_is_named_by_what_the_reader_sees_of_it(world: World) -> None:
    expected = {
        Permission.VIEW_PRICES: ("read.prices.detail", ["prices"]),
        Permission.VIEW_INVENTORY: ("read.inventory.detail", ["inventory"]),
    }
    now = timezone.now()
    for right, (event, shown) in expected.items():
        grant = Grant.objects.create(
            seller=world.cast.north,
            person=world.cast.olga,
            permissions=[right.value],
            reason="a test",
            ticket="T-1",
            hours=1,
            starts_at=now,
            ends_at=now + timedelta(hours=1),
        )
        assert signed_in(world.cast.olga).get(world.paths["sku"]).status_code == 200
        entry = reads()[-1]
        assert (entry.event, entry.additional_data["shown"]) == (event, shown)
        assert (entry.role, entry.grant_id) == ("support", grant.pk)
        Grant.objects.filter(pk=grant.pk).update(ended_at=now)


def test_the_page_of_one_thing_names_it(world: World) -> None:
    client = signed_in(world.cast.alice)
    for page, kind in (
        ("order", "marketplaces.order"),
        ("sku", "marketplaces.listing"),
    ):
        client.get(world.paths[page])
        entry = reads()[-1]
        assert (entry.object_repr, entry.object_pk != "") == (kind, True)


def test_rows_are_those_of_the_page_and_each_page_is_a_read(world: World) -> None:
    rows.many_orders(world.north, 60)
    client = signed_in(world.cast.alice)
    first = client.get("/s/north/orders?size=25")
    further = first.context["after"]
    client.get(f"/s/north/orders{further}")
    client.get("/s/north/orders?q=there-is-no-such-thing")
    assert [entry.rows for entry in reads()] == [25, 25, 0]


def test_filters_are_named_and_their_values_are_not(world: World) -> None:
    client = signed_in(world.cast.alice)
    client.get("/s/north/orders?q=jane.roe@example.test&status=CANARY-7&late=on")
    (entry,) = reads()
    assert entry.additional_data == {"filters": ["late", "q", "status"]}
    assert client.get("/s/north/orders?since=nonsense-CANARY-8").status_code == 400
    assert len(reads()) == 1  # nothing was shown
    assert not any(word in _table() for word in ("CANARY", "jane"))


def test_whoever_isnt_let_in_is_logged_as_refused_not_as_reader(world: World) -> None:
    cast, path = world.cast, world.paths["orders_file"]
    for person, status in ((cast.bob, 403), (cast.charlie, 404), (cast.olga, 404)):
        assert signed_in(person).get(path).status_code == status
        entry = Entry.objects.latest()
        assert entry.event == "access.refused"
        assert (entry.actor_id, entry.seller_id) == (person.pk, cast.north.pk)
        assert entry.additional_data == {
            "page": "console:orders_file",
            "status": status,
        }
    assert Entry.objects.filter(event="access.refused", role="viewer").count() == 1
    assert reads() == []


def test_a_refusal_after_the_second_factor_was_shown_names_its_page(
    world: World,
) -> None:
    cast = world.cast
    for person, status in ((cast.bob, 403), (cast.charlie, 404)):
        client = signed_in(person, confirmed=False)
        sent = {"email": "eve@example.test", "role": "owner"}
        confirm = client.post("/s/north/team/invite", sent)["Location"]
        answer = client.post(confirm, {"code": code_of(person.email)})
        assert answer.status_code == status
        entry = Entry.objects.latest()
        assert (entry.actor_id, entry.seller_id) == (person.pk, cast.north.pk)
        assert entry.additional_data == {"page": "invite", "status": status}


def test_a_guessed_number_is_noted_without_the_number(world: World) -> None:
    client, made = signed_in(world.cast.alice), Entry.objects.count()
    guess = f"/s/north/orders/{world.north.pk}/CANARY-111?x=CANARY"
    assert client.get(guess).status_code == 404
    assert client.get("/s/CANARY/orders").status_code == 404
    assert client.get("/nowhere-CANARY").status_code == 404  # no seller's address
    assert Client().get(guess).status_code == 302
    entries = Entry.objects.order_by("id")[made:]
    assert [(e.event, e.seller_id) for e in entries] == [
        ("access.refused", world.cast.north.pk),
        ("access.refused", None),
    ]
    assert "CANARY" not in _table()


def test_somebody_who_knocks_all_night_fills_no_disk(world: World) -> None:
    client = signed_in(world.cast.charlie)
    for _ in range(MOST + 15):
        client.get("/s/north/orders")
    noted = Entry.objects.filter(event="access.refused").order_by("id")
    assert noted.count() == MOST
    assert [e.pk for e in noted if "then_silent_minutes" in e.additional_data] == [
        noted.last().pk
    ]
    signed_in(world.cast.bob).get(world.paths["orders_file"])
    assert noted.all().count() == MOST + 1  # others are noted still


@pytest.fixture
def clients(world: World) -> list[Client]:
    """Alice and Charlie, who signed in while all was well."""
    people = [signed_in(world.cast.alice), signed_in(world.cast.charlie)]
    for client in people:
        client.raise_request_exception = False
    return people


@pytest.fixture
def unwritable(clients: list[Client]) -> Iterator[None]:
    """Every insert into the log fails; what was done is rolled back with the test."""
    refusal = (
        "CREATE TRIGGER audit_full BEFORE INSERT ON audit_entry "
        "EXECUTE FUNCTION audit_refuse()"
        if database.vendor == "postgresql"
        else "CREATE TRIGGER audit_full BEFORE INSERT ON audit_entry "
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    with database.cursor() as cursor:
        cursor.execute(refusal)
    yield
    on = " ON audit_entry" if database.vendor == "postgresql" else ""
    with database.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_full{on}")


@pytest.mark.django_db(transaction=True)
def test_what_can_not_be_logged_is_not_shown(
    world: World, clients: list[Client], unwritable: None
) -> None:
    client, stranger = clients
    for page in READS:
        for accept in ("text/html", "application/json"):
            answer = client.get(world.paths[page], headers={"Accept": accept})
            body = whole(answer).decode()
            assert answer.status_code == 503, page
            assert answer["Retry-After"] == "60"
            assert "no-store" in answer["Cache-Control"]
            assert "NORTHERN" not in body
            if accept == "text/html":
                assert "<h1>This can&#x27;t be logged right now</h1>" in body or (
                    "<h1>This can't be logged right now</h1>" in body
                )
            else:
                assert json.loads(body)["status"] == 503
    for page in NOT_READS:
        answer = client.get(world.paths[page], headers={"HX-Request": "true"})
        assert answer.status_code == 200, page
    assert stranger.get(world.paths["orders"]).status_code == 503  # not noted: not told


@pytest.mark.django_db(transaction=True)
def test_what_can_not_be_logged_is_not_done(
    world: World, clients: list[Client], unwritable: None
) -> None:
    client = clients[0]
    one = f"/s/north/connections/{world.north.pk}"
    for path in (f"{one}/sync", f"{one}/features/orders", f"{one}/disconnect"):
        assert client.post(path, {"on": "no"}).status_code == 503, path
    world.north.refresh_from_db()
    assert world.north.status == "active"
    assert world.north.switches.get(feature="orders").on


def _table() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_entry")
        return json.dumps(cursor.fetchall(), default=str)
