"""The rehearsal: a backup, a deletion, an empty machine, and nothing comes back (G10).

Also threat rows 12 and 38, and edge case 20. What needs no process of its own is done
in one: most of the time a process takes is its start.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import (
    MANAGE,
    SERVER,
    Installation,
    empty_database,
    install,
)

ORDERS = 60

MAKE_SOUTH = """
from plugseller.accounts.services import create_seller
create_seller(actor=None, name="South", slug="south", time_zone="UTC")
"""
# Erases a seller: buried, written down, and walked, as a deletion request does it.
ERASE = """
from django.utils import timezone
from plugseller.accounts.models import Seller
from plugseller.custody import ledger
from plugseller.custody.replay import _erase
from plugseller.custody.services import bury
from plugseller.jobs import backups
now = timezone.now()
gone = Seller._base_manager.get(slug="{slug}").pk
bury("seller", gone, request="DEL-1", now=now)
ledger.write("seller", [gone], request="DEL-1", now=now)
_erase("seller", gone)
backups.forget_data_keys(gone)
print(gone)
"""
# The newest backup, and the last of the machine: after it North is erased.
LOSE = """
from django.utils import timezone
from plugseller.jobs import backups
from plugseller.jobs.backups import places
print(places.folder() / backups.make(timezone.now()).file)
"""
# A checkpoint in the witness that no backup knows.
SIGN = """
from plugseller.audit.checkpoints import sign_checkpoint
sign_checkpoint(timezone.now())
"""
# What of a seller is held anywhere, everybody else's rows as a digest, what is served.
TELL = """
import hashlib, json, sys
from uuid import UUID
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from marketplaces import models as m
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.jobs import standin
from plugseller.shelves import HOLDINGS, Scope

standin.look = lambda: None  # a thread that works on when this process ends
gone = {gone}
scope = Scope(seller_id=gone)
held = {{h.name: n for h in HOLDINGS.values() if (n := h.store.count(scope))}}

def told(value):
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return DjangoJSONEncoder().default(value)

digests = {{}}
for name in ("Connection", "Listing", "Order", "OrderItem", "Price", "PriceChange",
             "Product", "Stock", "StockChange"):
    rows = getattr(m, name)._base_manager.exclude(seller=gone).order_by("pk").values()
    text = json.dumps(list(rows), default=told, sort_keys=True)
    digests[name] = [len(rows), hashlib.sha256(text.encode()).hexdigest()]
other = m.Connection._base_manager.exclude(seller=gone).first()
asked = Client(HTTP_HOST="localhost")
print(json.dumps({{
    "held": held,
    "digests": digests,
    "destroyed": DataKey.objects.filter(owner=gone, destroyed_at=None).count() == 0,
    "opens": bool(other and other.credentials.reveal()),
    "served": {{a: asked.get(a).status_code
               for a in ("/readyz", "/sign-in", "/api/v1/sellers", "/admin/")}},
    "restored": Entry.objects.filter(event="backup.restored").count(),
}}))
"""
SHUT = dict.fromkeys(("/readyz", "/sign-in", "/api/v1/sellers", "/admin/"), 503)
# A restore that is killed where `{where}` is called the `{at}`-th time.
KILLED = """
import os, sys
from pathlib import Path
from django.utils import timezone
from plugseller.jobs import backups
from plugseller.jobs.backups import places
left = {at}
def killing(name, args):
    global left
    if name == "{where}" and str(args[0]).endswith(("{of}", "{of}'")):
        left -= 1
        if not left:
            os._exit(137)
sys.addaudithook(killing)
file = Path("{file}")
backups.restore(file, places.keys_file_of(file), now=timezone.now(), over={over})
"""
PUT_BACK_ONLY = """
import os
from plugseller.jobs.backups import restoring
restoring._finish = lambda *_, **__: os._exit(137)
from pathlib import Path
from django.utils import timezone
from plugseller.jobs.backups import places
file = Path("{file}")
restoring.restore(file, places.keys_file_of(file), now=timezone.now())
"""
# Dies at the k-th statement of the replay, for ever later ones until it is through.
REPLAY_DYING = """
import os, sys
from django.db import connection, connections
from django.utils import timezone
from plugseller.jobs import backups
from plugseller.jobs.backups import restoring

