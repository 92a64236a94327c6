"""A sealed value that doesn't open where it lies: refused, and told (ENC-3).

Nothing of ours writes one, so somebody wrote into the database past us, moved a value
or put an old one back. A line for whoever watches the logs and an entry that stays
although the work was broken off; neither holds any of the value.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from plugseller.audit.services import record_apart

logger = logging.getLogger(__name__)


class Noticed:
    """Which places were told of lately, so that a page asked for a thousand times
    doesn't fill the log."""

    def __init__(
        self,
        *,
        seconds: float = 3600,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def is_news(self, place: str) -> bool:
        """Whether it wasn't told for a while; from now on it was."""
        with self._lock:
            now = self._clock()
            if now < self._until.get(place, 0.0):
                return False
            if len(self._until) >= self._most:
                self._until.clear()
            self._until[place] = now + self._seconds
            return True


_noticed = Noticed()


def note_broken(owner: UUID, context: Sequence[str], key_id: UUID | None) -> None:
    """Tell of a value that was to be opened for this owner in this place."""
    place = " / ".join(context[1:] if context[0] == str(owner) else context)
    if not _noticed.is_news(f"{owner} {place}"):
        return
    logger.critical(
        "A sealed value doesn't belong where it lies: %s of owner %s. "
        "Somebody wrote into the database past this program.",
        place,
        owner,
    )
    details = {"owner": owner, "place": place, "data_key": key_id}
    record_apart("sealed_value.broken", details=details)
