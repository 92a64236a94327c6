"""A row that arrived and couldn't be read is there: nobody says that it is gone."""

from typing import Any

import pytest

from marketplaces.models import Listing
from marketplaces.sync.engine import sync_connection
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators, TestClock, connect_account


@pytest.mark.parametrize("key", ["north-amazon-na", "north-walmart"])
def test_a_listing_that_couldnt_be_read_isnt_gone(
    cast: Cast, simulators: Simulators, clock: TestClock, key: str
) -> None:
    simulator = simulators()
    account = connect_account(cast.north, simulator, key)
    sync_connection(account.pk, clock=clock)
    simulator.order_faults(f"wrongtypes@1:{_listings(key)}")
    runs = sync_connection(account.pk, clock=clock, full=True)
    counts: dict[str, Any] = {run.feature: run for run in runs}
    assert counts["listings"].rows_skipped == 1
    assert counts["listings"].rows_gone == 0
    gone = Listing.objects.of_seller(cast.north).filter(gone_at__isnull=False)
    assert not gone.exists()


def _listings(key: str) -> str:
    return "searchListingsItems" if "amazon" in key else "getAllItems"
