"""Stores and listings, as Amazon's models describe them."""

from collections.abc import Callable, Sequence
from typing import Any

from marketplaces.adapters.amazon.simulated.answers import (
    bad_input,
    denied,
    instant,
    iso,
    json_answer,
    number,
    page_of,
)
from marketplaces.adapters.amazon.simulated.asked import (
    markets_of,
    name_of,
    names_in,
)
from marketplaces.simulator.goods import Item, Market
from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account

LISTINGS_CAP = 1_000  # results that can be paged through
_TOKEN_LIFE = 3_600.0  # seconds
_LISTING_SETS = {
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
}
_SORTED_BY: dict[str, Callable[[Item], Any]] = {
    "sku": lambda item: item.sku,
    "createdDate": lambda item: (item.created, item.sku),
    "lastUpdatedDate": lambda item: (item.updated, item.sku),
}


def participations(call: Call) -> Answer:
    """getMarketplaceParticipations: every store, also one without selling."""
    account = call.owner
    stores = [
        {
            "marketplace": {
                "id": market.id,
                "name": market.name,
                "countryCode": market.country,
                "defaultCurrencyCode": market.currency,
                "defaultLanguageCode": market.language,
                "domainName": market.domain,
            },
            "storeName": f"{account.seller} Goods",
            "participation": {
                "isParticipating": market.participating,
                "hasSuspendedListings": False,
            },
        }
        for market in account.markets
    ]
    return json_answer({"payload": stores})


def listings(call: Call) -> Answer:
    """searchListingsItems: at most 20 a page and 1,000 in all."""
    account = call.owner
    if call.names["sellerId"] != account.account_id:
        return denied()
    markets = markets_of(call, account)
    sets = set(call.values("includedData")) or {"summaries"}
    if sets - _LISTING_SETS:
        raise bad_input("includedData names an unknown data set.")
    size = number(call, "pageSize", least=1, most=20, default=10)
    found = _sorted(call, _wanted(call, account.listed, markets))
    rows, following = page_of(
        call, found[:LISTINGS_CAP], size=size, named="pageToken", life=_TOKEN_LIFE
    )
    items = [_listing(account, item, markets, sets) for item in rows]
    return json_answer({"numberOfResults": len(found), "items": items, **following})


def _wanted(call: Call, items: Sequence[Item], markets: list[Market]) -> list[Item]:
    """The listings that pass the filters of searchListingsItems."""
    created_after = instant(call, "createdAfter")
    created_before = instant(call, "createdBefore")
    updated_after = instant(call, "lastUpdatedAfter")
    updated_before = instant(call, "lastUpdatedBefore")
    kind = {"SKU": "Sku", "ASIN": "Asin"}.get(call.value("identifiersType"), "")
    if bool(call.value("identifiers")) != bool(kind):
        raise bad_input("identifiers and identifiersType go together.")
    names = (
        set(names_in(call, "identifiers", known={name_of(i, kind) for i in items}))
        if kind
        else None
    )
    with_status = set(call.values("withStatus"))
    severe = bool(call.values("withIssueSeverity"))
    return [
        item
        for item in items
        if any(market.id in item.prices for market in markets)
        and (created_after is None or item.created >= created_after)
        and (created_before is None or item.created <= created_before)
        and (updated_after is None or item.updated >= updated_after)
        and (updated_before is None or item.updated <= updated_before)
        and (names is None or name_of(item, kind) in names)
        and (not with_status or with_status & set(_status(item)))
        and (not severe or item.troubled)
    ]


def _sorted(call: Call, items: list[Item]) -> list[Item]:
    by = call.value("sortBy", "lastUpdatedDate")
    order = call.value("sortOrder", "DESC")
    if by not in _SORTED_BY or order not in ("ASC", "DESC"):
        raise bad_input("sortBy or sortOrder has an unknown value.")
    return sorted(items, key=_SORTED_BY[by], reverse=order == "DESC")


def _status(item: Item) -> list[str]:
    return ["BUYABLE", "DISCOVERABLE"] if item.buyable else []


def _listing(
    account: Account, item: Item, markets: list[Market], sets: set[str]
) -> dict[str, Any]:
    here = [market for market in markets if market.id in item.prices]
    listing: dict[str, Any] = {"sku": item.sku}
    if "summaries" in sets:
        listing["summaries"] = [
            {
                "marketplaceId": market.id,
                "asin": item.product_id,
                "productType": item.category.upper(),
                "conditionType": "new_new" if item.condition == "new" else "used_good",
                "status": _status(item),
                "itemName": item.title,
                "createdDate": iso(item.created),
                "lastUpdatedDate": iso(item.updated),
                "mainImage": {"link": item.image, "height": 500, "width": 500},
            }
            for market in here
        ]
    if "offers" in sets:
        listing["offers"] = [
            {
                "marketplaceId": market.id,
                "offerType": "B2C",
                "price": {
                    "currencyCode": market.currency,
                    "amount": f"{item.prices[market.id] / 100:.2f}",
                },
            }
            for market in here
        ]
    if "fulfillmentAvailability" in sets:
        listing["fulfillmentAvailability"] = [
            {"fulfillmentChannelCode": f"AMAZON_{account.region.upper()}"}
            if item.channel == "marketplace"
            else {"fulfillmentChannelCode": "DEFAULT", "quantity": item.stock}
        ]
    if "issues" in sets:
        listing["issues"] = [_issue(here)] if item.troubled else []
    if "productTypes" in sets:
        listing["productTypes"] = [
            {"marketplaceId": market.id, "productType": item.category.upper()}
            for market in here
        ]
    return listing


def _issue(markets: list[Market]) -> dict[str, Any]:
    return {
        "code": "90220",
        "message": "'size' is required but not supplied.",
        "severity": "ERROR",
        "attributeNames": ["size"],
        "categories": ["MISSING_ATTRIBUTE"],
        "marketplaceIds": [market.id for market in markets],
    }
