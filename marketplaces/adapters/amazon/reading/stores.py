"""getMarketplaceParticipations: where the seller may sell."""

from typing import Any

import msgspec

from marketplaces.adapters.amazon.reading.answers import (
    Form,
    Reading,
    must_be_complete,
    next_lane,
    settled,
)
from marketplaces.adapters.amazon.structures import Participations, Store
from marketplaces.contract import Page
from marketplaces.currencies import CURRENCIES
from marketplaces.records import MarketRecord

_form: Form[Participations[Any], Store] = Form(
    whole=Participations[Store],
    apart=Participations[msgspec.Raw],
    row=Store,
    rows=lambda answer: answer.payload,
    key="storeName",
)


def read(reading: Reading) -> Page:
    answer, rows = _form.open(reading)
    must_be_complete(reading, answer.errors)
    for row in rows:
        store = row.marketplace
        if store.defaultCurrencyCode not in CURRENCIES:
            reading.skip("a currency that ISO 4217 doesn't know", store.id)
            continue
        reading.records.append(
            MarketRecord(
                market=store.id,
                name=store.name,
                country=store.countryCode,
                currency=store.defaultCurrencyCode,
                participating=row.participation.isParticipating,
            )
        )
    return next_lane(reading, until=settled(reading))
