"""Two owners with a data key each, and one account of the first."""

import uuid
from typing import Any

import pytest

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


def opened(value: Sealed | None) -> Any:
    return None if value is None else value.reveal()
