"""What doesn't fit is refused with one sentence, exit status 1, nothing touched."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from tests.plugseller.crypto.sqlcipher.conftest import (
    Finished,
    fingerprint,
    manage,
)

DATABASE = "plugseller.db"
KEY = "keys/database.key"


def refused(run: Finished, words: str) -> None:
    assert run.returncode == 1, run.stdout
    assert run.stdout == ""
    assert words in run.stderr
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert "hmac" not in run.stderr


def private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(0o600)


def plain_database(home: Path, journal: str) -> None:
    (home / DATABASE).unlink()
    plain = sqlite3.connect(home / DATABASE)
    plain.execute(f"PRAGMA journal_mode={journal}")
    plain.execute("CREATE TABLE t (a)")
    plain.commit()
    plain.close()


def remove_master(home: Path) -> None:
    next(home.glob("keys/master-*")).unlink()


TROUBLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database key": (lambda h: (h / KEY).unlink(), "database.key is missing"),
    "no master key": (remove_master, "no master key"),
    "no keys folder": (lambda h: (h / "keys").rename(h / "k"), "keys is missing"),
    "short key": (lambda h: private(h / KEY, "ab" * 10), "64 hexadecimal digits"),
    "empty key": (lambda h: private(h / KEY, ""), "64 hexadecimal digits"),
    "wrong key": (lambda h: private(h / KEY, "ab" * 32), "doesn't open with this key"),
    "wrong master key": (
        lambda h: private(next(h.glob("keys/master-*")), "ab" * 32),
        "another key than its name says",
    ),
    "open key": (lambda h: (h / KEY).chmod(0o644), "can be read by others"),
    "open folder": (lambda h: (h / "keys").chmod(0o755), "open to others"),
    "no database": (lambda h: (h / DATABASE).unlink(), "There is no database"),
    "empty database": (lambda h: private(h / DATABASE, ""), "is empty"),
    "rubbish": (
        lambda h: (h / DATABASE).write_bytes(os.urandom(8192)),
        "doesn't open with this key",
    ),
    "half a page": (lambda h: os.truncate(h / DATABASE, 2000), "doesn't open"),
    "plain": (lambda h: plain_database(h, "delete"), "isn't encrypted"),
    "plain with a log": (lambda h: plain_database(h, "wal"), "isn't encrypted"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_is_one_sentence_and_touches_nothing(home: Path, trouble: str) -> None:
    make, words = TROUBLES[trouble]
    make(home)
    before = fingerprint(home)
    refused(manage(home, "migrate", "--skip-checks"), words)
    assert fingerprint(home) == before


def test_a_driver_without_sqlcipher_is_refused(home: Path, tmp_path: Path) -> None:
    """The standard library's driver takes any key and writes plain text."""
    impostor = tmp_path / "impostor" / "sqlcipher3"
    impostor.mkdir(parents=True)
    (impostor / "__init__.py").write_text("from . import dbapi2\n")
    (impostor / "dbapi2.py").write_text("from sqlite3.dbapi2 import *\n")
    before = fingerprint(home)
    run = manage(home, "migrate", "--skip-checks", PYTHONPATH=str(impostor.parent))
    refused(run, "isn't SQLCipher")
    assert fingerprint(home) == before
    (home / DATABASE).unlink()
    run = manage(home, "init", PYTHONPATH=str(impostor.parent))
    refused(run, "isn't SQLCipher")
    assert not (home / DATABASE).exists()


def test_a_wrong_key_leaves_an_unfinished_log_alone(home: Path) -> None:
    """SQLite would fold the log of a killed process into the file when it closes."""
    key = (home / KEY).read_text().strip()
    write_and_die = (
        "import os, sys\n"
        "from sqlcipher3 import dbapi2\n"
        "c = dbapi2.connect(sys.argv[1])\n"
        "c.execute('PRAGMA key = \"x\\'' + sys.stdin.read() + '\\'\"')\n"
        "c.execute('CREATE TABLE survivor (a)')\n"
        "os._exit(0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", write_and_die, str(home / DATABASE)],
        input=key,
        text=True,
        check=True,
    )
    assert (home / f"{DATABASE}-wal").stat().st_size > 0
    private(home / KEY, "ab" * 32)
    before = fingerprint(home)
    refused(manage(home, "migrate", "--skip-checks"), "doesn't open with this key")
    assert fingerprint(home) == before
    private(home / KEY, key)
    count = (
        "from django.db import connection as c; "
        "print('survivor' in c.introspection.table_names())"
    )
    assert manage(home, "shell", "-c", count).stdout.strip().endswith("True")


