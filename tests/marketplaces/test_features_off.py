"""USE-3: "Only the data needed for the feature in use is retrieved."

Each feature of each marketplace is left out once: none of its calls is made, all calls
of the others are.
"""

import pytest

from marketplaces import shelf
from marketplaces.datamap import Feature
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import sync_connection
from tests.conftest import Cast
from tests.marketplaces.conftest import TestClock, connect_account

ACCOUNTS = {"amazon": "north-amazon-na", "walmart": "north-walmart"}
_BY_LISTING = (Feature.PRICING, Feature.CATALOG)
OFF = [(name, off) for name in ACCOUNTS for off in shelf.datamap().features(name)]


@pytest.mark.parametrize(("marketplace", "off"), OFF)
def test_a_feature_that_is_off_makes_no_call(
    cast: Cast, simulator: Simulator, clock: TestClock, marketplace: str, off: Feature
) -> None:
    there = shelf.datamap().features(marketplace)
    on = tuple(feature for feature in there if feature is not off)
    account = connect_account(cast.north, simulator, ACCOUNTS[marketplace], features=on)

    sync_connection(account.pk, clock=clock)

    mapped = {operation.key for operation in shelf.datamap()}
    asked = {call.operation for call in simulator.calls} & mapped
    expected = shelf.datamap().of(marketplace, Feature.ACCOUNT, *on)
    if off is Feature.LISTINGS:  # nothing is known to ask prices or products for
        expected = tuple(o for o in expected if o.feature not in _BY_LISTING)
    assert asked == {operation.key for operation in expected}
