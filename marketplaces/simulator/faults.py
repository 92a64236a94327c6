"""Trouble on order, the same for the same seed and the same calls.

A specification is a list separated by commas. Each entry is `kind:probability` or
`kind@N` (the Nth call from now, once), and may end in `:part`, which limits it to
operations whose key contains that part: `429:0.2,truncated@3:searchOrders`. Token
calls are struck only by entries that name them (`503@1:token`).
"""

import random
import re
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from marketplaces.simulator.words import Route


class Fault(StrEnum):
    """What can go wrong."""

    THROTTLED = "429"  # too many calls, whatever the bucket says
    BROKEN = "500"  # an HTML page of the edge
    DOWN = "503"  # the same
    EMPTY = "empty"  # 200 without a body
    TRUNCATED = "truncated"  # half of the body, then the line is cut
    RESET = "reset"  # the line is cut without an answer
    SLOW = "slow"  # the answer takes `slow_seconds`
    REPEAT = "repeat"  # the previous page of the operation once more
    EXPIRED = "expired"  # the access token is no longer good
    REVOKE = "revoke"  # the seller ends the authorisation now
    GARBAGE = "garbage"  # 10 MB that aren't JSON
    WRONG_TYPES = "wrongtypes"  # one row's values have other types
    ODD_VALUES = "oddvalues"  # one row: negative numbers, no currency, long texts


_ALIASES = {"500html": "500", "503html": "503", "garbage10mb": "garbage"}
_ENTRY = re.compile(r"(\w+)(?::([0-9]+(?:\.[0-9]+)?)|@([0-9]+))(?::([\w.]+))?")


class BadFaults(ValueError):
    """A specification that can't be read."""


@dataclass(slots=True)
class _Entry:
    fault: Fault
    probability: float
    countdown: int  # 0: by probability
    part: str

    def concerns(self, route: Route) -> bool:
        return self.part in route.key if self.part else route.needs_token


class Faults:
    """Decides call by call whether trouble strikes."""

    def __init__(self, specification: str = "", *, seed: int = 1) -> None:
        self._seed = seed
        self._lock = Lock()
        self.order(specification)

    def order(self, specification: str) -> None:
        """Replace what was ordered; BadFaults names the entry that can't be read."""
        entries = [
            _entry(text.strip()) for text in specification.split(",") if text.strip()
        ]
        with self._lock:
            self._entries = entries
            self._dice = random.Random(self._seed)  # noqa: S311 (not for secrets)

    def strike(self, route: Route) -> Fault | None:
        """What befalls this call. The first entry that strikes wins."""
        struck: Fault | None = None
        with self._lock:
            for entry in self._entries:
                if not entry.concerns(route):
                    continue
                if entry.countdown:
                    entry.countdown -= 1
                    hit = entry.countdown == 0
                else:
                    hit = self._dice.random() < entry.probability
                if hit and struck is None:
                    struck = entry.fault
        return struck


def _entry(text: str) -> _Entry:
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise BadFaults(f"“{text}” isn't a fault. Write for example 429:0.2 or slow@3.")
    name, probability, number, part = found.groups()
    try:
        fault = Fault(_ALIASES.get(name, name))
    except ValueError:
        kinds = ", ".join(fault.value for fault in Fault)
        raise BadFaults(f"“{name}” isn't a fault. There are: {kinds}.") from None
    share = float(probability or 0)
    if share > 1 or (number is not None and int(number) < 1):
        raise BadFaults(f"“{text}”: a probability is at most 1, a call at least 1.")
    return _Entry(fault, share, int(number or 0), part or "")
