"""USE-4: after a sync of everything, with every trouble on order, no buyer is anywhere.

The simulator marks every personal value; the marks are looked for in each table with
sealed values opened, in each file of the data folder, in what was logged and printed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplaces import shelf
from marketplaces.simulator.faults import Fault
from marketplaces.simulator.server import Simulator
from marketplaces.simulator.words import CANARY_MARKS
from tests.endurance.installation import Installation, install

TROUBLE = (
    "429:0.05,500:0.05,503:0.05,empty:0.03,truncated:0.03,reset:0.03,slow:0.03,"
    "repeat:0.03,expired:0.05,garbage@9,wrongtypes:0.05,oddvalues:0.05"
)
ENDED = "revoke@1:searchOrders"  # by the seller, in the midst of a pass
AMAZON = ("listings", "pricing", "inventory", "orders", "catalog")
WALMART = ("listings", "inventory", "orders")
ACCOUNTS = {
    "north-amazon-na": AMAZON,
    "north-amazon-eu": AMAZON,
    "north-walmart": WALMART,
}
# Every value of every table, as text; job payloads and results are tables too.
TELL_ALL = """
from django.apps import apps
from plugseller.crypto.fields import Sealed
for model in apps.get_models():
    if model._meta.label in ("contenttypes.ContentType", "auth.Permission"):
        continue  # names of our own tables, of which one is of canaries
    for row in model._base_manager.all():
        for field in model._meta.concrete_fields:
            value = getattr(row, field.attname)
            if isinstance(value, Sealed):
                value = value.reveal()
            if isinstance(value, (bytes, memoryview)):
                value = bytes(value)
            print(model._meta.label, field.attname, repr(value))
"""
QUEUE = """
from django_q.tasks import async_task
from marketplaces.models import Connection
for connection in Connection._base_manager.all():
    async_task("marketplaces.jobs.sync_one", str(connection.pk))
"""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=300, listings=15, limits=False, slow_seconds=0.1) as running:
        yield running


@pytest.fixture
def north(simulator: Simulator, tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path / "home", simulator)
    for account, features in ACCOUNTS.items():
        made.connect(simulator, account, *features)
    made.environment["LOG_LEVEL"] = "DEBUG"
    yield made
    made.remove()


def marks_in(text: bytes) -> list[bytes]:
    return [mark for mark in CANARY_MARKS if mark in text]


def test_no_buyer_is_in_any_table_file_log_or_job(
    north: Installation, simulator: Simulator
) -> None:
    said: list[str] = []
    ended = []
    for trouble in (TROUBLE, "", ENDED):
        simulator.order_faults(trouble)
        sync = north.begin("sync", "--full", "--json")
        said += sync.communicate(timeout=280)
        ended.append(sync.returncode)
    assert ended[1:] == [0, 1], said[-1]
    north.command("shell", "-v", "0", "-c", QUEUE)

    tables = north.command("shell", "-v", "0", "-c", TELL_ALL)

    assert "marketplaces.Order external_id" in tables
    assert "django_q.OrmQ payload" in tables
    assert marks_in(tables.encode()) == []
    assert marks_in("".join(said).encode()) == []
    for path in north.home.rglob("*"):
        if path.is_file():
            assert marks_in(path.read_bytes()) == [], path.name
    assert simulator.tripped == []
    # It did arrive, and was counted:
    assert "orders[].buyer" in tables
    assert "list.elements.order[].customerEmailId" in tables


def test_every_trouble_and_every_feature_is_on() -> None:
    entries = f"{TROUBLE},{ENDED}".replace("@", ":").split(",")
    assert {entry.partition(":")[0] for entry in entries} == set(Fault)
    for name, features in (("amazon", AMAZON), ("walmart", WALMART)):
        assert set(features) == set(shelf.datamap().features(name))
