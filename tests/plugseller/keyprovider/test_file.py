"""Keys in files: made once, never replaced, refused when anything is odd."""

import multiprocessing
from pathlib import Path

import pytest

from plugseller.keyprovider import FileKeyProvider, KeyTrouble, make_keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    make_keys(folder)
    return folder


def master_file(folder: Path) -> Path:
    return next(folder.glob("master-*.key"))


def test_keys_are_made_private_and_all_different(folder: Path) -> None:
    files = sorted(folder.iterdir())
    assert len(files) == 4
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len({file.read_bytes() for file in files}) == 4
    provider = FileKeyProvider(folder)
    master = provider.master_key(provider.current_master_id())
    assert len(master) == len(provider.database_key()) == 32
    assert master != provider.database_key()


def test_keys_are_never_made_over_others(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert make_keys(folder) == []
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_what_is_missing_is_made_and_what_is_there_stays(folder: Path) -> None:
    master = master_file(folder).read_bytes()
    (folder / "database.key").unlink()
    assert make_keys(folder) == ["database.key"]
    assert master_file(folder).read_bytes() == master


def test_processes_that_start_at_once_make_one_set_of_keys(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(make_keys, [folder] * 8)
    assert sum(map(len, made)) == 4
    assert len(list(folder.iterdir())) == 4


def test_an_older_master_key_still_opens(folder: Path) -> None:
    provider = FileKeyProvider(folder)
    old = provider.current_master_id()
    old_key = provider.master_key(old)
    new = provider.add_master_key()
    assert provider.current_master_id() == new != old
    assert provider.master_key(old) == old_key != provider.master_key(new)


def test_an_older_signing_key_still_verifies(folder: Path) -> None:
    provider = FileKeyProvider(folder)
    old = provider.current_signing_id()
    old_key = provider.signing_key(old)
    new = provider.add_signing_key()
    assert provider.signing_ids() == [old, new]
    assert provider.current_signing_id() == new
    assert provider.signing_key(old) == old_key != provider.signing_key(new)


def test_a_master_key_is_no_signing_key(folder: Path) -> None:
    provider = FileKeyProvider(folder)
    master = provider.current_master_id()
    (folder / f"audit-{master}.key").write_bytes(master_file(folder).read_bytes())
    (folder / f"audit-{master}.key").chmod(0o600)
    with pytest.raises(KeyTrouble, match="another key"):
        provider.signing_key(master)


def test_the_tenth_thousandth_master_key_is_the_current_one(folder: Path) -> None:
    provider = FileKeyProvider(folder)
    first = provider.current_master_id()
    key_file = folder / f"master-{first}.key"
    key_file.rename(folder / f"master-9999-{first[5:]}.key")
    assert provider.add_master_key().startswith("10000-")
    assert provider.current_master_id().startswith("10000-")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_that_others_may_touch_is_refused(folder: Path, mode: int) -> None:
    (folder / "database.key").chmod(mode)
    with pytest.raises(KeyTrouble, match="chmod 600"):
        FileKeyProvider(folder).database_key()


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o711])
def test_a_folder_that_others_may_touch_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    provider = FileKeyProvider(folder)
    for ask in (provider.database_key, provider.current_master_id):
        with pytest.raises(KeyTrouble, match="chmod 700"):
            ask()


@pytest.mark.parametrize(
    "content",
    ["", "ab" * 31, "ab" * 31 + "a", "ab" * 33, "AB" * 32, "zz" * 32, "ab" * 5_000],
)
def test_what_is_not_a_key_is_refused(folder: Path, content: str) -> None:
    (folder / "database.key").write_text(content)
    with pytest.raises(KeyTrouble, match="64 hexadecimal digits") as trouble:
        FileKeyProvider(folder).database_key()
    assert not content or content not in str(trouble.value)


def test_a_master_key_in_the_file_of_another_is_refused(folder: Path) -> None:
    master_file(folder).write_text("ab" * 32)
    provider = FileKeyProvider(folder)
    with pytest.raises(KeyTrouble, match="another key than its name says"):
        provider.master_key(provider.current_master_id())


@pytest.mark.parametrize("key_id", ["", "../database", "0001", "0001-ffffffffffff"])
def test_a_master_key_that_is_not_held_is_refused(folder: Path, key_id: str) -> None:
    with pytest.raises(KeyTrouble):
        FileKeyProvider(folder).master_key(key_id)


def test_missing_files_and_folders_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyTrouble, match=r"no-such is missing.*manage\.py init"):
        FileKeyProvider(tmp_path / "no-such").database_key()
    (folder / "database.key").unlink()
    with pytest.raises(KeyTrouble, match=r"database\.key is missing"):
        FileKeyProvider(folder).database_key()
    master_file(folder).unlink()
    with pytest.raises(KeyTrouble, match="no master key"):
        FileKeyProvider(folder).current_master_id()


def test_a_refusal_is_one_sentence_without_a_key(folder: Path) -> None:
    key = (folder / "database.key").read_text().strip()
    (folder / "database.key").chmod(0o644)
    with pytest.raises(KeyTrouble) as trouble:
        FileKeyProvider(folder).database_key()
    text = str(trouble.value)
    assert key not in text
    assert text.endswith(".")
    assert "\n" not in text
