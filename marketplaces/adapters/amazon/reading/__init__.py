"""Response -> records. One module per kind of answer, `answers` for what they share."""

from dataclasses import replace

from marketplaces.adapters.amazon.reading import (
    catalog,
    listings,
    orders,
    prices,
    stock,
    stores,
)
from marketplaces.adapters.amazon.reading.answers import Reading
from marketplaces.contract import Ask, Checkpoint, Page, Response
from marketplaces.datamap import Operation
from marketplaces.sampling import unknown_paths

_READING = {
    "amazon.getMarketplaceParticipations": stores.read,
    "amazon.searchListingsItems": listings.read,
    "amazon.getPricing": prices.read,
    "amazon.getInventorySummaries": stock.read,
    "amazon.searchOrders": orders.read,
    "amazon.searchCatalogItems": catalog.read,
}


def read(
    operation: Operation,
    checkpoint: Checkpoint,
    ask: Ask,
    response: Response,
    *,
    sample: bool = False,
) -> Page:
    """The answer as records and the next checkpoint; Unreadable if it isn't one."""
    page = _READING[operation.key](Reading(operation, checkpoint, ask, response))
    if not sample:
        return page
    structure = operation.structure
    left: tuple[str, ...] = getattr(structure, "left", ())
    return replace(page, unknown=unknown_paths(response.body, structure, left))
