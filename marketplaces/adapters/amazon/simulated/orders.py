"""searchOrders 2026-01-01, as Amazon's model describes it."""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta

from marketplaces.adapters.amazon.simulated.answers import (
    Refused,
    bad_input,
    denied,
    instant,
    iso,
    number,
    opened_token,
    page_token,
)
from marketplaces.adapters.amazon.simulated.ordertext import OrderText
from marketplaces.simulator.ahead import Ahead
from marketplaces.simulator.books import State
from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account

TOKEN_LIFE = 24 * 3_600  # seconds
YOUNGEST = timedelta(minutes=2)
_FREE = ("paginationToken", "maxResultsPerPage", "includedData")

ABOUT_BUYERS = frozenset({"BUYER", "RECIPIENT", "TAX", "PAYMENT"})
OVERSHARED = ABOUT_BUYERS | {
    "PACKAGES",
    "CANCELLATION",
    "EXPENSE",
    "PROMOTION",
    "FULFILLMENT_ORDERS",
}
"""Data sets that arrive without being asked for, as if roles had been misjudged."""
_KNOWN = OVERSHARED | {"PROCEEDS", "FULFILLMENT"}

_STATES = {
    "PENDING_AVAILABILITY": {State.PENDING},
    "PENDING": {State.PENDING},
    "UNSHIPPED": {State.UNSHIPPED},
    "PARTIALLY_SHIPPED": {State.PARTIAL},
    "SHIPPED": {State.SHIPPED, State.DELIVERED},
    "CANCELLED": {State.CANCELLED},
    "UNFULFILLABLE": {State.CANCELLED},
}
_CHANNELS = {"AMAZON": "marketplace", "MERCHANT": "seller"}


def asks_for_buyers(call: Call) -> bool:
    """Whether a call names a data set about buyers, which ours never may."""
    return bool(ABOUT_BUYERS & set(call.values("includedData")))


class Orders:
    """Pages of orders. `overshared` data sets are added to what is asked for."""

    def __init__(self, overshared: frozenset[str]) -> None:
        self._overshared = overshared
        self._text = OrderText()
        self._ahead = Ahead()

    def search(self, call: Call) -> Answer:
        """One page, oldest first."""
        account = call.owner
        asked = frozenset(call.values("includedData"))
        if asked - _KNOWN:
            raise bad_input("includedData names an unknown data set.")
        size = number(call, "maxResultsPerPage", least=1, most=100, default=100)
        family, after, before = _window(call)
        offset = 0
        if token := call.value("paginationToken"):
            offset, mark = opened_token(call, token, but=_FREE, life=TOKEN_LIFE)
            before = datetime.fromisoformat(mark)
        markets = _markets(call, account)
        channels = _filter(call, "fulfilledBy", _CHANNELS)
        states = _states(call)
        found = account.book.select(
            by="created" if family == "created" else "updated",
            after=int(after.timestamp()),
            before=int(before.timestamp()),
            markets=markets,
            channels=channels,
            states=states,
        )
        datasets = asked | self._overshared
        walk = (family, after, before, markets, channels, states, datasets)
        text = self._page(account, found, offset, size, datasets, walk)
        echo = f'"{family}Before":"{iso(before)}"'
        following = ""
        if offset + size < len(found):
            token = page_token(call, but=_FREE, offset=offset + size, mark=iso(before))
            following = f',"pagination":{{"nextToken":"{token}"}}'
        return Answer(200, b"".join((text, f"{following},{echo}}}".encode())))

    def _page(
        self,
        account: Account,
        found: Sequence[int],
        offset: int,
        size: int,
        datasets: frozenset[str],
        walk: Hashable,
    ) -> bytes:
        """The orders from `offset` on; the page after it is begun.

        `walk` is all that makes the caller's way through the pages what it is.
        """

        def made(start: int) -> bytes:
            return self._text.page(account, found[start : start + size], datasets)

        key = (account.key, account.book.age, walk, size)
        text = self._ahead.take((*key, offset), lambda: made(offset))
        following = offset + size
        if following < len(found):
            self._ahead.prepare((*key, following), lambda: made(following))
        return text


def _window(call: Call) -> tuple[str, datetime, datetime]:
    """Which family of times, and from when to when."""
    families = [
        family
        for family in ("created", "lastUpdated")
        if call.value(f"{family}After") or call.value(f"{family}Before")
    ]
    if len(families) != 1 or not call.value(f"{families[0]}After"):
        raise bad_input("Send exactly one of createdAfter and lastUpdatedAfter.")
    family = families[0]
    youngest = (call.now - YOUNGEST).replace(microsecond=0).astimezone(UTC)
    after = instant(call, f"{family}After") or youngest
    before = instant(call, f"{family}Before")
    if before is not None and (before < after or before > call.now - YOUNGEST):
        raise bad_input(f"{family}Before must be two minutes old, and not before.")
    return family, after, before or youngest


def _markets(call: Call, account: Account) -> frozenset[str] | None:
    wanted = frozenset(call.values("marketplaceIds"))
    if len(wanted) > 50:
        raise bad_input("At most 50 marketplaceIds.")
    if wanted - {market.id for market in account.markets}:
        raise Refused(denied())
    return wanted or None


def _filter(call: Call, name: str, words: dict[str, str]) -> frozenset[str] | None:
    wanted = call.values(name)
    if set(wanted) - words.keys():
        raise bad_input(f"{name} has an unknown value.")
    return frozenset(words[word] for word in wanted) or None


def _states(call: Call) -> frozenset[State] | None:
    wanted = call.values("fulfillmentStatuses")
    if set(wanted) - _STATES.keys():
        raise bad_input("fulfillmentStatuses has an unknown value.")
    return frozenset(state for word in wanted for state in _STATES[word]) or None