restoring.call_command("migrate", verbosity=0, skip_checks=True)
restoring.call_command = lambda *_, **__: None
step, k, deaths = 7, 1, 0
while True:
    connections.close_all()
    child = os.fork()
    if child == 0:
        left = k
        def fault(execute, sql, params, many, context):
            global left
            left -= 1
            if left == 0:
                os._exit(137)
            return execute(sql, params, many, context)
        try:
            with connection.execute_wrapper(fault):
                backups.finish(timezone.now())
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        break
    assert code == 137, code
    deaths += 1
    k += step
print(deaths)
"""


@dataclass
class Rehearsal:
    """What is known before the machine is lost."""

    lost: Installation
    north: str
    old: str  # a backup of before anything was erased
    file: str  # the newest of before North was erased
    after: dict[str, Any]  # what is told once North is gone


def shell(made: Installation, script: str) -> str:
    return made.command("shell", "-v0", "-c", script)


def tell(made: Installation, gone: str, *commands: str) -> dict[str, Any]:
    """What is held and served, once the commands went well in the same process."""
    script = "from django.core.management import call_command\n"
    script += "".join(f"call_command({one!r})\n" for one in commands)
    script += TELL.format(gone=f'UUID("{gone}")')
    told: dict[str, Any] = json.loads(shell(made, script).splitlines()[-1])
    return told


def run(made: Installation, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*MANAGE, *words],
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=120,
        input="",
    )


def refused(made: Installation, *words: str) -> str:
    ran = run(made, *words)
    assert ran.returncode == 1, ran.stdout
    assert "Traceback" not in ran.stderr
    return ran.stdout + ran.stderr


def killed(made: Installation, script: str) -> None:
    ran = run(made, "shell", "-v0", "-c", script)
    assert ran.returncode == 137, ran.stderr


def left_behind(made: Installation) -> list[str]:
    return [path.name for path in made.home.glob(".*") if path.suffix != ".lock"]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    tmp_path = tmp_path_factory.mktemp("rehearsal")
    with Simulator(orders=ORDERS, listings=5, limits=False) as simulator:
        made = install(tmp_path / "home", simulator)
        made.environment["BACKUP_FOLDER"] = str(tmp_path / "backups")
        shell(made, MAKE_SOUTH)
        made.connect(simulator, "north-amazon-na", "listings", "orders")
        made.connect(simulator, "south-amazon-na", "orders", seller="south")
        syncing = made.begin("sync")
        old = json.loads(made.command("backup", "--json"))["rows"][0]["file"]
        syncing.communicate(timeout=120)
        assert syncing.returncode == 0
        script = LOSE + ERASE.format(slug="north") + SIGN + TELL.format(gone="gone")
        file, north, told = shell(made, script).splitlines()
        after = json.loads(told)
        assert after["held"] == {}
        assert after["digests"]["Order"][0] == ORDERS
        yield Rehearsal(made, north, old, file, after)
        made.remove()


@pytest.fixture
def machine(rehearsal: Rehearsal, tmp_path: Path) -> Iterator[Installation]:
    """An empty one, with what an operator has kept elsewhere."""
    home = tmp_path / "machine"
    home.mkdir(mode=0o700)
    for name in ("keys", "period-keys", "backup-keys", "ledger", "witness"):
        shutil.copytree(rehearsal.lost.home / name, home / name)
    made = Installation(
        home,
        {
            **rehearsal.lost.environment,
            "PLUGSELLER_HOME": str(home),
            "DATABASE_URL": empty_database() if SERVER else "",
        },
    )
    yield made
    made.remove()


def test_what_was_erased_after_the_backup_does_not_come_back(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    told = json.loads(machine.command("restore", rehearsal.file, "--json"))
    [row] = told["rows"]
    assert row["lines of the ledger"] == row["found here"] == 1
    assert row["rows erased"] > ORDERS
    after = {**rehearsal.after, "restored": 1}
    assert after["opens"]  # South's credentials, with the data keys put back
    assert after["served"]["/readyz"] == 200
    assert tell(machine, rehearsal.north, "verify_encryption") == after
    seen = json.loads(machine.command("verify_audit", "--json"))
    assert seen["whole"]
    assert "an older copy of the database was put back" in seen["notes"][0]
    # There is a database now, and it is left as it is.
    assert "There is a database already" in refused(machine, "restore", rehearsal.file)
    assert "isn't its name" in refused(machine, "restore", rehearsal.file, "--over")
    name = machine.environment["DATABASE_URL"].rpartition("/")[2] or "plugseller.db"
    machine.command("restore", rehearsal.file, "--over", given=f"{name}\n")
    assert tell(machine, rehearsal.north) == after
    assert left_behind(machine) == []


def test_nothing_is_served_before_the_ledger_is_replayed(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    """Killed right after the database was there: the gate is shut all the same."""
    killed(machine, PUT_BACK_ONLY.format(file=rehearsal.file))
    told = tell(machine, rehearsal.north)
    assert told["served"] == SHUT
    assert told["held"]["marketplaces.Order"] == ORDERS
    for words in (["sync"], ["tick"], ["qcluster"], ["backup"]):
        assert "replay_deletions" in refused(machine, *words), words
    deaths = int(shell(machine, REPLAY_DYING))
    assert deaths > 10
    after = tell(machine, rehearsal.north, "verify_audit")
    assert (after["held"], after["digests"]) == ({}, rehearsal.after["digests"])
    assert after["served"]["/readyz"] == 200


@pytest.mark.skipif(bool(SERVER), reason="a transaction of PostgreSQL's puts it back")
@pytest.mark.parametrize(
    ("where", "of", "over"),
    [
        ("open", ".part", False),  # before anything was received
        ("os.rename", ".part", False),  # the new one is whole, beside its place
        ("os.remove", "plugseller.db", True),  # the old one is about to go
        ("os.remove", "plugseller.db-wal", True),  # it went, what is beside it not
        ("os.rename", ".part", True),  # there is neither
    ],
)
def test_a_restore_killed_anywhere_serves_nothing_old_and_is_begun_anew(
    rehearsal: Rehearsal, machine: Installation, where: str, of: str, *, over: bool
) -> None:
    database = machine.home / "plugseller.db"
    if over:
        shutil.copy(rehearsal.lost.home / database.name, database)
        wal = machine.home / "plugseller.db-wal"
        wal.write_bytes(b"of the database that is there")
    before = database.read_bytes() if over else None
    script = KILLED.format(where=where, of=of, over=over, at=1, file=rehearsal.file)
    killed(machine, script)
    if database.exists():
        assert database.read_bytes() == before
        assert wal.read_bytes() == b"of the database that is there"
        database.unlink()
    told = json.loads(machine.command("restore", rehearsal.file, "--json"))
    assert told["rows"][0]["found here"] == 1
    assert left_behind(machine) == []  # the killed one's copy held North


def test_a_ledger_that_is_missing_or_older_is_refused_before_anything_is_touched(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    """The oldest backup knows of no erasure: only other backups and the file do."""
    kept = machine.home / "ledger" / "deletions.jsonl"
    whole = kept.read_text()
    newer = json.loads(rehearsal.lost.command("backup", "--json"))["rows"][0]["file"]
    shutil.copy(
        rehearsal.lost.home / "backup-keys" / f"{Path(newer).stem}.keys",
        machine.home / "backup-keys",
    )
    try:
        for ledger in ("", whole.replace("DEL-1", "DEL-2")):
            kept.write_text(ledger)
            told = refused(machine, "restore", rehearsal.old)
            assert "put back your copy of the ledger" in told
        kept.unlink()
        assert "no deletion ledger at" in refused(machine, "restore", rehearsal.old)
        told = refused(machine, "restore", rehearsal.old, "--ledger-lost")
        assert "put back your copy" in told  # it has to be confirmed
        assert not (machine.home / "plugseller.db").exists()
        machine.command("restore", newer, "--ledger-lost", given="there is no copy\n")
        # What the backup itself knows to be erased is in the new ledger.
        assert json.loads(kept.read_text())["request"] == "DEL-1"
        assert tell(machine, rehearsal.north)["held"] == {}
    finally:
        Path(newer).unlink()


def test_two_at_once_and_one_that_is_served_meanwhile_are_refused(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    lock = os.open(machine.home / ".putting-back.lock", os.O_WRONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    told = refused(machine, "restore", rehearsal.file)
    os.close(lock)
    assert "Another process is putting a backup back" in told
    if not SERVER:
        folder = os.open(machine.home, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_SH)  # as each connection does
        told = refused(machine, "restore", rehearsal.file)
        os.close(folder)
        assert "in use by another process" in told
        assert not (machine.home / "plugseller.db").exists()
        return
    with psycopg.connect(machine.environment["DATABASE_URL"]):
        told = refused(machine, "restore", rehearsal.file)
        assert "1 others are connected" in told


@pytest.mark.skipif(not SERVER, reason="SQLCipher's lock keeps everybody out")
def test_who_connects_while_it_is_put_back_is_refused_too(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    """A service that comes back between the look and the locks."""
    script = f"""
