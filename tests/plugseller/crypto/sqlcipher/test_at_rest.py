"""The bytes on the disk reveal no schema and no value; trouble loses no row."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlcipher3.dbapi2
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import (
    DatabaseError,
    OperationalError,
    connection,
    transaction,
)
from django.db.utils import ConnectionHandler
from sqlcipher3 import dbapi2

from plugseller.crypto.models import DataKey
from plugseller.crypto.sqlcipher.base import database_path
from plugseller.crypto.sqlcipher.opening import create_database, open_database
from plugseller.crypto.sqlcipher.turns import DatabaseRefused
from tests.plugseller.crypto.app.models import Account, Thing
from tests.plugseller.crypto.conftest import SECRET
from tests.plugseller.crypto.sqlcipher.conftest import manage

Search = Callable[[list[Path], list[bytes]], dict[str, int]]
WORDS = [
    b"SQLite format 3",
    b"CREATE TABLE",
    b"crypto_examples_thing",
    b"django_migrations",
    b"QUAGGA",
    SECRET.encode(),
]
KEY = "0123456789abcdef" * 4


def beside(database: Path) -> list[Path]:
    return sorted(database.parent.glob(f"{database.name}*"))


def test_main_file_and_log_reveal_nothing(
    database_file: Path, account: Account, found_on_disk: Search
) -> None:
    Thing.objects.bulk_create(
        [Thing(name=f"QUAGGA {n}", facts={"QUAGGA": n}) for n in range(2_000)]
    )
    files = beside(database_file)
    assert {path.name.removeprefix(database_file.name) for path in files} == {
        "",
        "-wal",
        "-shm",
    }
    found = found_on_disk(files, WORDS)
    assert found["size"] > 200_000
    assert found["hits"] == 0


def test_a_rollback_journal_reveals_nothing(
    tmp_path: Path, found_on_disk: Search
) -> None:
    database = tmp_path / "journal.db"
    create_database(database, KEY)
    writer = open_database(database, KEY, {"isolation_level": None})
    writer.execute("PRAGMA journal_mode=DELETE")
    writer.execute("CREATE TABLE crypto_examples_thing (a)")
    writer.execute(
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) "
        "INSERT INTO crypto_examples_thing SELECT 'QUAGGA' || i FROM n"
    )
    writer.execute("PRAGMA cache_size=2")
    writer.execute("BEGIN")
    writer.execute("UPDATE crypto_examples_thing SET a = a || 'QUAGGA'")
    files = beside(database)
    assert [path.name for path in files] == ["journal.db", "journal.db-journal"]
    found = found_on_disk(files, WORDS)
    assert found["size"] > 100_000
    assert found["hits"] == 0
    writer.execute("ROLLBACK")
    writer.close()


def test_backups_reveal_nothing_and_none_is_made_in_plain(
    tmp_path: Path, found_on_disk: Search
) -> None:
    create_database(tmp_path / "whole.db", KEY)
    whole = open_database(tmp_path / "whole.db", KEY, {"isolation_level": None})
    whole.execute("CREATE TABLE crypto_examples_thing (a)")
    rows = [(f"QUAGGA {n}",) for n in range(2_000)]
    whole.executemany("INSERT INTO crypto_examples_thing VALUES (?)", rows)
    vacuumed, copied = tmp_path / "vacuumed.db", tmp_path / "copied.db"
    whole.execute("VACUUM INTO ?", [str(vacuumed)])
    create_database(copied, KEY)
    target = open_database(copied, KEY, {})
    whole.backup(target)
    target.close()
    plain = dbapi2.connect(str(tmp_path / "plain.db"))
    with pytest.raises(dbapi2.OperationalError):
        whole.backup(plain)
    plain.close()
    whole.close()
    for backup in (vacuumed, copied):
        found = found_on_disk([backup], WORDS)
        assert found["size"] > 40_000
        assert found["hits"] == 0
        restored = open_database(backup, KEY, {})
        count = restored.execute("SELECT count(*) FROM crypto_examples_thing")
        assert count.fetchone() == (2_000,)
        restored.close()
    assert (tmp_path / "plain.db").read_bytes() == b""


def test_the_search_would_find_an_unencrypted_database(
    tmp_path: Path, found_on_disk: Search
) -> None:
    plain = sqlite3.connect(tmp_path / "plain.db")
    plain.execute("CREATE TABLE t (a)")
    plain.execute("INSERT INTO t VALUES ('QUAGGA')")
    plain.commit()
    plain.close()
    assert found_on_disk([tmp_path / "plain.db"], WORDS)["hits"] == 3


def test_a_stock_driver_reads_nothing_of_a_copy(
    database_file: Path, tmp_path: Path
) -> None:
    connection.close()
    copy = shutil.copy(database_file, tmp_path / "copy.db")
    read = (
        "import sqlite3, sys\n"
        "try: print(sqlite3.connect(sys.argv[1]).execute("
        "'SELECT * FROM sqlite_master').fetchall())\n"
        "except sqlite3.DatabaseError as error: print(error)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", read, str(copy)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "file is not a database\n"


def test_a_full_disk_is_an_operational_error_and_loses_no_row(
    database_file: Path,
) -> None:
    Thing.objects.bulk_create([Thing(name=f"kept {n}") for n in range(48)])
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(OperationalError, match="full"), transaction.atomic():
        Thing.objects.bulk_create(
            [Thing(name=f"too much {n}", raw=bytes(40_000)) for n in range(100)]
        )
    assert Thing.objects.count() == 48
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
        assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    Thing.objects.create(name="space again", raw=bytes(40_000))
    assert Thing.objects.count() == 49


@pytest.mark.django_db
def test_a_damaged_page_is_an_error_not_wrong_data(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    create_database(path, KEY)
    handler = ConnectionHandler(
        {
            "default": {
                "ENGINE": "plugseller.crypto.sqlcipher",
                "NAME": str(path),
                "OPTIONS": {"key": KEY},
            }
        }
    )
    writer = handler["default"]
    with writer.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a)")
        cursor.executemany("INSERT INTO t VALUES (%s)", [("x" * 500,)] * 100)
    writer.close()
    with path.open("r+b") as file:
        file.seek(4096 * 3 + 100)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(DatabaseError), writer.cursor() as cursor:
        cursor.execute("SELECT sum(length(a)) FROM t").fetchall()
    writer.close()


def test_a_database_is_never_made_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "there.db"
    path.write_text("something")
    with pytest.raises(DatabaseRefused, match="already there"):
        create_database(path, KEY)
    assert path.read_text() == "something"


def test_opening_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "not there.db"
    with pytest.raises(DatabaseRefused, match="There is no database"):
        open_database(path, KEY, {})
    create_database(path, KEY)
    open_database(path, KEY, {}).close()
    path.unlink()
    with pytest.raises(DatabaseRefused, match="There is no database"):
        open_database(path, KEY, {})
    assert not path.exists()


@pytest.mark.parametrize("name", ["q?mode=memory.db", "per%20cent #1.db", "ä ö.db"])
def test_odd_file_names_are_only_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    create_database(path, KEY)
    open_database(path, KEY, {}).close()
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "key", ["", "ab" * 31, "AB" * 32, "pass phrase", "ab" * 32 + "'"]
)
def test_a_key_that_sqlcipher_would_take_for_a_passphrase_is_refused(
    tmp_path: Path, key: str
) -> None:
    with pytest.raises(DatabaseRefused, match="64 hexadecimal") as trouble:
        create_database(tmp_path / "a.db", key)
    assert not key or key not in str(trouble.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "file:/tmp/x"])
def test_only_files_can_be_databases(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="path of a file"):
        database_path(name)


@pytest.mark.django_db(transaction=True)
def test_verification_passes_on_a_sound_installation(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_encryption", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["missed"] == 0
    found = {row["check"]: row["found"] for row in report["rows"]}
    assert found["driver"].startswith("SQLCipher 4.")
    assert found["data keys"] == "1 current, 0 retired opened; 0 destroyed"
    assert found["without a key"] == "doesn't open"


@pytest.mark.django_db(transaction=True)
def test_verification_fails_on_a_data_key_that_does_not_open(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    DataKey.objects.update(wrapped=bytes(77))
    with pytest.raises(SystemExit) as ended:
        call_command("verify_encryption")
    assert ended.value.code == 1
    assert str(DataKey.objects.get().pk) in capsys.readouterr().out


def test_verification_names_a_damaged_page(home: Path) -> None:
    key = (home / "keys" / "database.key").read_text().strip()
    line = sqlcipher3.dbapi2.connect(str(home / "plugseller.db"))
    line.execute(f"PRAGMA key = \"x'{key}'\"")
    asked = "SELECT rootpage FROM sqlite_master WHERE name = 'marketplaces_price'"
    [(page,)] = line.execute(asked).fetchall()  # of a table the start doesn't read
    line.close()
    with (home / "plugseller.db").open("r+b") as file:
        file.seek(page * 4096 - 100)
        file.write(b"damaged")
    run = manage(home, "verify_encryption")
    assert run.returncode == 1
    assert "1 damaged" in run.stdout
