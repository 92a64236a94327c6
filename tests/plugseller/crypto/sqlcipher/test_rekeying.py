"""A new key for the database file: killed anywhere, refused while others use it."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from sqlcipher3 import dbapi2

from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.crypto.rekeying import rekey_database
from plugseller.crypto.services import create_data_key
from plugseller.crypto.sqlcipher import rekeying
from plugseller.crypto.sqlcipher.opening import opens
from plugseller.crypto.sqlcipher.turns import DatabaseInUse, DatabaseRefused, alone
from plugseller.crypto.starting import refuse_unusable_store
from plugseller.keyprovider import FileKeyProvider
from tests.conftest import NOW
from tests.plugseller.crypto.dying import dies_at
from tests.plugseller.crypto.sqlcipher.conftest import manage


@pytest.fixture
def database(own_keys: FileKeyProvider, tmp_path: Path) -> Iterator[Path]:
    """A copy of the test database with some rows, under keys of its own."""
    for _ in range(3):
        create_data_key(uuid.uuid4())
    path = tmp_path / "data" / "copy.db"
    path.parent.mkdir(mode=0o700)
    original = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:  # closing does it only for the last one
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert cursor.fetchone()[0] == 0
    connections.close_all()
    shutil.copy(original, path)
    connection.settings_dict["NAME"] = str(path)
    yield path
    connections.close_all()
    connection.settings_dict["NAME"] = str(original)


def keys_that_open(path: Path, folder: Path) -> list[str]:
    files = [*folder.glob("*database*.key"), *folder.glob("retired/database-*.key")]
    return [f.name for f in files if opens(path, f.read_text().strip())]


def test_the_file_opens_with_the_new_key_alone(
    database: Path, own_keys: FileKeyProvider
) -> None:
    old = own_keys.database_key().hex()
    done = rekey_database(now=NOW)
    assert done.adopted
    assert done.copied.rows > 3
    new = own_keys.database_key().hex()
    assert (opens(database, old), opens(database, new)) == (False, True)
    assert DataKey.objects.count() == 3
    assert Entry.objects.filter(event="database.rekeyed").count() == 1
    assert [p.name for p in database.parent.iterdir() if "rekeying" in p.name] == []
    assert database.stat().st_mode & 0o777 == 0o600
    connections.close_all()
    assert keys_that_open(database, own_keys.folder) == ["database.key"]


def test_killed_at_every_step_it_opens_and_the_next_run_finishes(
    database: Path, own_keys: FileKeyProvider
) -> None:
    step = 0
    while True:
        step += 1
        died = dies_at(step, lambda: rekey_database(now=NOW))
        # As a process that runs already, and as one that starts:
        assert DataKey.objects.count() == 3, f"after step {step}"
        refuse_unusable_store()
        assert DataKey.objects.count() == 3
        connections.close_all()
        assert opens(database, own_keys.database_key().hex())
        if not died:
            break
        if step % 4 == 0:  # each time would take long, and is the same
            rekey_database(now=NOW)
            assert own_keys.next_database_key() is None
            assert DataKey.objects.count() == 3
    assert step > 20


def test_it_is_refused_while_another_process_has_it_open(
    database: Path, own_keys: FileKeyProvider
) -> None:
    before, ready, done = database.read_bytes(), *os.pipe()
    child = os.fork()
    if child == 0:
        DataKey.objects.count()
        os.write(done, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    try:
        with pytest.raises(DatabaseInUse, match="stop the site and the workers"):
            rekey_database(now=NOW)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert database.read_bytes() == before
    assert rekey_database(now=NOW).adopted


def test_it_is_refused_while_another_program_has_it_open(
    database: Path, own_keys: FileKeyProvider
) -> None:
    """One that doesn't know of our lock: SQLite's own tells of it."""
    hold = (
        "import sys\nfrom sqlcipher3 import dbapi2\nc = dbapi2.connect(sys.argv[1])\n"
        "c.execute('PRAGMA key = \"x\\'' + sys.stdin.readline().strip() + '\\'\"')\n"
        "c.execute('PRAGMA journal_mode=WAL')\n"
        "c.execute('SELECT count(*) FROM crypto_datakey').fetchone()\n"
        "print('open', flush=True)\nsys.stdin.readline()\n"
    )
    key = own_keys.database_key().hex()
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write(f"{key}\n")
        other.stdin.flush()
        assert other.stdout.readline() == "open\n"
        with pytest.raises(DatabaseInUse, match="open in another program"):
            rekey_database(now=NOW)
        other.stdin.write("\n")
    assert opens(database, key)


def test_a_copy_that_lost_a_row_takes_no_place(
    database: Path, own_keys: FileKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, contents = own_keys.database_key().hex(), rekeying._contents

    def one_less(copy: Any) -> Any:
        copy.isolation_level = None
        if copy.execute("PRAGMA database_list").fetchone()[2].endswith("rekeying"):
            return contents(copy)[1:]
        return contents(copy)

    monkeypatch.setattr(rekeying, "_contents", one_less)
    with pytest.raises(DatabaseRefused, match="isn't the same"):
        rekey_database(now=NOW)
    assert opens(database, key)
    assert list(database.parent.glob("*rekeying*")) == []


def test_too_little_space_is_seen_before(
    database: Path, own_keys: FileKeyProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "_SPARE", 2**60)
    with pytest.raises(DatabaseRefused, match="too little space"):
        rekey_database(now=NOW)
    assert DataKey.objects.count() == 3


def test_an_operator_finishes_what_comes_from_variables(
    home: Path, tmp_path: Path
) -> None:
    key = (home / "keys" / "database.key").read_text().strip()
    told = {
        "KEY_PROVIDER": "environment",
        "MASTER_KEYS": "1=" + next(home.glob("keys/master-*")).read_text().strip(),
        "AUDIT_KEYS": "1=" + next(home.glob("keys/audit-*")).read_text().strip(),
        "DATABASE_KEY": key,
        "SECRET_KEY": "x" * 60,
    }
    assert "set NEXT_DATABASE_KEY" in manage(home, "rekey_database", **told).stderr
    both = told | {"NEXT_DATABASE_KEY": os.urandom(32).hex()}
    done = manage(home, "rekey_database", **both)
    assert "Now set DATABASE_KEY to what NEXT_DATABASE_KEY holds" in done.stdout
    assert manage(home, "verify_encryption", **both).returncode == 0
    assert "doesn't open with this key" in manage(home, "sync", **told).stderr
    moved = told | {"DATABASE_KEY": both["NEXT_DATABASE_KEY"]}
    assert manage(home, "verify_encryption", **moved).returncode == 0


def test_a_connection_ends_its_use_when_it_is_closed(database: Path) -> None:
    DataKey.objects.count()
    kind = type(connection.connection)
    assert issubclass(kind, dbapi2.Connection)
    connections.close_all()
    alone(database, seconds=0).end()
