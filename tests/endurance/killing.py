"""Workers that are killed -9 at a chosen point, each a process forked from the test."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db import connection, connections

from plugseller.custody import ledger

EVERY_POINT = bool(os.environ.get("EVERY_POINT"))


class _Fate:
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


def worker(at: int, work: Callable[[], bool]) -> bool:
    """A process that does the work and dies at its `at`-th point; whether it got to
    its end before. What the work says must be true."""
    connections.close_all()
    pid = os.fork() or _live(_Fate(at), work)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0
    return True


def kills(work: Callable[[], bool], *, stride: int) -> Iterator[int]:
    """How often workers died until one got to its end: the first at its first point,
    each next one `stride` points later."""
    for number in count():
        yield number
        if worker(1 + number * stride, work):
            return


def _live(fate: _Fate, work: Callable[[], bool]) -> int:
    ended = 1
    try:
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(fate.statement))
            kind = type(connections["default"])
            for name in ("_commit", "_rollback"):
                does = fate.around(getattr(kind, name))
                stack.enter_context(patch.object(kind, name, does))
            for where, name in ((ledger, "_append"), (os, "fsync"), (Path, "unlink")):
                does = fate.around(getattr(where, name))
                stack.enter_context(patch.object(where, name, does))
            ended = 0 if work() else 1
    finally:
        sys.stderr.flush()
        os._exit(ended)
