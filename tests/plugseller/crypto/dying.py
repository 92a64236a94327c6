"""Runs something in a process of its own and kills it at its k-th step."""

import os
import traceback
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

KILLED = 137
_SYSTEM = ("link", "replace", "fsync", "unlink", "mkdir")


def dies_at(step: int, flow: Callable[[], object]) -> bool:
    """Whether the flow got as far as that step; it isn't cleaned up after.

    A step is a statement, a moment before or after a commit, or a change of the disk.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            _live(step, flow)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), f"ended with {code} at step {step}"
    return code == KILLED


def _live(step: int, flow: Callable[[], object]) -> None:
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1
        if counted == step:
            os._exit(KILLED)

    def statement(execute: Any, *told: Any) -> Any:
        count()
        return execute(*told)

    def counting(does: Callable[..., Any], *, after: bool = False) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            count()
            answer = does(*args, **kwargs)
            if after:
                count()
            return answer

        return call

    for name in _SYSTEM:
        setattr(os, name, counting(getattr(os, name)))
    kind: Any = type(connections["default"])
    kind._commit = counting(kind._commit, after=True)
    with connection.execute_wrapper(statement):
        flow()
