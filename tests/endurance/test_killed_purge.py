"""Retention killed in the middle, and two at once: all goes, and each row is told."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import Installation, install

ORDERS = 40_000
OLD_ORDERS = f"""
from datetime import timedelta
from django.utils import timezone
from marketplaces.models import Connection, Order
from plugseller.accounts.models import Seller
account = Connection._base_manager.create(
    seller=Seller.objects.get(),
    marketplace="amazon", region="na", account_id="A1")
now = timezone.now()
Order._base_manager.bulk_create([
    Order(seller_id=account.seller_id, connection=account, market="US", fetched_at=now,
          operation="amazon.searchOrders", run_id=1, external_id=str(n), status="x",
          channel="x", placed_at=now - timedelta(days=600 if n % 10 else 1))
    for n in range({ORDERS})
], batch_size=2_000)
"""
TOLD = """
import json
from compliance.models import Purge
from marketplaces.models import Order
from plugseller.audit.models import Entry
told = Entry.objects.filter(event="retention.purged")
print(json.dumps({
    "left": Order._base_manager.count(),
    "removed": sum(p.rows for p in Purge.objects.all()),
    "told": sum(e.rows for e in told if
                e.additional_data["holding"] == "marketplaces.Order"),
    "open": Purge.objects.filter(ended_at=None).count(),
    "broken": Purge.objects.filter(broken_off=True).count(),
}))
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Installation]:
    with Simulator(orders=1, listings=1, limits=False) as simulator:
        installed = install(tmp_path / "home", simulator)
    installed.command("shell", "-v0", "-c", OLD_ORDERS)
    yield installed
    installed.remove()


def told(made: Installation) -> dict[str, int]:
    found: dict[str, int] = json.loads(made.command("shell", "-v0", "-c", TOLD))
    return found


def test_a_killed_purge_is_finished_and_every_row_of_it_is_told(
    made: Installation,
) -> None:
    """Killed at ever later moments, until one has removed something."""
    for tenths in range(8, 60):
        purging = made.begin("purge_expired", "--json")
        time.sleep(tenths / 10)
        purging.kill()
        purging.communicate(timeout=60)
        seen = told(made)
        if seen["left"] < ORDERS:
            break
    assert seen["left"] > ORDERS // 10, "nothing was killed in the middle"
    assert seen["removed"] == ORDERS - seen["left"]
    assert seen["open"] == 1
    made.command("purge_expired")
    seen = told(made)
    assert seen == {
        "left": ORDERS // 10,
        "removed": ORDERS * 9 // 10,
        "told": ORDERS * 9 // 10,
        "open": 0,
        "broken": 1,
    }
    made.command("verify_audit")


def test_of_two_at_once_one_works_and_the_other_says_so(made: Installation) -> None:
    both = [made.begin("purge_expired", "--json") for _ in range(2)]
    ends = [one.communicate(timeout=120) for one in both]
    assert 0 in [one.returncode for one in both]
    for one, (_, complained) in zip(both, ends, strict=True):
        assert one.returncode == 0 or "Another worker is purging" in complained
    seen = told(made)
    assert (seen["left"], seen["told"]) == (ORDERS // 10, ORDERS * 9 // 10)
