"""Makes the next page while the caller still reads this one.

Whoever walks through pages waits for the network only, so that a measurement of a
sync doesn't measure how quickly the simulator writes.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

_KEPT = 8


class Ahead:
    """Bodies that somebody will probably ask for next."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._made: OrderedDict[Hashable, Future[bytes]] = OrderedDict()

    def take(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The body of that key: the one prepared, or made now."""
        with self._lock:
            prepared = self._made.pop(key, None)
        return prepared.result() if prepared is not None else make()

    def prepare(self, key: Hashable, make: Callable[[], bytes]) -> None:
        """Begin with the body of that key; the oldest that nobody took is dropped."""
        with self._lock:
            if key not in self._made:
                self._made[key] = self._maker.submit(make)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
