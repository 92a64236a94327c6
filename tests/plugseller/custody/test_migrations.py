"""The row that says how far the ledger was applied comes with its table, and goes."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from plugseller.custody.models import Standing


@pytest.fixture
def forth_again(transactional_db: None) -> Iterator[None]:
    yield
    call_command("migrate", "custody", verbosity=0, skip_checks=True)


def test_it_goes_back_and_forth(forth_again: None) -> None:
    """Forth: a database that is migrated wasn't put back, so it stands somewhere, and
    once. Back: the table goes with the row, and what was erased stays known."""
    call_command("migrate", "custody", "0001", verbosity=0, skip_checks=True)
    tables = connection.introspection.table_names()
    assert "custody_standing" not in tables
    assert "custody_tombstone" in tables
    call_command("migrate", "custody", verbosity=0, skip_checks=True)
    assert Standing.objects.get().line == 0
