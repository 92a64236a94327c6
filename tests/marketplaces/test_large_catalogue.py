"""Amazon pages through 1,000 listings of a query; ours come all the same."""

from collections import Counter

from marketplaces.datamap import Feature
from marketplaces.models import Listing, SyncRun
from marketplaces.simulator.server import Simulator
from marketplaces.sync.engine import sync_connection
from marketplaces.sync.limits import UNLIMITED
from tests.conftest import Cast
from tests.marketplaces.conftest import Simulators, TestClock, connect_account


def test_a_catalogue_beyond_amazons_window_comes_whole_and_nothing_goes(
    cast: Cast, simulators: Simulators, clock: TestClock
) -> None:
    simulator = simulators(orders=0, listings=1_150)
    account = connect_account(
        cast.north, simulator, "north-amazon-na", features=(Feature.LISTINGS,)
    )

    for full in (False, True):
        run = sync_connection(account.pk, clock=clock, pace=UNLIMITED, full=full)[-1]

        assert run.outcome == SyncRun.Outcome.DONE
        assert run.rows_gone == 0
        assert kept(cast) == sold(simulator)
        clock.pass_by(hours=1)
    assert max(kept(cast).values()) > 1_000


def kept(cast: Cast) -> Counter[str]:
    """Listings by store, as the seller sees them."""
    rows = Listing.objects.of_seller(cast.north).filter(gone_at=None)
    return Counter(rows.values_list("market", flat=True))


def sold(simulator: Simulator) -> Counter[str]:
    """The same as the simulator's world has it."""
    account = simulator.account("north-amazon-na")
    return Counter(market for item in account.items for market in item.prices)
