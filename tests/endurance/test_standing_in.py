"""INC-3: web processes stand in for a dead tick, however the server makes them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplaces.simulator.server import Simulator
from tests.endurance.installation import ROOT, Installation, install

# What `gunicorn --preload` does: the application is loaded once, then come the forks.
SERVE = """
import os, sys, threading
import plugseller.wsgi
from plugseller.jobs import standin

def wait_for(*kinds):
    for thread in threading.enumerate():
        if thread.name in kinds or type(thread).__name__ in kinds:
            thread.join(60)

if sys.argv[1:] == ["forks"]:
    assert not any(t.name == "stand-in" for t in threading.enumerate())
    child = os.fork()
    if child:
        assert standin._first_look.finished.is_set()  # the parent does nothing
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
wait_for("Timer")
wait_for("stand-in")
print(standin._at_work.locked(), flush=True)
"""
SILENT = """
from datetime import timedelta
from django.utils import timezone
from plugseller.jobs.models import Beat
from plugseller.jobs.timetable import make_known
at = timezone.now() - timedelta(hours=10)
make_known(at)
Beat.objects.update(known_at=at, tried_at=at, ran_at=at)
"""
DONE = """
from plugseller.jobs.models import Run
print(sorted(Run.objects.filter(outcome="done").values_list("name", flat=True)))
"""


URGENT = "['deadlines.run', 'incidents.notices', 'mail.send']\n"


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Installation]:
    """An installation where nobody ticks since ten hours."""
    with Simulator(orders=1, listings=1) as simulator:
        made = install(tmp_path / "home", simulator)
    made.command("shell", "-v0", "-c", SILENT)
    yield made
    made.remove()


def stood_in(made: Installation, *words: str) -> str:
    """What a process did that nobody asked anything, until its threads had ended."""
    done = subprocess.run(
        [sys.executable, "-c", SERVE, *words],
        cwd=ROOT,
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "False\n"  # and the next time it can again
    return made.command("shell", "-v0", "-c", DONE)


def test_a_start_does_what_is_overdue_without_any_request(silent: Installation) -> None:
    assert stood_in(silent) == URGENT


def test_a_process_that_was_forked_after_loading_does_it_itself(
    silent: Installation,
) -> None:
    assert stood_in(silent, "forks") == URGENT