import psycopg
from pathlib import Path
from django.utils import timezone
from plugseller.jobs import backups
from plugseller.jobs.backups import places, server
server.refuse_company = lambda: None
file = Path("{rehearsal.file}")
with psycopg.connect("{machine.environment["DATABASE_URL"]}") as link:
    link.execute("SELECT 1")
    try:
        backups.restore(file, places.keys_file_of(file), now=timezone.now())
    except backups.BackupTrouble as error:
        print(error)
print(server.is_empty())
"""
    told = shell(machine, script)
    assert "others connected meanwhile" in told
    assert "True" in told


@pytest.mark.skipif(not SERVER, reason="SQLCipher's scratch place is a folder")
def test_a_killed_proof_leaves_no_open_copy_on_the_server(
    rehearsal: Rehearsal,
) -> None:
    """The scratch database isn't sealed, and no deletion walks there."""
    script = f"""
import os
from pathlib import Path
from django.utils import timezone
from plugseller.jobs import backups
from plugseller.jobs.backups import places, verifying
verifying.figures = lambda *_: os._exit(137)
file = Path("{rehearsal.file}")
backups.verify(file, places.keys_file_of(file), now=timezone.now())
"""
    killed(rehearsal.lost, script)
    asked = (
        "from plugseller.jobs.backups.server import _ask, _scratches\n"
        "from django.db import connection\n"
        "names = _ask(connection)('SELECT datname FROM pg_database')\n"
        "print(sum(n.startswith(_scratches()) for (n,) in names))"
    )
    assert shell(rehearsal.lost, asked).strip() == "1"
    rehearsal.lost.command("backup", "--expire")  # the job does so every ten minutes
    assert shell(rehearsal.lost, asked).strip() == "0"


@pytest.mark.skipif(bool(SERVER), reason="it is a file that is copied by hand")
def test_a_database_copied_by_hand_is_noticed(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    """As before the deletion: the copy of a day before, put in place of the newest."""
    machine.command("restore", rehearsal.file)
    database = machine.home / "plugseller.db"
    kept = database.read_bytes()
    script = ERASE.format(slug="south") + TELL.format(gone="gone")
    south, told = shell(machine, script).splitlines()
    assert json.loads(told)["held"] == {}
    database.write_bytes(kept)
    assert "names 1 erased that this database knows" in refused(machine, "sync")
    assert tell(machine, south, "replay_deletions")["held"] == {}
