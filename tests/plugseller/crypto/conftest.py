"""Two owners with a data key each, and one account of the first."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from plugseller import keyprovider
from plugseller.crypto.fields import Sealed
from plugseller.crypto.services import create_data_key
from tests.plugseller.crypto.app.models import Account

SECRET = "ZEBRA-TOKEN-7"


@pytest.fixture
def north_id(db: None) -> uuid.UUID:
    return create_data_key(uuid.uuid4()).owner


@pytest.fixture
def south_id(db: None) -> uuid.UUID:
    return create_data_key(uuid.uuid4()).owner


@pytest.fixture
def account(north_id: uuid.UUID) -> Account:
    return Account.objects.create(
        seller_id=north_id, name="north", token=SECRET, extra={"app": SECRET}
    )


@pytest.fixture
def own_keys(
    transactional_db: None, tmp_path: Path
) -> Iterator[keyprovider.KeyProvider]:
    """A copy of the keys for this test alone, which other processes can read too."""
    shutil.copytree(settings.PLUGSELLER_HOME / "keys", tmp_path / "keys")
    with override_settings(
        PLUGSELLER_HOME=tmp_path, BACKUP_PERIODS_FOLDER=tmp_path / "period-keys"
    ):
        keyprovider.provider.cache_clear()
        yield keyprovider.provider()
        connections.close_all()
    keyprovider.provider.cache_clear()


def opened(value: Sealed | None) -> Any:
    return None if value is None else value.reveal()
