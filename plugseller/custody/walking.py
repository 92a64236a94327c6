"""Takes a scope's data out of one place, in batches that hold nobody up (RET-2)."""

from collections.abc import Callable

from django.db import transaction

from plugseller.shelves import Holding, Scope

BATCH = 10_000  # rows in a transaction: others wait for the write lock so long


def erase_holding(
    holding: Holding,
    scope: Scope,
    *,
    batch: int = BATCH,
    before_each: Callable[[], None] | None = None,
) -> int:
    """Erase what belongs to the scope, each batch a transaction; how many went.

    What has a reason to stay (`holding.stays`) is left alone. `before_each` runs first
    in each transaction: what it raises undoes the batch and ends the walk. To be called
    outside of transactions; one that was broken off is finished by the next call.
    """
    if holding.stays:
        return 0
    gone = 0
    while True:
        with transaction.atomic(durable=True):
            if before_each:
                before_each()
            removed = holding.store.erase(scope, at_most=batch)
        gone += removed
        if not removed:
            return gone
