"""Where a connection stands in each operation; moves only with the page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from marketplaces.contract import Checkpoint
from marketplaces.datamap import Operation
from marketplaces.models import Connection, SyncState
from marketplaces.sync.bookkeeping import update_row
from marketplaces.sync.limits import Bucket, Pace


@dataclass(slots=True)
class Standing:
    """An operation's row of SyncState, opened."""

    state: SyncState
    checkpoint: Checkpoint  # of the open pass, or of the one that begins now
    begins: bool  # no page of this pass has been saved yet
    bucket: Bucket

    def save_page(self, checkpoint: Checkpoint) -> None:
        """Move to the checkpoint; in the transaction that writes the page."""
        self._update(checkpoint=msgspec.to_builtins(checkpoint))
        self.checkpoint, self.begins = checkpoint, False

    def save_end(self, checkpoint: Checkpoint, *, now: datetime) -> None:
        """The pass is complete; the next one begins at its mark."""
        ended: dict[str, Any] = {
            "checkpoint": None,
            "since": checkpoint.until or self.state.since,
            "complete_at": now,
        }
        if checkpoint.full:
            ended["full_at"] = checkpoint.started or now
        self._update(**ended)

    def save_bucket(self) -> None:
        """Keep the count of calls, also of those that brought no page."""
        self._update()

    def _update(self, **values: Any) -> None:
        values["tokens"] = self.bucket.level
        values["tokens_at"] = self.bucket.at
        update_row(SyncState, self.state.pk, values)


def standing(
    account: Connection, operation: Operation, *, full: bool, now: datetime, pace: Pace
) -> Standing:
    """Where the operation goes on: in its open pass, or in a new one.

    `full` gives up an open pass that looks at changes only, and begins one that looks
    at everything.
    """
    state, _ = SyncState.objects.get_or_create(
        connection=account, operation=operation.key
    )
    bucket = Bucket.of(
        operation, level=state.tokens, at=state.tokens_at, now=now, pace=pace
    )
    opened = _opened(state.checkpoint)
    if opened is not None and (opened.full or not full):
        return Standing(state, opened, begins=False, bucket=bucket)
    everything = full or _must_be_full(operation, state, now)
    checkpoint = Checkpoint(
        full=everything, since=None if everything else state.since, started=now
    )
    return Standing(state, checkpoint, begins=True, bucket=bucket)


def _opened(kept: Any) -> Checkpoint | None:
    if kept is None:
        return None
    try:
        return msgspec.convert(kept, Checkpoint)
    except msgspec.ValidationError:  # kept by another release: begin anew
        return None


def _must_be_full(operation: Operation, state: SyncState, now: datetime) -> bool:
    if not operation.incremental or state.since is None or state.full_at is None:
        return True
    if operation.full_every is None:
        return False
    return now - state.full_at >= operation.full_every
