"""How fast we ask, how long we wait, and when we stop asking.

A bucket per connection and operation holds the calls the marketplace grants; it is
kept in `SyncState`, saved with the page, so that workers and restarts share it. A
worker never sleeps long inside one seller: where the wait is longer than its patience,
the run ends as waiting and the next one goes on from the checkpoint.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from marketplaces.datamap import Operation


class Clock(Protocol):
    """What time it is, and how to let some pass."""

    def now(self) -> datetime:
        """Now, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return that many seconds later."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a pass is. Times in seconds."""

    share: float | None = 0.8  # of the rate granted; None: as if there were no limit
    longest_wait: float = 30.0  # in one go
    waits_in_all: float = 120.0  # of one feature's run
    tries: int = 5  # of one call that fares badly
    first_pause: float = 1.0  # between tries; doubles, and the dice take a part of it
    longest_pause: float = 20.0
    failures: int = 3  # operations failing in a row after which no other is tried
    cool_off: timedelta = timedelta(minutes=10)  # after that; doubles pass by pass
    longest_cool_off: timedelta = timedelta(hours=6)
    lifetime: timedelta | None = None  # a pass that is older ends as waiting

    def pause(self, tried: int, dice: Random) -> float:
        """How long to wait after so many tries: full jitter, so that workers part."""
        most = min(self.longest_pause, self.first_pause * 2.0**tried)
        return dice.uniform(0, most)

    def cooling(self, passes: int) -> timedelta:
        """How long a connection rests after so many passes broken off in a row."""
        return min(self.longest_cool_off, self.cool_off * 2.0 ** min(passes, 10))


UNHURRIED = Pace()
UNLIMITED = Pace(share=None)


@dataclass(slots=True)
class Bucket:
    """Calls that may be made now, refilled at the rate granted."""

    rate: float  # calls a second
    burst: float
    level: float
    at: datetime

    @classmethod
    def of(
        cls,
        operation: Operation,
        *,
        level: float | None,
        at: datetime | None,
        now: datetime,
        pace: Pace,
    ) -> "Bucket":
        """The operation's bucket as it was left, or a full one."""
        if pace.share is None:
            return cls(rate=1e9, burst=1e9, level=1e9, at=now)
        burst = float(operation.burst)
        return cls(
            rate=operation.rate * pace.share,
            burst=burst,
            level=burst if level is None else min(level, burst),
            at=at or now,
        )

    def wait(self, now: datetime) -> float:
        """Seconds until a call may be made; 0 if one may be made now."""
        self._refill(now)
        return max(0.0, (1.0 - self.level) / self.rate)

    def take(self, now: datetime) -> None:
        """Count a call."""
        self._refill(now)
        self.level -= 1.0

    def drain(self, now: datetime) -> None:
        """The marketplace says it is empty, whatever we counted."""
        self._refill(now)
        self.level = min(self.level, 0.0)

    def _refill(self, now: datetime) -> None:
        gone = max(0.0, (now - self.at).total_seconds())
        self.level = min(self.burst, self.level + gone * self.rate)
        self.at = now
