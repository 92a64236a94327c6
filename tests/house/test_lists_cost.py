"""A list takes as many queries with many rows as with few, whatever it lists.

Orders, listings, prices, stock, the team and the log have tests of their own.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplaces.datamap import Feature
from plugseller.accounts.models import Lockout
from plugseller.accounts.roles import Role, StaffRole
from plugseller.jobs import outbox
from tests.conftest import enter, person, signed_in
from tests.house.test_many_sellers import cost
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World
from tests.plugseller.accounts.team import invited, member, token_of

MORE = 12
LISTS = {  # address -> whose it is
    "/s/north/api-keys": "alice",
    "/s/north/connections": "alice",
    "/s/north/activity": "alice",
    "/account/sessions": "alice",
    "/api/v1/sellers/north/connections": "alice",
    "/api/v1/sellers/north/sync-runs": "alice",
    "/s/north/review": "alice",
    "/admin/compliance/review/": "carl",
    "/admin/accounts/user/": "carl",
    "/admin/accounts/lockout/": "carl",
    "/admin/audit/entry/": "carl",
    "/admin/jobs/outgoingmail/": "oscar",
    "/admin/marketplaces/connection/": "oscar",
    "/admin/marketplaces/syncrun/": "oscar",
}


def more_of_everything(world: World) -> None:
    cast, now = world.cast, timezone.now()
    for number in range(MORE):
        someone = member(cast.north, f"m{number}", Role.ANALYST).user
        invited(cast, f"i{number}@example.test")
        token_of(cast.alice, cast.north, label=f"key {number}")
        token_of(someone, cast.north, kind="machine", label=f"robot {number}")
        account = rows.connect(cast.north, account=f"A{number}")
        rows.synced(account, Feature.ORDERS, "amazon.searchOrders")
        Lockout.objects.create(
            kind=Lockout.Kind.ACCOUNT,
            subject=f"x{number}",
            user=someone,
            failures=10,
            began_at=now,
            until=now + timedelta(minutes=15),
        )
        outbox.post(to="x@example.test", subject="x", text="x")
        signed_in(cast.alice).get("/s/north/orders")


@pytest.mark.django_db
def test_a_list_costs_the_same_however_long_it_is(world: World) -> None:
    oscar = person("oscar", staff_role=StaffRole.OPERATOR)
    people = {"alice": world.cast.alice, "carl": world.cast.carl, "oscar": oscar}
    clients = {name: signed_in(someone) for name, someone in people.items()}
    enter(clients["alice"], world.cast.alice.email)
    rows.connect(world.cast.north, account="ANOTHER")
    for address, name in LISTS.items():
        cost(clients[name], address)  # content types and the like are read once
    few = {one: cost(clients[name], one) for one, name in LISTS.items()}
    more_of_everything(world)
    assert {one: cost(clients[name], one) for one, name in LISTS.items()} == few
