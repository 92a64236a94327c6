"""The cast, the keys, a frozen now.

Alice owns seller North, Bob works for North and may only look, Charlie owns seller
South, Olga is staff without a grant, Carl is compliance officer.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.conf import settings

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_seller, join
from plugseller.keyprovider.file import make_keys


def pytest_unconfigure() -> None:
    """Remove the data folder that tests/settings.py made for this run."""
    if home := getattr(settings, "HOME_OF_THIS_RUN", ""):
        shutil.rmtree(home, ignore_errors=True)


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD = "Correct-Horse-9-Battery"


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    """Keys for this run, made the way `init` makes them."""
    settings.PLUGSELLER_HOME.mkdir(mode=0o700, exist_ok=True)
    make_keys(settings.PLUGSELLER_HOME / "keys")


@pytest.fixture
def now() -> datetime:
    return NOW


@dataclass(frozen=True)
class Cast:
    """Everybody a test may speak of."""

    north: Seller
    south: Seller
    alice: User
    bob: User
    charlie: User
    olga: User
    carl: User


@pytest.fixture
def cast(db: None) -> Cast:
    people = {
        name: User.objects.create_user(
            email=f"{name}@example.test", password=PASSWORD, name=name.title()
        )
        for name in ("alice", "bob", "charlie", "olga", "carl")
    }
    User.objects.filter(pk__in=[people["olga"].pk, people["carl"].pk]).update(
        is_staff=True
    )
    north = create_seller(actor=None, name="North", slug="north", time_zone="UTC")
    south = create_seller(actor=None, name="South", slug="south", time_zone="UTC")
    join(actor=None, seller=north, user=people["alice"], role=Role.OWNER)
    join(actor=None, seller=north, user=people["bob"], role=Role.VIEWER)
    join(actor=None, seller=south, user=people["charlie"], role=Role.OWNER)
    for person in people.values():
        person.refresh_from_db()
    return Cast(north=north, south=south, **people)
