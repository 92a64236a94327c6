"""Two workers at once, a worker that overslept, a full disk: nothing by halves."""

import json
import resource
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import MANAGE, SERVER, Installation, install

ORDERS = 900
FEATURES = ("listings", "inventory", "orders")

RUNS = """
import json
from marketplaces.models import SyncRun
print(json.dumps([
    {"feature": r.feature, "outcome": r.outcome, "new": r.rows_new,
     "began": r.started_at.isoformat(),
     "ended": r.finished_at.isoformat() if r.finished_at else ""}
    for r in SyncRun._base_manager.order_by("id")
]))
"""
# As if five minutes had passed since the holder's last sign of life.
EXPIRE = """
from plugseller.jobs.models import Lease
Lease.objects.update(expires_at="2026-01-01T00:00:00Z")
"""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(
        orders=ORDERS, listings=40, limits=False, slow_seconds=4.0
    ) as running:
        yield running


@pytest.fixture
def connected(simulator: Simulator, tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path / "home", simulator)
    made.connect(simulator, "north-amazon-na", *FEATURES)
    yield made
    made.remove()


def runs_of(made: Installation) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(made.command("shell", "-v0", "-c", RUNS))
    return told


def test_four_workers_never_have_the_connection_at_the_same_time(
    connected: Installation,
) -> None:
    workers = [connected.begin("sync", "--json") for _ in range(4)]
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    assert len(connected.rows()["Order"]) == ORDERS
    runs = runs_of(connected)
    assert sum(r["new"] for r in runs if r["feature"] == "orders") == ORDERS
    for first, second in pairwise(sorted(runs, key=lambda r: r["began"])):
        assert first["ended"] <= second["began"]


def test_a_worker_that_overslept_its_lease_writes_nothing(
    connected: Installation, simulator: Simulator
) -> None:
    simulator.forget_calls()
    simulator.order_faults("slow@3:searchOrders")
    sleeper = connected.begin("sync", "--json")
    while "slow" not in {call.fault for call in simulator.calls}:
        assert sleeper.poll() is None
        time.sleep(0.01)
    time.sleep(2)  # by now it only waits for the answer, the database is free
    sleeper.send_signal(signal.SIGSTOP)
    try:
        connected.command("shell", "-c", EXPIRE)
        connected.command("sync")
        wanted, done = connected.rows(), runs_of(connected)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    told, _ = sleeper.communicate(timeout=60)
    assert "another worker took over" in told
    assert connected.rows() == wanted
    assert runs_of(connected) == done
    assert len(wanted["Order"]) == ORDERS
    assert "running" not in {run["outcome"] for run in done}


@pytest.mark.skipif(bool(SERVER), reason="PostgreSQL keeps its data elsewhere")
def test_a_full_disk_leaves_whole_pages_and_the_next_sync_goes_on(
    connected: Installation, tmp_path: Path
) -> None:
    calm = connected.copied(tmp_path / "calm")
    calm.command("sync")
    size = max(path.stat().st_size for path in connected.home.glob("*.db*"))

    def no_file_above() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 400_000,) * 2)

    full = Popen(
        [*MANAGE, "sync"],
        env=connected.environment,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        preexec_fn=no_file_above,
    )
    told, complained = full.communicate(timeout=120)
    assert full.returncode == 1
    # What was being written when the space ended: a page, or the entry about it.
    assert "the database failed" in told or "audit log can't be written" in told
    assert "Traceback" not in told + complained
    kept = len(connected.rows()["Order"])
    assert kept < ORDERS
    assert kept % 100 == 0
    connected.command("sync")
    assert connected.rows() == calm.rows()
