"""A sync killed anywhere and started again loses nothing and doubles nothing."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from subprocess import Popen

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import Installation, install

FEATURES = ("listings", "inventory", "orders")
ROUNDS, KILLS = 5, 5  # 25 points in all


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=1200, listings=60, limits=False) as running:
        yield running


@pytest.fixture
def connected(simulator: Simulator, tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path / "home", simulator)
    made.connect(simulator, "north-amazon-na", *FEATURES)
    yield made
    made.remove()


def killed_at(sync: Popen[str], simulator: Simulator, call: int, pause: float) -> bool:
    """Kill -9 a moment after the process's `call`-th call; False if it ended before."""
    while sync.poll() is None and len(simulator.calls) < call:
        time.sleep(0.001)
    time.sleep(pause)
    sync.kill()
    sync.communicate()
    return sync.returncode == -signal.SIGKILL


def test_a_sync_killed_at_25_points_equals_one_that_was_left_alone(
    connected: Installation, simulator: Simulator, tmp_path: Path
) -> None:
    whole = connected.copied(tmp_path / "whole")
    whole.command("sync")
    wanted = whole.rows()
    in_all = len(simulator.calls)
    assert len(wanted["Order"]) == 1200
    dice = Random(20261124)  # noqa: S311 (where to kill)
    for number in range(ROUNDS):
        tried = connected.copied(tmp_path / f"round-{number}")
        killed = ended = 0
        while killed < KILLS:  # a sync that was quicker begins once more
            simulator.forget_calls()
            sync = tried.begin("sync", "--full")
            if killed_at(
                sync,
                simulator,
                call=dice.randrange(1, max(2, in_all // 2)),
                pause=dice.uniform(0, 0.05),
            ):
                killed += 1
            else:
                ended += 1
                assert ended < 3 * KILLS
        tried.command("sync", "--full")
        assert tried.rows() == wanted
        tried.remove()
    whole.remove()
