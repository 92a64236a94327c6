"""The simulator, and sellers connected to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplaces import credentials, shelf
from marketplaces.contract import Credentials, Secret
from marketplaces.datamap import Feature
from marketplaces.models import Connection, FeatureSwitch
from marketplaces.simulator.server import Simulator
from plugseller.accounts.models import Seller

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALL = tuple(Feature)


@dataclass
class TestClock:
    """Time that passes only when somebody sleeps, or a test says so."""

    __test__ = False
    instant: datetime = NOW
    slept: float = 0.0

    def now(self) -> datetime:
        return self.instant

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.instant += timedelta(seconds=seconds)

    def pass_by(self, **span: float) -> None:
        self.instant += timedelta(**span)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


Simulators = Callable[..., Simulator]


@pytest.fixture
def simulators(clock: TestClock, settings: Any) -> Iterator[Simulators]:
    """Starts a simulator and points the settings at it."""
    with ExitStack() as stack:

        def start(**options: Any) -> Simulator:
            given: dict[str, Any] = {
                "orders": 30,
                "listings": 12,
                "limits": False,
                "clock": clock.now,
                "slow_seconds": 0.0,
            } | options
            simulator = stack.enter_context(Simulator(**given))
            point_at(settings, simulator)
            return simulator

        yield start


@pytest.fixture
def simulator(simulators: Simulators) -> Simulator:
    """A small world without limits and without trouble."""
    return simulators()


def point_at(settings: Any, simulator: Simulator) -> None:
    """The product's settings for that simulator, as its environment would make them."""
    told = simulator.environment
    settings.MARKETPLACE_CA_FILE = told["MARKETPLACE_CA_FILE"]
    settings.MARKETPLACE_ADDRESSES = {
        name: dict.fromkeys(("api", "token", "consent"), simulator.address)
        for name in settings.MARKETPLACES
    }
    settings.MARKETPLACE_APPS = {
        name: {
            "application_id": told.get(
                f"{name.upper()}_APPLICATION_ID", told[f"{name.upper()}_CLIENT_ID"]
            ),
            "client_id": told[f"{name.upper()}_CLIENT_ID"],
            "client_secret": told[f"{name.upper()}_CLIENT_SECRET"],
            "draft": False,
        }
        for name in settings.MARKETPLACES
    }
    settings.MARKETPLACE_APPS["amazon"]["queue"] = {
        "address": told["AMAZON_SECRET_QUEUE"],
        "key_id": told["AMAZON_SECRET_QUEUE_KEY_ID"],
        "key": told["AMAZON_SECRET_QUEUE_KEY"],
    }


def connect_account(
    seller: Seller,
    simulator: Simulator,
    key: str,
    *,
    features: tuple[Feature, ...] = ALL,
) -> Connection:
    """A connection to the simulator's account, as if the seller had consented."""
    account = simulator.account(key)
    kept = Credentials(
        account_id=account.account_id,
        refresh_token=Secret(simulator.desk.refresh_token(account)),
    )
    connection = Connection.objects.create(
        seller=seller,
        marketplace=account.marketplace,
        region=account.region,
        account_id=account.account_id,
        credentials=credentials.pack(kept),
        connected_at=NOW,
    )
    for feature in shelf.datamap().features(account.marketplace):
        FeatureSwitch.objects.create(
            connection=connection, feature=feature.value, on=feature in features
        )
    return connection
