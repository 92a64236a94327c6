"""ACC-1: staff at a seller's pages, before, with and after a grant; what is shown."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from plugseller.accounts.models import AccessReport, Grant, User
from plugseller.accounts.roles import GRANTABLE, Permission, Role
from plugseller.accounts.services import break_glass, drop_grant, join, report_access
from plugseller.accounts.tenancy import standing_at
from plugseller.audit.models import Entry
from plugseller.audit.services import record_access
from tests.conftest import person, signed_in
from tests.marketplaces.console.conftest import World
from tests.marketplaces.console.test_who_sees import (
    ACTIONS,
    FILES,
    HTMX,
    MANAGING,
    PAGES,
    SHIPPING_SEES,
    body,
)
from tests.plugseller.accounts.granting import ask, give

EVERY = [*PAGES, *FILES, *MANAGING]
STAFF = ("support", "operator", "officer")
HOME = "/s/north/staff-access"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def dora(world: World) -> User:
    """The officer who approves."""
    return person("dora", staff_role="officer")


def staff(world: World, role: str) -> User:
    """One of our people, a superuser as well, which must change nothing."""
    known = {"support": world.cast.olga, "officer": world.cast.carl}
    someone = known.get(role) or person("otto", staff_role=role)
    User.objects.filter(pk=someone.pk).update(is_superuser=True)
    return User.objects.get(pk=someone.pk)


def statuses(client: Client, world: World) -> dict[str, int]:
    """What each page answers, and what each action does."""
    seen = {
        name: client.get(world.paths[name], headers=HTMX).status_code for name in EVERY
    }
    one = world.paths["connection"]
    for action, path in (("sync_now", "sync"), ("switch", "features/orders")):
        seen[action] = client.post(f"{one}/{path}", {"on": "no"}).status_code
    seen["disconnect (post)"] = client.post(world.paths["disconnect"]).status_code
    seen["staff_access"] = client.get(HOME).status_code
    return seen


def expected(*, pages: int, rest: int, activity: int) -> dict[str, int]:
    told = dict.fromkeys(PAGES, pages)
    told |= dict.fromkeys([*FILES, *MANAGING, *ACTIONS, "disconnect (post)"], rest)
    return told | {"staff_access": activity}


@pytest.mark.parametrize("role", STAFF)
def test_every_page_before_with_and_after_a_grant(
    world: World, dora: User, now: datetime, role: str
) -> None:
    someone = staff(world, role)
    client = signed_in(someone)
    closed = expected(pages=404, rest=404, activity=404)
    assert statuses(client, world) == closed
    grant = give(
        someone, world.cast.north, by=dora, now=now, permissions=list(GRANTABLE)
    )
    assert statuses(client, world) == expected(pages=200, rest=403, activity=200)
    south = world.paths["orders"].replace("/s/north/", "/s/south/")
    assert client.get(south).status_code == 404
    Grant.objects.filter(pk=grant.pk).update(ends_at=timezone.now())
    assert statuses(client, world) == closed
    assert world.north.switches.get(feature="orders").on


@pytest.mark.parametrize("role", STAFF)
def test_only_the_pages_the_permission_opens(
    world: World, dora: User, now: datetime, role: str
) -> None:
    someone = staff(world, role)
    give(someone, world.cast.north, by=dora, now=now)
    client = signed_in(someone)
    for page in PAGES:
        status = 200 if page in SHIPPING_SEES else 404 if page == "sku" else 403
        seen = client.get(world.paths[page], headers=HTMX)
        assert seen.status_code == status, page
    assert client.get(HOME).status_code == 403


def test_a_waiting_refused_dropped_or_revoked_grant_opens_nothing(
    world: World, dora: User, now: datetime
) -> None:
    cast, client = world.cast, signed_in(world.cast.olga)
    ask(cast.olga, cast.north, now=now)
    assert client.get(world.paths["orders"]).status_code == 404
    grant = give(cast.olga, cast.north, by=dora, now=now)
    assert client.get(world.paths["orders"]).status_code == 200
    signed_in(cast.alice).post(f"{HOME}/{grant.pk}/end")
    assert client.get(world.paths["orders"]).status_code == 404
    other = give(cast.olga, cast.north, by=dora, now=now)
    drop_grant(actor=cast.olga, grant=other, now=timezone.now())
    assert client.get(world.paths["orders"]).status_code == 404


def test_a_page_that_is_open_gets_no_further_row_after_the_end(
    world: World, dora: User, now: datetime
) -> None:
    """The next page of a list, a detail, and the part that moves."""
    cast, client = world.cast, signed_in(world.cast.olga)
    grant = give(cast.olga, cast.north, by=dora, now=now, permissions=list(GRANTABLE))
    assert "NORTHERN" in body(client.get(world.paths["orders"]))
    Grant.objects.filter(pk=grant.pk).update(ends_at=timezone.now())
    for page in ("orders", "order", "progress"):
        answer = client.get(world.paths[page], headers=HTMX)
        assert answer.status_code == 404
        assert "NORTHERN" not in body(answer)


def test_the_banner_says_who_until_when_and_what_for(
    world: World, dora: User, now: datetime
) -> None:
    cast, client = world.cast, signed_in(world.cast.olga)
    grant = give(cast.olga, cast.north, by=dora, now=now)
    for page in ("dashboard", "orders", "order", "what_we_fetch"):
        text = body(client.get(world.paths[page]))
        for part in (
            "You see North as support, until",
            "see orders; ticket T-5512",
            "The order list is empty.",
            "Everything you open is shown to the seller",
            f'action="/grants/{grant.pk}/drop"',
        ):
            assert part in text, page
        assert ".csv" not in text
    assert "Drop access now" not in body(
        signed_in(cast.alice).get(world.paths["orders"])
    )
    answer = client.post(f"/grants/{grant.pk}/drop")
    assert answer["Location"] == "/"
    assert client.get(world.paths["orders"]).status_code == 404


def test_nobody_drops_anothers_grant(world: World, dora: User, now: datetime) -> None:
    grant = give(world.cast.olga, world.cast.north, by=dora, now=now)
    for other in (world.cast.alice, world.cast.carl, dora, world.cast.charlie):
        assert signed_in(other).post(f"/grants/{grant.pk}/drop").status_code == 404
    assert signed_in(world.cast.olga).get(f"/grants/{grant.pk}/drop").status_code == 405
    assert Client().post(f"/grants/{grant.pk}/drop").status_code == 302
    grant.refresh_from_db()
    assert grant.is_live(timezone.now())


def test_an_entry_names_the_grant_whose_permission_was_used(
    world: World, dora: User, now: datetime
) -> None:
    cast = world.cast
    orders = give(cast.olga, cast.north, by=dora, now=now, hours=1)
    longest = give(
        cast.olga,
        cast.north,
        by=dora,
        now=now,
        hours=8,
        permissions=[Permission.VIEW_PRICES],
    )
    standing = standing_at(cast.olga, "north", now=now)
    assert standing.grant_for(Permission.VIEW_ORDERS) == orders
    assert standing.grant_for(Permission.VIEW_PRICES) == longest


# --- What the seller sees


def read(grant: Grant, kind: str, rows: int) -> None:
    record_access(
        kind,
        actor=grant.person,
        seller_id=grant.seller_id,
        rows=rows,
        details={"filters": ["status"]},
        role=grant.role,
        grant_id=grant.pk,
    )


def test_the_seller_sees_each_grant_by_role_with_what_was_read(
    world: World, dora: User, now: datetime
) -> None:
    cast, client = world.cast, signed_in(world.cast.alice)
    grant = give(cast.olga, cast.north, by=dora, now=now)
    refused = ask(cast.carl, cast.north, now=now, reason="Curious.", ticket="T-9")
    other = give(cast.olga, cast.south, by=dora, now=now, reason="South's.")
    for kind, rows in (("orders.export", 40), ("orders.export", 2)):
        read(grant, kind, rows)
    read(other, "orders.export", 777_777)  # no token or id holds that by chance
    text = body(client.get(HOME))
    for part in (
        "Support",
        "Compliance officer",
        "The order list is empty.",
        "Ticket T-5512",
        "Curious.",
        "exported orders to a file: 2 times, 42 rows",
        "Open now",
        "Waits for a second person",
    ):
        assert part in text
    for hidden in (cast.olga.email, "Olga", "Carl", "Dora", "South&#x27;s."):
        assert hidden not in text
    assert "777777" not in text.replace(",", "")
    detail = body(client.get(f"{HOME}/{grant.pk}"))
    assert "filters: status" in detail
    assert "approved staff access" in detail
    unread = body(client.get(f"{HOME}/{refused.pk}"))
    assert "asked for staff access" in unread
    assert "exported orders" not in unread  # another grant's
    foreign = client.get(f"{HOME}/{other.pk}")
    unknown = client.get(f"{HOME}/{uuid4()}")
    assert foreign.status_code == unknown.status_code == 404
    assert body(foreign) == body(unknown)
    emergency = break_glass(
        actor=cast.carl,
        seller=cast.north,
        permissions=["view_orders"],
        reason="Fire.",
        now=now,
    )
    assert "An emergency, without a second person" in body(client.get(HOME))
    assert "due by" in body(client.get(f"{HOME}/{emergency.pk}"))


def test_nobody_having_looked_is_said(world: World) -> None:
    text = body(signed_in(world.cast.alice).get(HOME))
    assert "Nobody of our staff has looked" in text
    assert "The first one comes after this month" in text


def test_the_monthly_mails_stand_there_as_they_were_sent(world: World) -> None:
    world.cast.north.created_at = timezone.now() - timedelta(days=90)
    world.cast.north.save()
    report_access(timezone.now())
    report = AccessReport.objects.get(seller=world.cast.north)
    text = body(signed_in(world.cast.alice).get(HOME))
    assert f"{report.month:%B %Y}: 0 requests" in text
    assert "nobody of our staff had access" in text


def test_who_may_see_the_page_and_who_may_end(
    world: World, dora: User, now: datetime
) -> None:
    cast = world.cast
    mary = person("mary")
    join(actor=None, seller=cast.north, user=mary, role=Role.MANAGER)
    grant = give(cast.olga, cast.north, by=dora, now=now)
    sees = {cast.alice: 200, mary: 200, cast.bob: 403, world.sam: 403, world.ann: 403}
    sees |= {cast.charlie: 404, cast.carl: 404, cast.olga: 403}
    for who, status in sees.items():
        client = signed_in(who)
        for path in (HOME, f"{HOME}/{grant.pk}"):
            assert client.get(path).status_code == status, who.name
        button = f'action="{HOME}/{grant.pk}/end"'
        assert (button in body(client.get(HOME))) == (who == cast.alice)
        if who != cast.alice:
            refused = 404 if status == 404 else 403
            assert client.post(f"{HOME}/{grant.pk}/end").status_code == refused
    assert Client().get(HOME).status_code == 302
    grant.refresh_from_db()
    assert grant.is_live(timezone.now())


def test_ending_asks_for_the_second_factor_and_ends_at_once(
    world: World, dora: User, now: datetime
) -> None:
    cast = world.cast
    grant = give(cast.olga, cast.north, by=dora, now=now)
    south = give(cast.olga, cast.south, by=dora, now=now)
    unsure = signed_in(cast.alice, confirmed=False)
    answer = unsure.post(f"{HOME}/{grant.pk}/end")
    assert answer["Location"].startswith("/account/confirm/code")
    alice = signed_in(cast.alice)
    assert alice.get(f"{HOME}/{grant.pk}/end").status_code == 405
    assert alice.post(f"{HOME}/{south.pk}/end").status_code == 404
    assert alice.post(f"{HOME}/{grant.pk}/end")["Location"] == HOME
    grant.refresh_from_db()
    assert grant.state_at(timezone.now()) == Grant.State.REVOKED
    entry = Entry.objects.get(event="grant.revoked")
    assert (entry.role, entry.grant_id) == ("owner", grant.pk)
    text = body(alice.post(f"{HOME}/{grant.pk}/end", follow=True))
    assert "It was over already" in text


# --- What it costs


def queries(client: Client, path: str) -> int:
    client.get(path, headers=HTMX)
    with CaptureQueriesContext(database) as seen:
        client.get(path, headers=HTMX)
    return len(seen)


def test_grants_cost_members_nothing(world: World, dora: User, now: datetime) -> None:
    client = signed_in(world.cast.alice)
    before = {page: queries(client, world.paths[page]) for page in PAGES}
    for _ in range(5):
        give(world.cast.olga, world.cast.north, by=dora, now=now)
    assert {page: queries(client, world.paths[page]) for page in PAGES} == before
    with CaptureQueriesContext(database) as seen:
        standing_at(world.cast.alice, "north", now=now)
    assert len(seen) == 2


def test_staff_pages_cost_as_much_with_many_grants_as_with_one(
    world: World, dora: User, now: datetime
) -> None:
    cast, client = world.cast, signed_in(world.cast.olga)
    owner = signed_in(cast.alice)
    give(cast.olga, cast.north, by=dora, now=now, permissions=list(GRANTABLE))
    paths = [world.paths[page] for page in PAGES]
    before = [queries(client, path) for path in paths], queries(owner, HOME)
    for _ in range(6):
        more = give(
            cast.olga, cast.north, by=dora, now=now, permissions=list(GRANTABLE)
        )
        read(more, "orders.export", 3)
    after = [queries(client, path) for path in paths], queries(owner, HOME)
    assert after == before
    with CaptureQueriesContext(database) as seen:
        standing_at(cast.olga, "north", now=now)
    assert len(seen) == 1  # the grants bring their seller along
