"""A deletion killed at any point is finished by the next worker, once (RET-2).

Worker after worker is killed -9: the first at its first statement, the next at its
second, and so on, each going on from what the one before left. So whatever one of them
does, another dies right before it, and one right after, also at the commits and at the
writes of the ledger.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import caches
from django.db import connection, connections

from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from plugseller.accounts.models import Seller
from plugseller.audit.verify import verify
from plugseller.custody import ledger
from plugseller.jobs.models import OutgoingMail
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import Lived, apart, held, lived_in
from tests.conftest import person

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STRIDE = 1 if os.environ.get("EVERY_POINT") else 19  # points between two kills
Status = DeletionRequest.Status
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def two(db: None) -> tuple[Lived, Lived]:
    carl = person("carl", staff_role="officer")
    return (
        lived_in("north", staff=carl, orders=2),
        lived_in("south", staff=carl, orders=2),
    )


class Fate:
    """Kills the process when it does its `at`-th thing that could be seen outside."""

    def __init__(self, at: int) -> None:
        self._left = at

    def strike(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, execute: Any, *args: Any) -> Any:
        self.strike()
        return execute(*args)

    def around(self, does: Callable[..., Any]) -> Callable[..., Any]:
        """Right before it and right after it."""

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self.strike()
            done = does(*args, **kwargs)
            self.strike()
            return done

        return wrapper


def worker(at: int) -> bool:
    """A process that carries out what is due and dies at its `at`-th point; whether
    it got to its end before."""
    connections.close_all()
    if pid := os.fork():
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return False
        assert os.WEXITSTATUS(status) == 0
        return True
    ended = 1
    try:
        fate = Fate(at)
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(fate.statement))
            kind = type(connections["default"])
            for name in ("_commit", "_rollback"):
                does = fate.around(getattr(kind, name))
                stack.enter_context(patch.object(kind, name, does))
            for where, name in ((ledger, "_append"), (os, "fsync"), (Path, "unlink")):
                does = fate.around(getattr(where, name))
                stack.enter_context(patch.object(where, name, does))
            done = process_due(NOW + GRACE)
        ended = int(any(one.failed for one in done))
    finally:
        sys.stderr.flush()
        os._exit(ended)


def kills() -> Iterator[int]:
    """How often workers died until one got to its end."""
    for number in count():
        yield number
        if worker(1 + number * STRIDE):
            return


def test_a_deletion_killed_at_every_point_is_complete_and_certified_once(
    two: tuple[Lived, Lived],
) -> None:
    north, south = two
    scope, neighbour = north.whole(), south.whole()
    of_south, of_north = held(neighbour), held(scope)
    request = by_owner(north.owner, north.seller, now=NOW)

    died = list(kills())[-1]

    assert died * STRIDE > 150  # it was killed all along its way
    request.refresh_from_db()
    assert request.status == Status.COMPLETED
    assert held(neighbour) == of_south
    mine = replace(scope, request_id=request.pk)  # its own mails go last
    assert held(mine) == dict.fromkeys(of_north, 0)
    assert not Seller.objects.filter(pk=north.seller.pk).exists()
    [certificate] = request.certificates.all()
    for place in certificate.body["places"]:
        assert place["after"] == 0, place
        # Counted in the transactions that removed them: none twice, none forgotten.
        assert place["erased"] == place["before"], place
    assert request.steps.filter(what="certified").count() == 1
    assert request.steps.filter(what="keys destroyed").count() == 1
    lines = ledger.read()
    assert len({line.hash for line in lines}) == len(lines) == 5
    asked = OutgoingMail.objects.filter(owner=request.pk)
    subjects = [mail.content.reveal()["subject"] for mail in asked]
    assert [s for s in subjects if s.startswith("Done")] == [
        f"Done: {request.reference} was carried out"
    ]
    assert verify().is_whole
    assert worker(1_000_000)  # nothing is left to do
    assert request.certificates.count() == 1
    caches["default"].clear()
