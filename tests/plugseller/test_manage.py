"""manage.py refuses in one sentence with exit status 1, and never with a traceback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.embedded import in_the_embedded_run

pytestmark = in_the_embedded_run

ROOT = Path(__file__).resolve().parents[2]


def manage(home: Path, *arguments: str, **more: str) -> tuple[int, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PLUGSELLER_HOME": str(home),
        "PLUGSELLER_ENV": "demo",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.strip()


def refused(told: tuple[int, str]) -> str:
    status, text = told
    assert status == 1
    assert len(text.splitlines()) == 1, text
    return text


def test_an_unknown_environment_is_named(tmp_path: Path) -> None:
    assert "PLUGSELLER_ENV must be" in refused(
        manage(tmp_path, "check", PLUGSELLER_ENV="staging")
    )


def test_a_number_that_isnt_one_is_named(tmp_path: Path) -> None:
    assert "JOB_WORKERS must be a whole number" in refused(
        manage(tmp_path, "check", JOB_WORKERS="many")
    )


@pytest.mark.parametrize("name", ["ebay", "amazon.access", "..", "adapters"])
def test_an_unknown_marketplace_is_named_with_those_there_are(
    tmp_path: Path, name: str
) -> None:
    told = refused(manage(tmp_path, "check", MARKETPLACES=f"amazon,{name}"))
    assert f"“{name}”" in told
    assert "There are: amazon, walmart." in told


@pytest.mark.parametrize("value", ["SANDBOX", "staging"])
def test_the_variable_of_amazons_library_is_refused_by_name(
    tmp_path: Path, value: str
) -> None:
    assert "AWS_ENV" in refused(manage(tmp_path, "check", AWS_ENV=value))


def test_an_unknown_database_is_refused_without_quoting_its_address(
    tmp_path: Path,
) -> None:
    told = refused(manage(tmp_path, "check", DATABASE_URL="mysql://me:secret@host/db"))
    assert "must be a PostgreSQL address" in told
    assert "secret" not in told


def test_missing_keys_are_refused(tmp_path: Path) -> None:
    assert "manage.py init" in refused(manage(tmp_path, "sync"))
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "var"
    status, text = manage(folder, "init")
    assert status == 0, text
    return folder


WEB_KEYS: dict[str, tuple[bytes, int, str]] = {
    "open": (b"a" * 64, 0o644, "can be read by others"),
    "short": (b"abc", 0o600, "64 hexadecimal digits"),
    "empty": (b"", 0o600, "64 hexadecimal digits"),
    "no text": (b"\xff" * 64, 0o600, "64 hexadecimal digits"),
}


@pytest.mark.parametrize("trouble", WEB_KEYS)
def test_the_key_of_the_sessions_is_kept_like_the_others(
    home: Path, trouble: str
) -> None:
    content, mode, words = WEB_KEYS[trouble]
    key = home / "keys" / "web.key"
    kept = key.read_bytes()
    try:
        key.write_bytes(content)
        key.chmod(mode)
        told = refused(manage(home, "sync"))
    finally:
        key.write_bytes(kept)
        key.chmod(0o600)
    assert words in told
    assert "web.key" in told


def test_a_secret_file_that_isnt_text_is_named_and_not_quoted(tmp_path: Path) -> None:
    binary = tmp_path / "secret"
    binary.write_bytes(b"\xffZEBRA")
    told = refused(manage(tmp_path, "check", AMAZON_CLIENT_SECRET_FILE=str(binary)))
    assert "AMAZON_CLIENT_SECRET_FILE" in told
    assert "ZEBRA" not in told


def test_a_missing_database_file_is_refused_and_not_made(home: Path) -> None:
    database = home / "plugseller.db"
    away = database.rename(home / "away.db")
    try:
        assert "There is no database at" in refused(manage(home, "sync"))
        assert not database.exists()
    finally:
        away.rename(database)


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda h: (h / "plugseller.db").unlink(), "There is no database"),
    "open master key": (
        lambda h: next(h.glob("keys/master-*")).chmod(0o644),
        "can be read by others",
    ),
    "no audit key": (lambda h: next(h.glob("keys/audit-*")).unlink(), "no audit key"),
}


@pytest.mark.parametrize("trouble", UNUSABLE)
def test_neither_site_nor_workers_start_on_what_cant_be_used(
    home: Path, tmp_path: Path, trouble: str
) -> None:
    broken = shutil.copytree(home, tmp_path / "var")
    spoil, words = UNUSABLE[trouble]
    spoil(broken)
    assert words in refused(manage(broken, "qcluster"))
    assert words in refused(manage(broken, "rotate_keys"))
    served = subprocess.run(
        [sys.executable, "-c", "import plugseller.wsgi"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PLUGSELLER_HOME": str(broken),
            "PLUGSELLER_ENV": "demo",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert served.returncode == 3
    assert words in served.stderr
    assert len(served.stderr.splitlines()) == 1
    assert len(list(broken.glob("keys/master-*"))) == 1


def test_a_database_server_that_doesnt_answer_is_refused(home: Path) -> None:
    address = "postgres://me:secret@127.0.0.1:1/plugseller"
    told = refused(manage(home, "sync", DATABASE_URL=address))
    assert "The database can't be used now" in told
    assert "secret" not in told


def test_a_folder_where_a_file_should_be_is_named(home: Path) -> None:
    (home / "demo-accounts.json").mkdir()
    try:
        status, text = manage(home, "demo", "--no-serve")
    finally:
        (home / "demo-accounts.json").rmdir()
    assert status == 1
    assert "demo-accounts.json can't be used (Is a directory)" in text
    assert "Traceback" not in text


def test_an_unknown_seller_is_refused(home: Path) -> None:
    assert "no seller “nobody”" in refused(manage(home, "sync", "--seller", "nobody"))


def test_the_traceback_is_there_for_those_who_ask(tmp_path: Path) -> None:
    status, text = manage(tmp_path, "sync", "--traceback")
    assert status == 1
    assert "Traceback" in text
