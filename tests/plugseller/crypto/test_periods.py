"""A period's key opens what was sealed in it until it is destroyed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugseller.crypto import periods
from plugseller.keyprovider import FileKeyProvider, KeyTrouble, keys_folder, provider

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.BACKUP_PERIODS_FOLDER = tmp_path / "periods"


def test_a_day_has_one_key_and_the_next_another() -> None:
    key = periods.key_of_now(NOON)
    assert periods.key_of_now(NOON.replace(hour=23)) == key
    assert periods.key_of_now(NOON.replace(day=29)) != key
    assert periods.held() == ["2026-11-28", "2026-11-29"]


def test_the_key_does_not_lie_open() -> None:
    key = periods.key_of_now(NOON)
    [file] = periods.folder().iterdir()
    assert key.hex() not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert periods.folder().stat().st_mode & 0o077 == 0


def test_a_destroyed_key_is_gone() -> None:
    periods.key_of_now(NOON)
    assert periods.destroy("2026-11-28")
    assert not periods.destroy("2026-11-28")
    with pytest.raises(KeyTrouble, match="was destroyed when its time was over"):
        periods.key_of("2026-11-28")
    assert list(periods.folder().iterdir()) == []


def test_one_key_in_place_of_another_is_noticed() -> None:
    periods.key_of_now(NOON)
    periods.key_of_now(NOON.replace(day=29))
    one, other = sorted(periods.folder().iterdir())
    one.write_bytes(other.read_bytes())
    with pytest.raises(KeyTrouble, match="was changed or belongs to other master keys"):
        periods.key_of("2026-11-28")


def test_a_new_master_key_takes_over() -> None:
    key = periods.key_of_now(NOON)
    files = FileKeyProvider(keys_folder())
    old = files.current_master_id()
    new = files.add_master_key()
    provider.cache_clear()
    try:
        assert periods.masters_in_use() == {old}
        assert periods.rewrap() == 1
        assert periods.rewrap() == 0
        assert periods.masters_in_use() == {new}
        assert periods.key_of("2026-11-28") == key
    finally:
        (keys_folder() / f"master-{new}.key").unlink()
        provider.cache_clear()
