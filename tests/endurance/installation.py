"""A whole installation of its own: folder, keys, database, commands in processes."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg
from psycopg import sql

from marketplaces.simulator.desk import own_keys
from marketplaces.simulator.server import Simulator

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
SERVER = os.environ.get("DATABASE_URL", "")

MAKE_SELLER = """
from plugseller.accounts.services import create_seller
create_seller(actor=None, name="North", slug="north", time_zone="UTC")
"""
# Rows as a reader sees them: without numbers that depend on when and how they came.
TELL = """
import json
from django.core.serializers.json import DjangoJSONEncoder
from marketplaces import models as m

def told(value):
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return DjangoJSONEncoder().default(value)

out = {}
for name in ("Listing", "Order", "OrderItem", "Price", "PriceChange", "Product",
             "Stock", "StockChange"):
    model = getattr(m, name)
    fields = [f.attname for f in model._meta.concrete_fields if f.attname not in
              ("id", "order_id", "seller_id", "connection_id", "fetched_at", "run_id")]
    if name == "OrderItem":
        fields.append("order__external_id")
    rows = model._base_manager.values_list(*fields)
    out[name] = sorted(json.dumps(r, default=told) for r in rows)
print(json.dumps(out))
"""


@dataclass
class Installation:
    """One data folder; on PostgreSQL a database of its own beside it."""

    home: Path
    environment: dict[str, str]

    def command(self, *words: str, given: str = "") -> str:
        """Standard output of a command that must succeed."""
        run = subprocess.run(
            [*MANAGE, *words],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """A command that may be killed."""
        return subprocess.Popen(
            [*MANAGE, *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self) -> dict[str, list[str]]:
        told: dict[str, list[str]] = json.loads(
            self.command("shell", "-v", "0", "-c", TELL)
        )
        return told

    def connect(
        self,
        simulator: Simulator,
        account: str,
        *features: str,
        seller: str = "north",
    ) -> None:
        """Connect the simulator's account with secrets on standard input."""
        which = simulator.account(account)
        keys = own_keys(which)
        secrets: dict[str, Any] = {
            "amazon": {
                "selling_partner_id": which.account_id,
                "refresh_token": simulator.desk.refresh_token(which),
            },
            "walmart": {
                "sellerId": which.account_id,
                "client_id": keys.client_id,
                "client_secret": keys.client_secret,
            },
        }[which.marketplace]
        words = ["connect", "--seller", seller, "--marketplace", which.marketplace]
        words += ["--region", which.region]
        for feature in features:
            words += ["--feature", feature]
        self.command(*words, given=json.dumps(secrets))

    def copied(self, home: Path) -> "Installation":
        """The same state in another place; nothing may run on this one meanwhile."""
        shutil.copytree(self.home, home)
        environment = {**self.environment, "PLUGSELLER_HOME": str(home)}
        if SERVER:
            environment["DATABASE_URL"] = _database(self.environment["DATABASE_URL"])
        return Installation(home, environment)

    def remove(self) -> None:
        if SERVER:
            name = self.environment["DATABASE_URL"].rpartition("/")[2]
            with psycopg.connect(_admin(), autocommit=True) as link:
                link.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(
                        sql.Identifier(name)
                    )
                )


def install(home: Path, simulator: Simulator) -> Installation:
    """An installation with seller North and nothing connected."""
    made = _prepared().copied(home)
    made.environment.update(simulator.environment)
    return made


@cache
def _prepared() -> Installation:
    """Made once for a run of the tests and copied for each: making one takes long."""
    folder = Path(mkdtemp(prefix="plugseller-prepared-"))
    environment = {
        **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
        "PLUGSELLER_ENV": "test",
        "PLUGSELLER_HOME": str(folder / "home"),
        "DATABASE_URL": _database() if SERVER else "",
    }
    made = Installation(folder / "home", environment)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(made.remove)
    made.command("init")
    made.command("shell", "-c", MAKE_SELLER)
    return made


def empty_database() -> str:
    """The address of a database of PostgreSQL without anything in it."""
    return _database()


def _admin() -> str:
    return f"{SERVER.rpartition('/')[0]}/postgres"


def _database(template: str = "") -> str:
    name = f"plugseller_endurance_{uuid.uuid4().hex[:12]}"
    make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template:
        of = sql.Identifier(template.rpartition("/")[2])
        make += sql.SQL(" TEMPLATE {}").format(of)
    with psycopg.connect(_admin(), autocommit=True) as link:
        link.execute(make)
    return f"{SERVER.rpartition('/')[0]}/{name}"