def test_a_file_left_in_the_midst_of_a_checkpoint_opens(home: Path) -> None:
    """The log is folded in page by page, the first page first; a kill may come then."""
    file, log = home / DATABASE, home / f"{DATABASE}-wal"
    before = file.read_bytes()
    key = (home / KEY).read_text().strip()
    writer = dbapi2.connect(str(file))
    writer.execute(f"PRAGMA key = \"x'{key}'\"")
    writer.execute("CREATE TABLE survivor (a)")
    writer.executemany("INSERT INTO survivor VALUES (?)", [("x" * 900,)] * 200)
    writer.commit()
    unfinished = log.read_bytes()
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()
    first = file.read_bytes()[:4096]
    file.write_bytes(first + before[4096:])
    private(log, "")
    log.write_bytes(unfinished)
    count = (
        "from django.db import connection as c; "
        "print(c.cursor().execute('SELECT count(*) FROM survivor').fetchone())"
    )
    run = manage(home, "shell", "-v0", "-c", count)
    assert (run.returncode, run.stdout.strip()) == (0, "(200,)"), run.stderr
    private(home / KEY, "ab" * 32)
    file.write_bytes(first + before[4096:])
    refused(manage(home, "migrate", "--skip-checks"), "doesn't open with this key")


def test_a_damaged_database_is_named_so(home: Path) -> None:
    file = home / DATABASE
    file.write_bytes(file.read_bytes()[: 4096 * 5])
    run = manage(home, "sync")
    assert run.returncode == 1
    assert "The database is damaged" in run.stderr
    assert "Traceback" not in run.stderr


def test_there_is_no_database_shell(home: Path) -> None:
    run = manage(home, "dbshell")
    assert run.returncode == 1
    assert "There is no database shell" in run.stderr
    assert (home / KEY).read_text().strip() not in run.stdout + run.stderr


def test_a_second_init_changes_nothing_and_says_so(home: Path) -> None:
    before = fingerprint(home)
    run = manage(home, "init")
    assert run.returncode == 0
    assert run.stdout == "Everything is in place; nothing was changed.\n"
    assert fingerprint(home) == before


def test_init_makes_everything_private(home: Path) -> None:
    modes = {name: oct(mode)[-3:] for name, (mode, _) in fingerprint(home).items()}
    assert modes.pop("keys") == "700"
    assert set(modes.values()) == {"600"}
    assert {"plugseller.db", "keys/database.key", "keys/web.key"} <= set(modes)
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("missing", ["database.key", "master-*", "audit-*", "*"])
def test_init_makes_no_new_key_for_an_old_database(home: Path, missing: str) -> None:
    for path in list((home / "keys").glob(missing)):
        path.unlink()
    before = fingerprint(home)
    refused(manage(home, "init"), "new ones wouldn't fit it")
    assert fingerprint(home) == before


def test_init_makes_no_new_database_for_an_old_log(home: Path) -> None:
    (home / DATABASE).rename(home / f"{DATABASE}-wal")
    before = fingerprint(home)
    refused(manage(home, "init"), "write-ahead log is there")
    assert fingerprint(home) == before


def test_init_takes_up_where_an_interrupted_one_stopped(home: Path) -> None:
    (home / DATABASE).unlink()
    (home / "keys/web.key").unlink()
    keys = {p.name: p.read_text() for p in (home / "keys").iterdir()}
    run = manage(home, "init")
    assert run.returncode == 0
    assert "Made: key web.key" in run.stdout
    assert "database.key" not in run.stdout
    assert (
        keys.items()
        <= {p.name: p.read_text() for p in (home / "keys").iterdir()}.items()
    )
    assert manage(home, "migrate", "--check", "--skip-checks").returncode == 0


def test_a_data_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = manage(tmp_path / "file" / "var", "init")
    refused(run, "can't be made")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
