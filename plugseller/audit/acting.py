"""On whose behalf the code at hand works: web, API, commands and jobs say it once."""

import contextlib
import getpass
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from plugseller.shelves import By

AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Acting:
    """On whose behalf this thread works right now. No name, no e-mail address."""

    kind: str  # one of shelves.By
    user_id: UUID | None = None
    request_id: UUID | None = None
    address: str | None = None
    agent: str = ""  # the client's User-Agent
    country: str = ""  # where a trusted proxy says the client is
    via: str = ""  # job, or command and account of the operating system
    role: str = ""  # the role the person acts in at the seller
    grant_id: UUID | None = None  # the staff grant that allows it


_acting: ContextVar[Acting | None] = ContextVar("acting", default=None)
_afterwards: ContextVar[list[Callable[[], object]] | None] = ContextVar(
    "afterwards", default=None
)


@contextlib.contextmanager
def acting(who: Acting) -> Iterator[None]:
    """Everything recorded inside the block is recorded as done by `who`.

    Blocks nest: after the inner one, the outer actor is back. The outermost ends
    with what was put off by `afterwards`.
    """
    outer = _afterwards.get()
    put_off: list[Callable[[], object]] = [] if outer is None else outer
    token, mark = _acting.set(who), _afterwards.set(put_off)
    try:
        yield
    finally:
        if outer is None:
            for act in put_off:
                act()
        _afterwards.reset(mark)
        _acting.reset(token)


def afterwards(act: Callable[[], object]) -> bool:
    """Have something done when whoever acts here is through, however that ended: no
    transaction of theirs is open then. False where nobody said who acts.

    `act` raises nothing.
    """
    put_off = _afterwards.get()
    if put_off is not None:
        put_off.append(act)
    return put_off is not None


def now_acting() -> Acting:
    """Who acts here; where nobody said so, the process itself."""
    return _acting.get() or _this_process()


def identify(user: Any, **known: Any) -> None:
    """Name the person of a request whose identity became known inside the view.

    An API token is read by the view, after the middleware named an anonymous actor.
    `known` are further fields of Acting: kind, via, role, grant_id. It holds until
    the surrounding `acting` block ends.
    """
    _acting.set(
        replace(now_acting(), **{"kind": By.PERSON, **known, "user_id": user.pk})
    )


def command(name: str) -> Acting:
    """The actor of a management command: its name, and the account that runs it."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's account may have no name
        account = str(os.getuid())
    return Acting(kind=By.COMMAND, via=f"{name} as {account}"[:100])


@cache
def _this_process() -> Acting:
    """`manage.py sync` is the command sync; of another program, its file's name."""
    program, *arguments = [*sys.argv, ""]
    name = Path(program).name
    if name == "manage.py" and re.fullmatch(r"[a-z_]+", arguments[0]):
        name = arguments[0]
    return command(name)
