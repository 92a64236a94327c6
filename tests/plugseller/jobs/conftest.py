"""Places for backups, of which every test of them has its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugseller.accounts.models import Seller
from plugseller.accounts.services import create_seller
from plugseller.crypto.services import create_data_key
from plugseller.custody.models import Backup
from plugseller.jobs.backups import places

NOW = datetime(2026, 11, 28, 13, 30, tzinfo=UTC)


@pytest.fixture
def backup_places(tmp_path: Path, settings: Any) -> None:
    settings.BACKUP_FOLDER = str(tmp_path / "backups")
    settings.BACKUP_KEYS_FOLDER = tmp_path / "backup-keys"
    settings.BACKUP_PERIODS_FOLDER = tmp_path / "periods"


@pytest.fixture
def north() -> Seller:
    seller = create_seller(actor=None, name="North", slug="north", time_zone="UTC")
    create_data_key(seller.pk)
    return seller


def files_of(made: Backup) -> tuple[Path, Path]:
    file = places.folder() / made.file
    return file, places.keys_file_of(file)
