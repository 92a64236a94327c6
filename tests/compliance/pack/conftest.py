"""A period with something in every part, and packs of it."""

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.deletion.execution import execute
from compliance.deletion.models import DeletionRequest
from compliance.models import Purge
from compliance.pack.services import Made, make_pack
from compliance.packing import Period
from plugseller.accounts.models import Grant
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.custody.models import Backup
from plugseller.jobs.models import Run
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import Lived, apart, lived_in
from tests.conftest import NOW, person

DAY = timedelta(days=1)
PERIOD = Period(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))
MADE_AT = datetime(2026, 12, 21, 9, 30, tzinfo=UTC)

Packs = Callable[..., Made]


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def lived(db: None) -> dict[str, Lived]:
    """North is deleted in the period and South lives on; both in every place."""
    carl = person("carl", staff_role="officer")
    north, south = (lived_in(name, staff=carl) for name in ("north", "south"))
    execute(by_owner(north.owner, north.seller, now=NOW), NOW + GRACE)
    assert DeletionRequest.objects.get().status == "completed"
    Purge.objects.create(holding="h", rule="r", began_at=NOW, ended_at=NOW, rows=7)
    Backup.objects.create(
        made_at=NOW, period="2026-11", expires_at=NOW + 30 * DAY, outcome="made"
    )
    for outcome in ("done", "failed"):
        Run.objects.create(
            name="mail.send", started_at=NOW, beat_at=NOW, outcome=outcome, fence=1
        )
    Grant.objects.update(asked_at=NOW)
    sign_checkpoint(NOW)
    return {"north": north, "south": south}


@pytest.fixture
def packs(db: None, tmp_path: Path) -> Packs:
    """Makes a pack, into a folder that is there."""

    def make(period: Period = PERIOD, now: datetime = MADE_AT) -> Made:
        folder = tmp_path / "out"
        folder.mkdir(exist_ok=True)
        return make_pack(actor=None, period=period, folder=folder, now=now)

    return make


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def table(path: Path, name: str) -> list[str]:
    """The lines of a table below its head."""
    return members(path)[name].decode("utf-8-sig").splitlines()[1:]
