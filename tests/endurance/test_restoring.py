"""The rehearsal: a backup, a deletion, an empty machine, and nothing comes back (G10).

Also threat rows 12 and 38, and edge case 20.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import (
    MANAGE,
    SERVER,
    Installation,
    empty_database,
    install,
)

ORDERS = 300

MAKE_SOUTH = """
from plugseller.accounts.services import create_seller
create_seller(actor=None, name="South", slug="south", time_zone="UTC")
"""
# Erases North: buried, written down, and walked, as a deletion request does it.
ERASE_NORTH = """
from django.utils import timezone
from plugseller.accounts.models import Seller
from plugseller.custody import ledger
from plugseller.custody.replay import _erase
from plugseller.custody.services import bury
from plugseller.jobs import backups
now = timezone.now()
north = Seller._base_manager.get(slug="north").pk
bury("seller", north, request="DEL-1", now=now)
ledger.write("seller", [north], request="DEL-1", now=now)
_erase("seller", north)
backups.forget_data_keys(north)
print(north)
"""
# What of a seller is held anywhere, and everybody else's rows as a digest.
TELL = """
import hashlib, json, sys
from uuid import UUID
from django.core.serializers.json import DjangoJSONEncoder
from marketplaces import models as m
from plugseller.crypto.models import DataKey
from plugseller.shelves import HOLDINGS, Scope

north = UUID("{north}")
scope = Scope(seller_id=north)
held = {{h.name: n for h in HOLDINGS.values() if (n := h.store.count(scope))}}

def told(value):
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return DjangoJSONEncoder().default(value)

digests = {{}}
for name in ("Connection", "Listing", "Order", "OrderItem", "Price", "PriceChange",
             "Product", "Stock", "StockChange"):
    rows = getattr(m, name)._base_manager.exclude(seller=north).order_by("pk").values()
    text = json.dumps(list(rows), default=told, sort_keys=True)
    digests[name] = [len(rows), hashlib.sha256(text.encode()).hexdigest()]
south = m.Connection._base_manager.exclude(seller=north).first()
print(json.dumps({{
    "held": held,
    "digests": digests,
    "destroyed": DataKey.objects.filter(owner=north, destroyed_at=None).count() == 0,
    "opens": bool(south.credentials.reveal()),
}}))
"""
PUT_BACK_ONLY = """
from pathlib import Path
from django.utils import timezone
from plugseller.jobs.backups import datakeys, places
from plugseller.jobs.backups.archive import DATABASE, reading
from plugseller.jobs.backups.restoring import refuse_unusable
file = Path("{file}")
keys_file = places.keys_file_of(file)
manifest = refuse_unusable(file, keys_file)
with reading(file, DATABASE) as (_, contents), datakeys.kept(keys_file) as (_, rows):
    places.kind().put_back(
        contents, manifest, datakeys.as_restored(rows, timezone.now()))
"""
COUNT_RESTORED = """
from plugseller.audit.models import Entry
print(Entry.objects.filter(event="backup.restored").count())
"""
ASK = """
import json
from django.test import Client
told = {}
for address in ("/readyz", "/sign-in", "/api/v1/sellers"):
    answer = Client(HTTP_HOST="localhost").get(address)
    told[address] = answer.status_code
print(json.dumps(told))
"""
# Dies at the k-th statement of the replay, for ever later ones until it is through.
REPLAY_DYING = """
import os, sys
from django.db import connection, connections
from django.utils import timezone
from plugseller.jobs import backups

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
    file: str
    digests: dict[str, Any]


def shell(made: Installation, script: str) -> str:
    return made.command("shell", "-v0", "-c", script)


