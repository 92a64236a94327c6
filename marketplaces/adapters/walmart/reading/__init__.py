"""Response -> records. One module per kind of answer; here is the way in."""

from dataclasses import replace

import msgspec

from marketplaces.adapters.walmart.reading import answers, listings, orders, stock
from marketplaces.adapters.walmart.structures import KNOWN, TokenDetail
from marketplaces.contract import Ask, Checkpoint, Page, Response, Skipped, Unreadable
from marketplaces.datamap import Operation
from marketplaces.records import GrantRecord, MarketRecord, Record
from marketplaces.sampling import unknown_paths

_LEVELS = frozenset({"full_access", "view_only", "no_access"})
_detail = msgspec.json.Decoder(TokenDetail).decode


def read(
    operation: Operation,
    checkpoint: Checkpoint,
    ask: Ask,
    response: Response,
    *,
    sample: bool = False,
) -> Page:
    """The answer as records and the next checkpoint; Unreadable if it isn't one.

    With `sample` the whole answer is parsed once more to find unknown fields.
    """
    page = _READING[operation.key](operation, checkpoint, ask, response)
    if response.status == 206:  # Walmart says that rows are missing
        page = replace(
            page,
            checkpoint=answers.ended_early(page.checkpoint),
            skipped=(*page.skipped, Skipped(answers.LEFT_OUT)),
        )
    if not sample or response.status == 404:
        return page
    known = KNOWN[operation.key]
    return replace(
        page, unknown=unknown_paths(response.body, operation.structure, known)
    )


def _token_detail(
    operation: Operation, checkpoint: Checkpoint, ask: Ask, response: Response
) -> Page:
    """The one store there is, and what the authorisation covers."""
    try:
        detail = _detail(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable(f"{operation.key}: another form than documented.") from None
    market = MarketRecord(
        market=answers.MARKET,
        name="Walmart US",
        country="US",
        currency=answers.CURRENCY,
        participating=True,
    )
    records: list[Record] = [market]
    skipped: list[Skipped] = []
    for scope, level in detail.scopes.items():
        if level in _LEVELS and scope.isidentifier() and len(scope) <= 40:
            records.append(GrantRecord(scope=scope, level=level))
        else:
            skipped.append(Skipped("A scope or its level isn't one Walmart documents."))
    at = answers.begun(checkpoint, ask)
    return Page(tuple(records), at, True, lane_done=True, skipped=tuple(skipped))


_READING = {
    "walmart.getTokenDetail": _token_detail,
    "walmart.getAllItems": listings.read,
    "walmart.getInventories": stock.read_nodes,
    "walmart.getWfsInventory": stock.read_wfs,
    "walmart.getAllOrders": orders.read,
}
