"""Takes a scope's data out of one place, in batches that hold nobody up (RET-2).

The embedded database has one writer at a time, so a batch lasts no longer than others
may wait. It isn't smaller than it must be either: each costs the same pages of indexes
again, whose order isn't that of the rows. Who waits for the lock has it between two
batches; there the log is written back as well, now and then: the same pages are in it
again and again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.db import connection, transaction

from plugseller.crypto.sqlcipher.bulk import many_pages
from plugseller.custody.erasers import Rows
from plugseller.shelves import Holding, Scope

BATCH = 30_000  # rows in a transaction, at most
_FIRST = 15_000  # rows, before it is known how long they take
_LEAST = 5_000  # rows, unless there are fewer or each takes others along
_MOMENT = 0.15  # seconds a batch should take; now and then one takes half as long again
_GROWTH = 1.25  # times the rows of the batch before, at most: that may have been lucky
_WORTH_WRITING = 3  # batches of `_LEAST` rows or more, before the log is written back
_WORTH_WRITING_AT_LAST = 0.2
_PAUSE = 0.015  # seconds; who waits looks again each 5 ms


class Way(Protocol):
    """How to get through what is to be removed."""

    most: int  # in one transaction

    def look(self) -> bool:
        """Find out what is next, outside of the transaction that removes it; False
        when there is nothing."""
        ...

    def take(self, at_most: int) -> int:
        """Remove the next ones; 0 when there are no more."""
        ...


def erase_holding(
    holding: Holding,
    scope: Scope,
    *,
    batch: int = BATCH,
    before_each: Callable[[], None] | None = None,
    after_each: Callable[[int], None] | None = None,
) -> int:
    """Erase what belongs to the scope, each batch a transaction; how many went.

    What has a reason to stay (`holding.stays`) is left alone. `before_each` runs first
    in each transaction, `after_each` last, with the number of rows: what they raise
    undoes the batch and ends the walk. To be called outside of transactions; one that
    was broken off is finished by the next call.
    """
    if holding.stays:
        return 0
    store = holding.store
    if isinstance(store, Rows):
        return _go(store.walk(scope), batch, before_each, after_each)
    remove = partial(store.erase, scope)
    return in_batches(
        remove, batch=batch, before_each=before_each, after_each=after_each
    )


def in_batches(
    remove: Callable[..., int],
    *,
    batch: int = BATCH,
    enough: int | None = None,
    before_each: Callable[[], None] | None = None,
    after_each: Callable[[int], None] | None = None,
) -> int:
    """Call `remove(at_most=...)` until nothing is left, each time in a transaction.

    Nothing is left either when `enough` rows went, where they were counted. The rest is
    as `erase_holding` says.
    """
    return _go(_Asked(remove), batch, before_each, after_each, enough=enough)


@dataclass(slots=True)
class _Asked:
    """A way that is asked anew each time what comes next."""

    remove: Callable[..., int]
    most: int = BATCH

    def look(self) -> bool:
        return True

    def take(self, at_most: int) -> int:
        return self.remove(at_most=at_most)


def _go(
    way: Way,
    batch: int,
    before_each: Callable[[], None] | None,
    after_each: Callable[[int], None] | None,
    *,
    enough: int | None = None,
) -> int:
    most = min(batch, way.most)
    gone, unwritten, size = 0, 0.0, min(_FIRST, most)
    with many_pages() as write_back:
        while way.look():
            with transaction.atomic(durable=True):
                began = time.monotonic()  # nobody waited before
                if before_each:
                    before_each()
                removed = way.take(size)
                if after_each and removed:
                    after_each(removed)
            held = time.monotonic() - began
            gone += removed
            unwritten += min(removed / _LEAST, 1)
            _let_others_in(held)
            if unwritten >= _WORTH_WRITING:
                write_back()
                unwritten = 0.0
                _let_others_in(held)
            if not removed or (enough is not None and gone >= enough):
                break
            size = _next_size(size, held, most)
        if unwritten >= _WORTH_WRITING_AT_LAST:
            write_back()
            _let_others_in(_PAUSE)
    return gone


def _next_size(size: int, seconds: float, most: int) -> int:
    """As many rows as would have fitted into a moment, within bounds."""
    fitting = int(size * min(_MOMENT / max(seconds, 0.001), _GROWTH))
    return max(min(_LEAST, most), min(fitting, most))


def _let_others_in(held: float) -> None:
    """Who waits on SQLite looks now and then whether the lock is free; after a short
    batch a short rest is enough."""
    if connection.vendor == "sqlite":
        time.sleep(min(_PAUSE, held))
