"""Whether credentials still work is asked daily, once per connection (ACC-3)."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from marketplaces.models import Connection
from marketplaces.simulator.desk import APPS
from marketplaces.simulator.server import Simulator
from marketplaces.sync import proving
from marketplaces.sync.engine import sync_connection
from plugseller.audit.models import Entry
from tests.conftest import Cast
from tests.marketplaces.conftest import TestClock, connect_account
from tests.plugseller.accounts.granting import mailed

pytestmark = pytest.mark.django_db
AMAZON, WALMART = "north-amazon-na", "north-walmart"
Status = Connection.Status


def prove(account: Connection, clock: TestClock) -> None:
    proving.prove(account, clock=clock)
    account.refresh_from_db()


def test_each_connection_is_asked_once_a_day(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    accounts = [
        connect_account(seller, simulator, key)
        for seller, key in (
            (cast.north, AMAZON),
            (cast.north, WALMART),
            (cast.south, "south-amazon-eu"),
        )
    ]
    asked: dict[Any, list[Any]] = {account.pk: [] for account in accounts}
    first = clock.now()
    while clock.now() < first + timedelta(days=10):
        clock.pass_by(minutes=15)
        for account in proving.due(clock.now()):
            asked[account.pk].append(clock.now())
            prove(account, clock)
            assert account.proved_at == clock.now()
            assert proving.prove(account, clock=clock) is None  # a second worker
    for account in accounts:
        times = asked[account.pk]
        assert len(times) in (10, 11)
        gaps = {later - earlier for earlier, later in pairwise(times[1:])}
        assert gaps == {timedelta(days=1)}
    # Spread over the day; two of three may meet.
    assert len({asked[account.pk][1] for account in accounts}) > 1
    kinds = {call.operation for call in simulator.calls}
    assert kinds == {
        "amazon.login",
        "amazon.getMarketplaceParticipations",
        "walmart.login",
        "walmart.getTokenDetail",
    }


def test_a_sync_proves_it_by_the_way(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    assert proving.due(clock.now()) == [account]
    first = clock.now()
    while clock.now() < first + timedelta(hours=26):
        sync_connection(account.pk, clock=clock, features=())
        assert proving.due(clock.now()) == []
        clock.pass_by(minutes=45)
    account.refresh_from_db()
    assert account.tried_at is None
    clock.pass_by(hours=26)
    assert proving.due(clock.now()) == [account]


@pytest.mark.parametrize("key", [AMAZON, WALMART])
@pytest.mark.parametrize(
    ("answer", "status", "proved"),
    [
        ("good", Status.ACTIVE, True),
        ("the seller ended it", Status.REVOKED, False),
        ("our secret is wrong", Status.ACTIVE, False),
        ("429:1.0:login", Status.ACTIVE, False),
        ("500:1.0:login", Status.ACTIVE, False),
        ("503:1.0:login", Status.ACTIVE, False),
        ("garbage:1.0:login", Status.ACTIVE, False),
        ("reset:1.0:login", Status.ACTIVE, False),
        ("expired:1.0", Status.ATTENTION, False),
    ],
)
def test_what_each_answer_does(
    cast: Cast,
    simulator: Simulator,
    clock: TestClock,
    key: str,
    answer: str,
    status: str,
    proved: bool,
) -> None:
    """Only the documented end of an authorisation ends one (security.md, row 36)."""
    account = connect_account(cast.north, simulator, key)
    if answer == "the seller ended it":
        simulator.revoke(key)
    elif answer == "our secret is wrong":
        simulator.desk.end_secret(APPS[account.marketplace].client_secret)
    elif answer != "good":
        simulator.order_faults(answer)
    prove(account, clock)
    if key == WALMART and answer == "our secret is wrong":
        # Walmart says 401 to a seller's fault as well: the connection stops and tells.
        status = account.status
        assert status != Status.REVOKED
    assert account.status == status
    assert (account.proved_at is not None) is proved
    assert (account.credentials is None) is (status == Status.REVOKED)
    revoked = Entry.objects.filter(event="connection.revoked").count()
    assert revoked == (status == Status.REVOKED)
    ours = answer == "our secret is wrong"
    assert mailed("refuses the keys") == ({"carl@example.test"} if ours else set())


def test_a_seller_who_is_gone_isnt_asked(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    account = connect_account(cast.north, simulator, AMAZON)
    Connection.unfenced.filter(pk=account.pk).update(status=Status.REVOKED)
    assert proving.due(clock.now()) == []
    assert proving.prove(account, clock=clock) is None
    assert simulator.calls == []
