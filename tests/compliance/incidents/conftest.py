"""Officers, the place where we run, and what real faults are made with."""

from typing import Any

import pytest

from compliance.incidents.services import arm
from plugseller.accounts.models import User
from tests.conftest import NOW, Cast, person
from tests.marketplaces.conftest import clock, simulator, simulators
from tests.plugseller.audit.conftest import intruder
from tests.plugseller.jobs.conftest import backup_places
from tests.plugseller.jobs.test_outbox import servers

__all__ = ["backup_places", "clock", "intruder", "servers", "simulator", "simulators"]


@pytest.fixture
def clara(cast: Cast) -> User:
    """A second officer."""
    return person("clara", staff_role="officer")


@pytest.fixture
def production(settings: Any) -> Any:
    """As if this were the real thing, where mails reach who they are for."""
    settings.PRODUCTION = True
    settings.INCIDENT_DRILL_ADDRESS = "drill@example.test"
    return settings


@pytest.fixture
def armed(cast: Cast, clara: User) -> None:
    """Two officers let the notice to Amazon go out by itself."""
    arm(actor=cast.carl, now=NOW)
    arm(actor=clara, now=NOW)
