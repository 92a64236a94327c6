"""getPricing: the seller's own prices of a batch of SKUs."""

from collections.abc import Iterator
from typing import Any

import msgspec

from marketplaces.adapters.amazon.asking import separable
from marketplaces.adapters.amazon.reading.answers import (
    Form,
    Reading,
    Unkeepable,
    must_be_complete,
    next_keys,
    payable,
)
from marketplaces.adapters.amazon.structures import (
    Amount,
    PricedOffer,
    Prices,
    SkuPrice,
)
from marketplaces.contract import Page
from marketplaces.records import PriceRecord

_form: Form[Prices[Any], SkuPrice] = Form(
    whole=Prices[SkuPrice],
    apart=Prices[msgspec.Raw],
    row=SkuPrice,
    rows=lambda answer: answer.payload,
    key="SellerSKU",
)


def read(reading: Reading) -> Page:
    """The regular price and the landed one (with shipping) of each SKU asked for.

    The price of the offer itself comes with the listing. A SKU that Amazon has no
    answer for, or that can't be asked for, is skipped with that reason.
    """
    answer, rows = _form.open(reading)
    must_be_complete(reading, answer.errors)
    asked = separable(reading.ask.keys)
    for row in rows:
        if row.status != "Success":
            sku = row.SellerSKU if row.SellerSKU in asked else None
            reading.skip("Amazon has no price for it in this store", sku or "")
            continue
        for offer in row.Product.Offers if row.Product else ():
            if offer.SellerSKU in asked and offer.offerType != "B2B":
                reading.records.extend(_prices(reading, offer))
    for sku in reading.ask.keys:
        if sku not in asked:
            reading.skip("Amazon can't be asked for a SKU with a comma", sku)
    return next_keys(reading)


def _prices(reading: Reading, offer: PricedOffer) -> Iterator[PriceRecord]:
    told: tuple[tuple[str, Amount | None], ...] = (
        ("regular", offer.RegularPrice),
        ("landed", offer.BuyingPrice.LandedPrice),
    )
    for kind, price in told:
        if price is None or price.Amount is None or price.CurrencyCode is None:
            continue
        try:
            amount = payable(price.Amount, price.CurrencyCode)
        except Unkeepable as error:
            reading.skip(f"its {kind} price has {error}", offer.SellerSKU)
            continue
        yield PriceRecord(
            sku=offer.SellerSKU,
            market=reading.market,
            kind=kind,
            amount=amount,
            currency=price.CurrencyCode,
        )
