"""A period's key opens what was sealed in it until it is destroyed."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugseller.crypto import periods
from plugseller.crypto.rotation import rotate_master_key
from plugseller.keyprovider import KeyTrouble, keys_folder, provider

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


def test_a_draft_that_a_killed_rotation_left_goes_with_the_key() -> None:
    """It wraps the same key, so while it lies there nothing has ended."""
    periods.key_of_now(NOON)
    key = periods.folder() / "2026-11-28.key"
    key.with_name(f".{key.name}.0011223344556677").write_bytes(key.read_bytes())
    periods.destroy("2026-11-28")
    assert list(periods.folder().iterdir()) == []


def test_one_key_in_place_of_another_is_noticed() -> None:
    periods.key_of_now(NOON)
    periods.key_of_now(NOON.replace(day=29))
    one, other = sorted(periods.folder().iterdir())
    one.write_bytes(other.read_bytes())
    with pytest.raises(KeyTrouble, match="was changed or belongs to other master keys"):
        periods.key_of("2026-11-28")


@pytest.fixture
def _own_keys(tmp_path: Path, settings: Any) -> Iterator[None]:
    """A copy of the keys, to be changed."""
    shutil.copytree(keys_folder(), tmp_path / "keys")
    settings.PLUGSELLER_HOME = tmp_path
    provider.cache_clear()
    yield
    provider.cache_clear()


@pytest.mark.django_db
@pytest.mark.usefixtures("_own_keys")
def test_a_new_master_key_takes_over_and_the_old_one_waits_for_the_horizon() -> None:
    """Data keys in backups of the period are wrapped by the old one."""
    key = periods.key_of_now(NOON)
    old = provider().current_master_id()
    done = rotate_master_key(now=NOON)
    assert done.retired == ()
    assert periods.rewrap() == 0
    assert periods.key_of("2026-11-28") == key
    assert periods.masters_in_use() == {old, done.current}
    periods.destroy("2026-11-28")
    assert rotate_master_key(now=NOON, new=False).retired == (old,)


@pytest.mark.usefixtures("_own_keys")
def test_a_master_key_made_within_the_period_is_noted_by_the_next_backup() -> None:
    periods.key_of_now(NOON)
    new = provider().add_master_key()
    periods.key_of_now(NOON)
    assert new in periods.masters_in_use()
