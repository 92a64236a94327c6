"""What a simulated marketplace is made of: calls, answers and routes.

An adapter's `simulated.py` offers `marketplace(world, desk, *, overshare)`, which
makes a Marketplace; the server does the rest (TLS, buckets, trouble on order, the log
of calls). With `overshare` it sends buyers' data that nobody asked for.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from marketplaces.simulator.world import Account

CANARY_MARKS: tuple[bytes, ...] = (b"CANARY", b"canary", b"6601366013", b"66013-6601")
"""What every personal value of the simulator contains; search for each of them.

Numbers (telephone, tax) hold the third, postal codes the fourth, all else the first.
"""


def canary(path: str, number: int) -> str:
    """A personal text that can be found again: `CANARY-<hash of the path>-<number>`."""
    return f"CANARY-{zlib.crc32(path.encode()):08x}-{number}"


def canary_digits(number: int) -> str:
    """A telephone or tax number of a made-up person."""
    return f"6601366013{number % 1000:03d}"


def canary_postcode(number: int) -> str:
    """A postal code of a made-up person."""
    return f"66013-6601{number % 10}"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came in."""

    method: str
    path: str  # percent-encoded, as sent
    query: tuple[tuple[str, str], ...]  # decoded, in the order sent
    raw_query: str  # exactly as sent, without "?"
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    now: datetime  # UTC
    names: Mapping[str, str]  # what stood in the route's {names}, decoded
    account: Account | None = None  # whose token it carries, on routes with a token

    def value(self, name: str, default: str = "") -> str:
        """The first value of a parameter."""
        return next((v for k, v in self.query if k == name), default)

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a parameter, whether repeated or separated by commas."""
        return tuple(
            part for k, v in self.query if k == name for part in v.split(",") if part
        )

    @property
    def owner(self) -> Account:
        """The account, on a route where there always is one."""
        if self.account is None:
            raise LookupError("This route needs no token, so it has no account.")
        return self.account


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. Content-Type is JSON unless `headers` names another."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of a marketplace, or one of its pages."""

    key: str  # "amazon.searchOrders"
    method: str
    path: str  # "/v3/orders", with {names}
    handler: Handler
    rate: float = 0.0  # calls a second for one account; 0: no limit
    burst: int = 1
    needs_token: bool = True
    trips: Callable[[Call], bool] | None = None
    # whether a call should never have been made (USE-4): noted in `Simulator.tripped`


@dataclass(frozen=True, slots=True)
class Marketplace:
    """All that the server must know of one marketplace."""

    key: str  # "amazon"
    routes: tuple[Route, ...]
    owns: Callable[[str], bool]  # whether an unrouted path would be this one's
    authorise: Callable[[Call], Account | Answer]  # token -> account, or the refusal
    unknown: Callable[[Call], Answer]  # a path that no route names
    too_many: Callable[[Route, float], Answer]  # 429; seconds until the next call
    expired: Callable[[], Answer]  # a token that is no longer good
    allowance: Callable[[Route, float], tuple[tuple[str, str], ...]]
    # headers of a granted call on a limited route; calls left in the bucket
