"""A page token that the marketplace no longer accepts begins its list again."""

import pytest

from marketplaces import shelf
from marketplaces.models import Listing, Order, Stock, SyncRun, SyncState
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import sync_connection
from tests.conftest import Cast
from tests.marketplaces.conftest import TestClock, connect_account

DEAD = {
    "amazon.searchOrders": "dead+token/==",
    "amazon.searchListingsItems": "dead+token/==",
    "amazon.getInventorySummaries": "dead+token/==",
    "walmart.getAllItems": "dead-token",
    "walmart.getInventories": "dead-token",
    "walmart.getAllOrders": "?limit=200&hasMoreElements=true&soIndex=1&poIndex=dead",
}
ACCOUNTS = {"amazon": "north-amazon-na", "walmart": "north-walmart"}


def rows(cast: Cast) -> list[int]:
    kept = (Listing, Order, Stock)
    return [model.objects.of_seller(cast.north).count() for model in kept]


@pytest.mark.parametrize("key", DEAD)
def test_a_saved_token_that_died_loses_nothing_and_stops_nothing(
    cast: Cast, simulator: Simulator, clock: TestClock, key: str
) -> None:
    marketplace = key.partition(".")[0]
    account = connect_account(cast.north, simulator, ACCOUNTS[marketplace])
    sync_connection(account.pk, clock=clock)
    whole = rows(cast)
    clock.pass_by(hours=1)
    full = {"full": True, "started": clock.now().isoformat(), "cursor": DEAD[key]}
    SyncState.objects.filter(connection=account, operation=key).update(checkpoint=full)

    feature = shelf.datamap().operation(key).feature
    runs = sync_connection(account.pk, clock=clock, features=[feature])

    assert [run.outcome for run in runs] == [SyncRun.Outcome.DONE] * len(runs), [
        (run.feature, run.trouble, run.error_code) for run in runs
    ]
    assert rows(cast) == whole
    assert not SyncState.objects.exclude(checkpoint=None).exists()
