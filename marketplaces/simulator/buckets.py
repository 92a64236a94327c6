"""Token buckets as the marketplaces keep them: per account and operation."""

from threading import Lock

from marketplaces.simulator.words import Route
from marketplaces.simulator.world import Account


class Buckets:
    """Counts calls against rate and burst."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, account: Account, route: Route, at: float) -> tuple[float, float]:
        """Take one call at `at` (epoch seconds): calls left, and seconds to wait.

        Seconds are 0 if the call is granted.
        """
        with self._lock:
            key = (account.key, route.key)
            level, since = self._levels.get(key, (float(route.burst), at))
            level = min(float(route.burst), level + (at - since) * route.rate)
            granted = level >= 1
            left = level - 1 if granted else level
            self._levels[key] = (left, at)
        return left, 0.0 if granted else (1 - level) / route.rate

    def refill(self) -> None:
        """Let every bucket be full again."""
        with self._lock:
            self._levels.clear()
