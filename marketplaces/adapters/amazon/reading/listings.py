"""searchListingsItems, in windows: Amazon pages through 1,000 items of a query at most.

A pass walks a store's listings oldest first. Where a window ends (1,000 items read, or
Amazon stops paging though it announced more), the next begins at the last item's time,
which is asked for again; reading a listing twice does no harm.
"""

from datetime import datetime
from typing import Any

import msgspec

from marketplaces.adapters.amazon.reading.answers import (
    Form,
    Reading,
    Unkeepable,
    money,
    next_lane,
    settled,
    utc,
)
from marketplaces.adapters.amazon.structures import (
    ListingItem,
    Listings,
    ListingSummary,
)
from marketplaces.contract import Page
from marketplaces.records import (
    Issue,
    ListingRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
)

WINDOW = 1000  # items of one query that Amazon pages through
IMAGE = 1000  # characters of an address

_form: Form[Listings[Any], ListingItem] = Form(
    whole=Listings[ListingItem],
    apart=Listings[msgspec.Raw],
    row=ListingItem,
    rows=lambda answer: answer.items,
    key="sku",
)


def read(reading: Reading) -> Page:
    """Each listing with its product, its price and the pieces the seller ships.

    Stock in Amazon's warehouses isn't told here. The time of the listing's last change
    isn't known to be that of its price or stock, so those carry none.
    """
    answer, rows = _form.open(reading)
    last: datetime | None = None
    for row in rows:
        try:
            last = _listing(reading, row) or last
        except Unkeepable as error:
            reading.skip(str(error), row.sku)
    return _step(reading, answer, last)


def _listing(reading: Reading, row: ListingItem) -> datetime | None:
    """Adds the row's records; gives the time by which the pass is sorted."""
    market = reading.market
    summary = next((s for s in row.summaries if s.marketplaceId == market), None)
    channels = [a.fulfillmentChannelCode for a in row.fulfillmentAvailability]
    listing = ListingRecord(
        sku=row.sku,
        market=market,
        channel=_channel(channels),
        issues=tuple(Issue(i.code, i.severity, i.message) for i in row.issues),
    )
    if summary is not None:
        listing = msgspec.structs.replace(
            listing,
            product_id=summary.asin,
            title=summary.itemName,
            status=_status(summary),
            condition=summary.conditionType,
            image=_image(summary),
            listed_at=utc(summary.createdDate),
            as_of=utc(summary.lastUpdatedDate),
        )
        if summary.asin:
            reading.records.append(
                ProductRecord(
                    external_id=summary.asin,
                    market=market,
                    title=summary.itemName,
                    image=listing.image,
                )
            )
    reading.records.append(listing)
    _prices(reading, row)
    _stock(reading, row)
    return listing.listed_at if reading.checkpoint.full else listing.as_of


def _channel(codes: list[str]) -> str | None:
    if not codes:
        return None
    return "marketplace" if any(c.startswith("AMAZON") for c in codes) else "seller"


def _status(summary: ListingSummary) -> str:
    status = ",".join(sorted(summary.status))
    if len(status) > 60:
        raise Unkeepable("a status that is too long")
    return status


def _image(summary: ListingSummary) -> str | None:
    """Only what a page may show: an address that is no https address is no image."""
    link = summary.mainImage.link if summary.mainImage else ""
    return link if link.startswith("https://") and len(link) <= IMAGE else None


def _prices(reading: Reading, row: ListingItem) -> None:
    """What consumers pay now; the price for businesses is another offer."""
    for offer in row.offers:
        if offer.marketplaceId != reading.market or offer.offerType != "B2C":
            continue
        try:
            amount = money(offer.price.amount, offer.price.currencyCode)
        except Unkeepable as error:
            reading.skip(f"its price has {error}", row.sku)
            continue
        reading.records.append(
            PriceRecord(
                sku=row.sku,
                market=reading.market,
                kind="offer",
                amount=amount,
                currency=offer.price.currencyCode,
            )
        )
        return


def _stock(reading: Reading, row: ListingItem) -> None:
    for available in row.fulfillmentAvailability:
        if available.fulfillmentChannelCode == "DEFAULT":
            reading.records.append(
                StockRecord(
                    sku=row.sku,
                    market=reading.market,
                    location="DEFAULT",
                    channel="seller",
                    available=available.quantity,
                )
            )


def _step(reading: Reading, answer: Listings[Any], last: datetime | None) -> Page:
    now = reading.checkpoint
    until = settled(reading)
    seen = now.seen + len(answer.items)
    token = answer.pagination.nextToken if answer.pagination else None
    if token and seen < WINDOW:
        onward = msgspec.structs.replace(now, cursor=token, seen=seen, until=until)
        return reading.page(onward, finished=False)
    more = bool(token) or answer.numberOfResults > seen
    if not more and seen < WINDOW:
        return next_lane(reading, until=until)
    begins = _window(last)
    if begins > now.after:
        onward = msgspec.structs.replace(
            now, cursor="", seen=0, after=begins, until=until
        )
        return reading.page(onward, finished=False)
    if more:
        raise reading.unreadable(
            "Amazon stops paging before the end, and no later window can be asked for"
        )
    return next_lane(reading, until=until)


def _window(last: datetime | None) -> str:
    """The time as a parameter, to the millisecond; its text sorts as the time does."""
    return f"{last:%Y-%m-%dT%H:%M:%S}.{last.microsecond // 1000:03}Z" if last else ""
