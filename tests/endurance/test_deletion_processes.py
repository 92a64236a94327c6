"""`process_deletions` as an operator runs it: killed at any moment, twice at once."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import Installation, install

ORDERS, KILLS = 300, 8
FEATURES = ("listings", "inventory", "orders")

ASK = """
from datetime import timedelta
from django.utils import timezone
from compliance.deletion.services import request_deletion
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_person, join, set_up_app
owner = create_person(actor=None, email="owner@north.test", password=None)
set_up_app(owner)
seller = Seller.objects.get(slug="north")
join(actor=None, seller=seller, user=owner, role=Role.OWNER)
request_deletion(
    actor=owner, source="console", kind="account", seller=seller, identity="x",
    contact={"email": owner.email, "name": "", "time_zone": "", "addresses": []},
    verified=True, grace=timedelta(), now=timezone.now() - timedelta(minutes=1),
)
"""
TELL = """
import json
from compliance.models import Certificate, DeletionRequest, Step
from plugseller.accounts.models import Seller, User
request = DeletionRequest.objects.get()
[certificate] = [c.body for c in Certificate.objects.all()] or [None]
print(json.dumps({
    "status": request.status,
    "sellers": Seller.objects.count(),
    "people": User.objects.count(),
    "certificate": certificate,
    "certified": Step.objects.filter(what="certified").count(),
    "places": {o.holding: [o.before, o.erased, o.after]
               for o in request.outcomes.all() if o.before},
}))
"""


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Installation]:
    """A seller that was synced, whose owner wants all of it deleted at once."""
    with Simulator(orders=ORDERS, listings=40, limits=False) as simulator:
        made = install(tmp_path / "home", simulator)
        made.environment["DELETION_LEDGER"] = str(tmp_path / "apart" / "ledger.jsonl")
        made.connect(simulator, "north-amazon-na", *FEATURES)
        made.command("sync")
    made.command("shell", "-v0", "-c", ASK)
    yield made
    made.remove()


def told(made: Installation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.command("shell", "-v0", "-c", TELL))
    return found


def complete(found: dict[str, Any]) -> None:
    assert (found["status"], found["certified"]) == ("completed", 1)
    assert (found["sellers"], found["people"]) == (0, 0)
    assert found["certificate"]["on_hold"] == []
    assert found["places"]["marketplaces.Order"] == [ORDERS, ORDERS, 0]
    for place, (before, erased, after) in found["places"].items():
        assert (erased, after) == (before, 0), place


def test_killed_at_random_moments_it_is_complete_in_the_end(
    asked: Installation,
) -> None:
    dice = Random(20261124)  # noqa: S311 (when to kill)
    died = 0
    for _ in range(KILLS):
        worker = asked.begin("process_deletions")
        time.sleep(dice.uniform(0.8, 3.5))
        worker.kill()
        worker.communicate()
        died += worker.returncode == -signal.SIGKILL
    assert died
    asked.command("process_deletions")
    complete(told(asked))
    asked.command("verify_audit")


def test_of_workers_at_once_one_does_it(asked: Installation) -> None:
    workers = [asked.begin("process_deletions", "--json") for _ in range(3)]
    outcomes = []
    for worker in workers:
        said, complained = worker.communicate(timeout=120)
        assert worker.returncode == 0, complained
        outcomes += [row["outcome"] for row in json.loads(said)["rows"]]
    assert outcomes.count("completed") == 1
    assert set(outcomes) <= {"completed", "busy elsewhere"}
    complete(told(asked))
