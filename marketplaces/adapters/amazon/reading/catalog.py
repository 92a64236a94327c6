"""searchCatalogItems: brand and category of a batch of products."""

from typing import Any

import msgspec

from marketplaces.adapters.amazon.reading.answers import Form, Reading, next_keys
from marketplaces.adapters.amazon.structures import Catalog, CatalogItem
from marketplaces.contract import Page
from marketplaces.records import ProductRecord

_form: Form[Catalog[Any], CatalogItem] = Form(
    whole=Catalog[CatalogItem],
    apart=Catalog[msgspec.Raw],
    row=CatalogItem,
    rows=lambda answer: answer.items,
    key="asin",
)


def read(reading: Reading) -> Page:
    """Title and image come with the listing, in the seller's own words, and are left.

    Twenty products fill one page, so there is never a second one to ask for.
    """
    _, rows = _form.open(reading)
    for row in rows:
        for summary in row.summaries:
            if summary.marketplaceId != reading.market:
                continue
            browse = summary.browseClassification
            reading.records.append(
                ProductRecord(
                    external_id=row.asin,
                    market=summary.marketplaceId,
                    brand=summary.brand,
                    category=(
                        browse.displayName
                        if browse
                        else summary.websiteDisplayGroupName
                    ),
                )
            )
    return next_keys(reading)
