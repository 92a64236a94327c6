"""A simulator that stands still, and a caller who is signed in."""

from collections.abc import Iterator

import pytest

from marketplaces.simulator.server import Simulator
from tests.marketplaces.simulator.caller import Caller


@pytest.fixture(scope="package")
def standing() -> Iterator[Simulator]:
    """Without limits and without trouble; nobody may change it."""
    with Simulator(orders=450, limits=False) as simulator:
        yield simulator


@pytest.fixture
def caller(standing: Simulator) -> Caller:
    return Caller(standing).signed_in()
