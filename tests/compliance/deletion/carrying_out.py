"""Two sellers that are lived in, and how tests have one of them deleted."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.deletion.execution import (
    execute,
)
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.services import (
    approve_hold,
    ask_hold,
)
from plugseller.accounts.models import User
from tests.compliance.deletion.asked import (
    GRACE,
    by_owner,
)
from tests.compliance.inhabited import Lived, apart, lived_in
from tests.conftest import person

Status = DeletionRequest.Status
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def carl(db: None) -> User:
    return person("carl", staff_role="officer")


@pytest.fixture
def two(carl: User) -> tuple[Lived, Lived]:
    return lived_in("north", staff=carl), lived_in("south", staff=carl)


def gone(lived: Lived, *, now: datetime, **more: Any) -> DeletionRequest:
    """The account's deletion, asked for and carried out."""
    request = by_owner(lived.owner, lived.seller, now=now, **more)
    execute(request, now + GRACE)
    request.refresh_from_db()
    return request


def hold(
    request: DeletionRequest, carl: User, places: list[str], now: datetime
) -> LegalHold:
    other = User.objects.filter(email="otto@example.test").first() or person(
        "otto", staff_role="officer"
    )
    asked = ask_hold(
        actor=carl,
        request=request,
        holdings=places,
        reason="A court asks for the orders",
        legal_basis="Section 147 of the fiscal code",
        ends_at=now + 80 * DAY,
        now=now,
    )
    return approve_hold(actor=other, hold=asked, now=now)
