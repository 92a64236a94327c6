"""A witness of its own for each test, and somebody with full access to the database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from plugseller.audit import triggers
from plugseller.audit.services import Acting, acting, record
from plugseller.shelves import By

SELLER = UUID("0d9c7d9e-3f0a-4d7c-9d41-6a1d2b7f1c55")


@pytest.fixture(autouse=True)
def witness_path(tmp_path: Path, settings: Settings) -> Path:
    settings.AUDIT_WITNESS_FILE = tmp_path / "witness" / "audit.jsonl"
    path: Path = settings.AUDIT_WITNESS_FILE
    return path


@pytest.fixture
def log(db: None) -> list[int]:
    """Forty entries of all shapes; their numbers."""
    who = Acting(kind=By.PERSON, user_id=SELLER, address="192.0.2.7", agent="Firefox")
    numbers = []
    with acting(who):
        for count in range(40):
            numbers.append(
                record(
                    ("seller.created", "sync.run", "read.orders.export")[count % 3],
                    seller_id=SELLER if count % 2 else None,
                    rows=count if count % 4 else None,
                    details={"z": count, "a": ["Ünïcode", None, True], "f": {"b": 1}},
                )
            )
    return numbers


@pytest.fixture
def intruder(db: None) -> Iterator[Any]:
    """Runs SQL with the triggers gone; what was done is undone after the test."""
    with transaction.atomic():
        triggers.lift("default")
        with connection.cursor() as cursor:
            yield cursor
        transaction.set_rollback(True)


def at(year: int, month: int, day: int = 15) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)
