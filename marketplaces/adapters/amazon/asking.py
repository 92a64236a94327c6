"""Operation and checkpoint -> the next request.

Amazon ties a page token to the parameters it was given with, so everything sent is
derived from what a pass holds fixed: its checkpoint and the connection's stores.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from marketplaces.contract import Ask, Checkpoint, Request
from marketplaces.datamap import Operation, Over

AGENT = "PlugSeller/1 (Language=Python)"  # Amazon asks for "App/Version (Language=…)"
OVERLAP = timedelta(minutes=5)  # Amazon's data lags about two minutes behind its clock
HISTORY = timedelta(days=548)  # 18 months: what a first load fetches at most
BATCH = 20  # SKUs or ASINs in one call

Asked = list[tuple[str, str]]  # parameters besides the fixed ones


def lanes(operation: Operation, ask: Ask) -> int:
    """One per store, or one where the operation answers for all stores at once."""
    return 1 if operation.over is Over.ACCOUNT else max(1, len(ask.markets))


def request(operation: Operation, checkpoint: Checkpoint, ask: Ask) -> Request | None:
    """The next call; None without a store in this lane or a key to ask for.

    Keys are the caller's part: for an operation over SKUs or products, None means that
    the lane's keys are used up and the next lane begins.
    """
    if checkpoint.lane >= lanes(operation, ask):
        return None
    if operation.over is not Over.ACCOUNT and not ask.markets:
        return None
    asked = _ASKING[operation.key](checkpoint, ask)
    if asked is None:
        return None
    return Request(
        operation=operation,
        endpoint="api",
        method=operation.method,
        path=operation.path.replace("{sellerId}", quote(ask.account_id, safe="")),
        query=query((*operation.parameters, *asked)),
        headers=(
            ("accept", "application/json"),
            ("user-agent", AGENT),
            ("x-amz-access-token", ask.access.token.reveal()),
        ),
    )


def query(parameters: Sequence[tuple[str, str]]) -> str:
    """Every character but letters, digits and `-._~` percent-encoded, as UTF-8.

    A page token with `+`, `/` or `=` sent bare is "invalid" to Amazon.
    """
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)


def separable(keys: Sequence[str]) -> list[str]:
    """The keys that fit a comma-parted list.

    "SP-API cannot distinguish encoded commas from literal commas" (Amazon's guide to
    searching listings), so a SKU with a comma would be taken for two others.
    """
    return [key for key in keys[:BATCH] if "," not in key]


def _instant(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, rounded down."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _participations(checkpoint: Checkpoint, ask: Ask) -> Asked:
    return []


def _listings(checkpoint: Checkpoint, ask: Ask) -> Asked:
    """Oldest first and closed at the pass's start, so that nothing moves between pages.

    Amazon pages through 1,000 items of a query at most; `after` is where the next
    window of 1,000 begins (see reading.listings).
    """
    by = "created" if checkpoint.full else "lastUpdated"
    begins = checkpoint.after
    if not begins and not checkpoint.full and checkpoint.since:
        begins = _instant(checkpoint.since - OVERLAP)
    asked = [("marketplaceIds", ask.markets[checkpoint.lane]), ("sortBy", f"{by}Date")]
    if begins:
        asked.append((f"{by}After", begins))
    if checkpoint.started:
        asked.append((f"{by}Before", _instant(checkpoint.started)))
    if checkpoint.cursor:
        asked.append(("pageToken", checkpoint.cursor))
    return asked


def _inventory(checkpoint: Checkpoint, ask: Ask) -> Asked:
    """`startDateTime` goes with the token too, else Amazon answers with everything."""
    market = ask.markets[checkpoint.lane]
    asked = [("granularityId", market), ("marketplaceIds", market)]
    if not checkpoint.full and checkpoint.since:
        asked.append(("startDateTime", _instant(checkpoint.since - OVERLAP)))
    if checkpoint.cursor:
        asked.append(("nextToken", checkpoint.cursor))
    return asked


def _pricing(checkpoint: Checkpoint, ask: Ask) -> Asked | None:
    """Where every SKU of the batch holds a comma, the first goes alone: Amazon answers
    for its pieces, reading keeps none of them, and the walk goes on."""
    if not ask.keys:
        return None
    skus = separable(ask.keys) or [ask.keys[0]]
    return [("MarketplaceId", ask.markets[checkpoint.lane]), ("Skus", ",".join(skus))]


def _catalog(checkpoint: Checkpoint, ask: Ask) -> Asked | None:
    asins = separable(ask.keys)
    if not asins:
        return None
    return [
        ("marketplaceIds", ask.markets[checkpoint.lane]),
        ("identifiers", ",".join(asins)),
    ]


def _orders(checkpoint: Checkpoint, ask: Ask) -> Asked | None:
    """Changes by last update; only the first load goes by creation. All stores at once.

    The closing end is left to Amazon, which echoes it: a time of our own less than two
    minutes old by Amazon's clock would be refused.
    """
    if not ask.markets:
        return None
    asked = [("marketplaceIds", ",".join(ask.markets))]
    if checkpoint.full or checkpoint.since is None:
        begins = (checkpoint.started or ask.now) - min(HISTORY, ask.reach or HISTORY)
        asked.append(("createdAfter", _instant(begins)))
    else:
        asked.append(("lastUpdatedAfter", _instant(checkpoint.since - OVERLAP)))
    if checkpoint.cursor:
        asked.append(("paginationToken", checkpoint.cursor))
    return asked


_ASKING = {
    "amazon.getMarketplaceParticipations": _participations,
    "amazon.searchListingsItems": _listings,
    "amazon.getPricing": _pricing,
    "amazon.getInventorySummaries": _inventory,
    "amazon.searchOrders": _orders,
    "amazon.searchCatalogItems": _catalog,
}
