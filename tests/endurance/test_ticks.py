"""Cron's ticks, workers and a killed process: each job once at a time (RET-2)."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import MANAGE, Installation, install

RUNS = """
import json
from plugseller.jobs.models import Run
print(json.dumps([
    {"name": r.name, "outcome": r.outcome, "began": r.started_at.isoformat(),
     "ended": r.ended_at.isoformat() if r.ended_at else ""}
    for r in Run.objects.order_by("name", "started_at", "id")
]))
"""
TICKED = """
from django.core.management import call_command
from django_q.models import Task
call_command("tick")
print(Task.objects.filter(func="plugseller.jobs.jobs.tick", success=True).count())
"""
# The queue looks at its schedules after half a minute; here it does so at once as well.
WORKERS = """
from django.core.management import call_command
from django_q.scheduler import scheduler
scheduler()
call_command("qcluster")
"""
# A tick in which one more job is due, which takes longer than anybody waits.
LONG_JOB = """
import time
from datetime import timedelta
from django.utils import timezone
from plugseller import shelves
from plugseller.jobs.timetable import run_due
def work(now):
    print("at work", flush=True)
    time.sleep(seconds)
shelves.periodic("a.long.job", every=timedelta(hours=1), work=work)
print([r.outcome for r in run_due(timezone.now()) if r.name == "a.long.job"])
"""
# Cron's own, which waits a moment only until it takes a job for one that hangs.
CRONS_TICK = """
from django.core.management import call_command
from plugseller.jobs import running
running.BEAT_EVERY = timedelta(seconds=0.2)
call_command("tick")
"""
A_MINUTE_LATER = """
from plugseller.jobs.models import Beat
Beat.objects.update(failed_at="2026-01-01T00:00:00Z")
run_due(timezone.now())
"""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=1, listings=1, limits=False) as running:
        yield running


@pytest.fixture
def made(tmp_path: Path, simulator: Simulator) -> Iterator[Installation]:
    installed = install(tmp_path / "home", simulator)
    yield installed
    installed.remove()


def runs_of(made: Installation) -> dict[str, list[dict[str, Any]]]:
    told = json.loads(made.command("shell", "-v0", "-c", RUNS))
    return {name: list(runs) for name, runs in groupby(told, key=lambda r: r["name"])}


def test_ticks_at_once_do_each_job_once(made: Installation) -> None:
    ticks = [made.begin("tick", "--json") for _ in range(3)]
    outcomes = []
    for tick in ticks:
        told, complained = tick.communicate(timeout=120)
        assert tick.returncode == 0, complained
        outcomes += [(row["name"], row["outcome"]) for row in json.loads(told)["rows"]]
    done = [name for name, outcome in outcomes if outcome == "done"]
    assert sorted(done) == sorted(set(done))
    assert {name: len(runs) for name, runs in runs_of(made).items()} == dict.fromkeys(
        done, 1
    )
    assert len(done) == len({name for name, _ in outcomes})


def test_cron_and_workers_together_do_each_job_once_at_a_time(
    made: Installation,
) -> None:
    workers = made.begin("shell", "-v0", "-c", WORKERS)
    try:
        until = time.monotonic() + 150
        while made.command("shell", "-v0", "-c", TICKED).splitlines()[-1] == "0":
            assert workers.poll() is None
            assert time.monotonic() < until, "no worker has ticked"
    finally:
        workers.send_signal(signal.SIGTERM)
        workers.communicate(timeout=60)
    runs = runs_of(made)
    assert {r["outcome"] for told in runs.values() for r in told} == {"done"}
    assert len(runs["audit.verify"]) == 1  # once a day, whoever ticks
    for told in runs.values():
        for first, second in pairwise(told):
            assert first["ended"] <= second["began"]
    made.command("jobs")


def test_a_killed_job_is_told_and_done_again(made: Installation) -> None:
    killed = made.begin("shell", "-v0", "-c", f"seconds = 600\n{LONG_JOB}")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "at work\n"
    busy = made.command("shell", "-v0", "-c", f"seconds = 0\n{LONG_JOB}")
    assert "busy elsewhere" in busy
    killed.kill()
    killed.communicate(timeout=60)
    script = f"seconds = 0\n{LONG_JOB}{A_MINUTE_LATER}"
    told = made.command("shell", "-v0", "-c", script)
    assert told == "['busy elsewhere']\nat work\n"  # closed as dead, then done again
    outcomes = [run["outcome"] for run in runs_of(made)["a.long.job"]]
    assert outcomes == ["died", "done"]


def test_a_tick_that_hangs_ends_with_its_job_and_the_next_one_goes_on(
    made: Installation,
) -> None:
    """Cron begins one each minute: those that hang mustn't pile up."""
    limited = LONG_JOB.replace("hours=1)", "hours=1), limit=limit").replace(
        "def work", "limit = timedelta(seconds=1)\ndef work"
    )
    hangs = subprocess.run(
        [
            *(*MANAGE, "shell", "-v0", "-c"),
            f"seconds = 600\n{limited.partition('print([')[0]}{CRONS_TICK}",
        ],
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert hangs.returncode == 1
    assert "hangs, so its process is ended" in hangs.stderr
    script = f"seconds = 0\n{limited}{A_MINUTE_LATER}"
    made.command("shell", "-v0", "-c", script)
    outcomes = [run["outcome"] for run in runs_of(made)["a.long.job"]]
    assert outcomes == ["timed out", "done"]
