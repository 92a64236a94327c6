"""Takes a scope's data out of one place, in batches that hold nobody up (RET-2).

The embedded database has one writer at a time. So a batch is made as large as fits
into a moment, whatever the machine and the size of the tables, and there is a short
pause after each: who waits for the lock looks only now and then whether it is free.
"""

import time
from collections.abc import Callable
from functools import partial

from django.db import connection, transaction

from plugseller.shelves import Holding, Scope

BATCH = 10_000  # rows in a transaction, at most
_FIRST = 1_000
_LEAST = 50
_MOMENT = 0.08  # seconds a batch should take
_PAUSE = 0.025  # seconds; SQLite's waiting writers look that often after such a moment


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
    remove = partial(holding.store.erase, scope)
    return in_batches(
        remove, batch=batch, before_each=before_each, after_each=after_each
    )


def in_batches(
    remove: Callable[..., int],
    *,
    batch: int = BATCH,
    before_each: Callable[[], None] | None = None,
    after_each: Callable[[int], None] | None = None,
) -> int:
    """Call `remove(at_most=...)` until nothing is left, each time in a transaction.

    The rest is as `erase_holding` says.
    """
    gone, size = 0, min(batch, _FIRST)
    while True:
        began = time.monotonic()
        with transaction.atomic(durable=True):
            if before_each:
                before_each()
            removed = remove(at_most=size)
            if after_each and removed:
                after_each(removed)
        gone += removed
        if not removed:
            return gone
        size = _next_size(size, time.monotonic() - began, batch)
        if connection.vendor == "sqlite":
            time.sleep(_PAUSE)


def _next_size(size: int, seconds: float, most: int) -> int:
    """As many rows as would have fitted into a moment, at most thrice as many."""
    fitting = int(size * _MOMENT / max(seconds, 0.001))
    return max(min(_LEAST, most), min(fitting, 3 * size, most))