def tell(made: Installation, north: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(shell(made, TELL.format(north=north)))
    return told


def refused(made: Installation, *words: str) -> str:
    run = subprocess.run(
        [*MANAGE, *words],
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=120,
        input="",
    )
    assert run.returncode != 0, run.stdout
    assert "Traceback" not in run.stderr
    return run.stdout + run.stderr


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    tmp_path = tmp_path_factory.mktemp("rehearsal")
    with Simulator(orders=ORDERS, listings=20, limits=False) as simulator:
        made = install(tmp_path / "home", simulator)
        made.environment["BACKUP_FOLDER"] = str(tmp_path / "backups")
        shell(made, MAKE_SOUTH)
        made.connect(simulator, "north-amazon-na", "listings", "orders")
        made.connect(simulator, "south-amazon-na", "orders", seller="south")
        made.command("sync", "--seller", "south")
        syncing = made.begin("sync", "--seller", "north")
        told = json.loads(made.command("backup", "--json"))
        syncing.communicate(timeout=120)
        made.command("sync", "--seller", "north")
        told = json.loads(made.command("backup", "--json"))
        north = shell(made, ERASE_NORTH).strip()
        made.command("tick")  # signs a checkpoint that the backup doesn't hold
        after = tell(made, north)
        assert after["held"] == {}
        assert after["digests"]["Order"][0] == ORDERS
        yield Rehearsal(made, north, told["rows"][0]["file"], after["digests"])
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
    after = tell(machine, rehearsal.north)
    assert after == {
        "held": {},
        "digests": rehearsal.digests,
        "destroyed": True,
        "opens": True,  # South's credentials, with the data keys put back
    }
    seen = json.loads(machine.command("verify_audit", "--json"))
    assert seen["whole"]
    assert "an older copy of the database was put back" in seen["notes"][0]
    machine.command("verify_encryption")
    assert shell(machine, COUNT_RESTORED).strip() == "1"
    assert json.loads(shell(machine, ASK))["/readyz"] == 200
    machine.command("tick")
    machine.command("verify_audit")
    # There is a database now, and it is left as it is.
    assert "There is a database already" in refused(machine, "restore", rehearsal.file)
    assert "isn't its name" in refused(machine, "restore", rehearsal.file, "--over")
    name = machine.environment["DATABASE_URL"].rpartition("/")[2] or "plugseller.db"
    machine.command("restore", rehearsal.file, "--over", given=f"{name}\n")
    assert tell(machine, rehearsal.north) == after


def test_nothing_is_served_before_the_ledger_is_replayed(
    rehearsal: Rehearsal, machine: Installation
) -> None:
    """Killed right after the database was there: the gate is shut all the same."""
    shell(machine, PUT_BACK_ONLY.format(file=rehearsal.file))
    assert json.loads(shell(machine, ASK)) == {
        "/readyz": 503,
        "/sign-in": 503,
        "/api/v1/sellers": 503,
    }
    for words in (["sync"], ["tick"], ["qcluster"], ["backup"], ["check"]):
        assert "replay_deletions" in refused(machine, *words), words
    assert tell(machine, rehearsal.north)["held"]["marketplaces.Order"] == ORDERS
    deaths = int(shell(machine, REPLAY_DYING))
    assert deaths > 10
    after = tell(machine, rehearsal.north)
    assert (after["held"], after["digests"]) == ({}, rehearsal.digests)
    assert json.loads(shell(machine, ASK))["/readyz"] == 200
    machine.command("verify_audit")


@pytest.mark.skipif(bool(SERVER), reason="it is a file that is copied by hand")
def test_a_database_copied_by_hand_is_noticed(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """As before the deletion: the copy of a day before, put in place of the newest."""
    lost = rehearsal.lost
    old = lost.copied(
        tmp_path / "old"
    )  # of after the deletion; made older by restoring
    (old.home / "plugseller.db").unlink()
    old.command("restore", rehearsal.file)
    kept = tmp_path / "kept.db"
    shutil.copy(old.home / "plugseller.db", kept)
    south = shell(old, ERASE_NORTH.replace('slug="north"', 'slug="south"')).strip()
    assert tell_held(old, south) == {}
    shutil.copy(kept, old.home / "plugseller.db")
    assert "names 1 erased that this database knows nothing of" in refused(old, "sync")
    old.command("replay_deletions")
    assert tell_held(old, south) == {}
    old.command("check")


def tell_held(made: Installation, seller: str) -> dict[str, int]:
    script = TELL.format(north=seller).split("def told")[0] + "print(json.dumps(held))"
    held: dict[str, int] = json.loads(shell(made, script))
    return held
