"""Stock, prices and catalogue, as Amazon's models describe them."""

from datetime import timedelta
from typing import Any

from marketplaces.adapters.amazon.simulated.answers import (
    bad_input,
    instant,
    iso,
    json_answer,
    number,
    page_of,
)
from marketplaces.adapters.amazon.simulated.asked import (
    market_of,
    markets_of,
    name_of,
    names_in,
)
from marketplaces.simulator.goods import Item, Market
from marketplaces.simulator.words import Answer, Call
from marketplaces.simulator.world import Account

STOCK_PAGE = 50
STOCK_TOKEN_LIFE = 30.0  # seconds
_TOKEN_LIFE = 3_600.0  # seconds
_OLDEST_START = timedelta(days=548)
_CATALOG_SETS = {
    "attributes",
    "classifications",
    "dimensions",
    "identifiers",
    "images",
    "productTypes",
    "relationships",
    "salesRanks",
    "summaries",
    "vendorDetails",
}


def stock(call: Call) -> Answer:
    """getInventorySummaries: what lies in Amazon's warehouses; one store a call."""
    account = call.owner
    markets = markets_of(call, account)
    if len(markets) != 1 or call.value("granularityId") != markets[0].id:
        raise bad_input("granularityId and marketplaceIds must name one store.")
    if call.value("granularityType") != "Marketplace":
        raise bad_input("granularityType must be Marketplace.")
    since = instant(call, "startDateTime")
    if since is not None and since < call.now - _OLDEST_START:
        raise bad_input("startDateTime is more than 18 months ago.")
    skus = set(call.values("sellerSkus"))
    found = [
        item
        for item in account.listed
        if item.channel == "marketplace"
        and markets[0].id in item.prices
        and (since is None or item.updated >= since)
        and (not skus or item.sku in skus)
    ]
    rows, following = page_of(
        call, found, size=STOCK_PAGE, named="nextToken", life=STOCK_TOKEN_LIFE
    )
    detailed = call.value("details") == "true"
    payload = {
        "granularity": {
            "granularityType": "Marketplace",
            "granularityId": markets[0].id,
        },
        "inventorySummaries": [_summary(item, detailed) for item in rows],
    }
    return json_answer({"payload": payload, **following})


def _summary(item: Item, detailed: bool) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "asin": item.product_id,
        "fnSku": f"X{item.product_id[1:]}",
        "sellerSku": item.sku,
        "condition": "NewItem" if item.condition == "new" else "UsedGood",
        "lastUpdatedTime": iso(item.updated),
        "productName": item.title,
        "totalQuantity": item.stock + item.reserved + item.inbound + item.unsellable,
    }
    if detailed:
        summary["inventoryDetails"] = {
            "fulfillableQuantity": item.stock,
            "inboundWorkingQuantity": 0,
            "inboundShippedQuantity": item.inbound,
            "inboundReceivingQuantity": 0,
            "reservedQuantity": {
                "totalReservedQuantity": item.reserved,
                "pendingCustomerOrderQuantity": item.reserved,
                "pendingTransshipmentQuantity": 0,
                "fcProcessingQuantity": 0,
            },
            "researchingQuantity": {
                "totalResearchingQuantity": 0,
                "researchingQuantityBreakdown": [],
            },
            "unfulfillableQuantity": {
                "totalUnfulfillableQuantity": item.unsellable,
                "customerDamagedQuantity": item.unsellable,
                "warehouseDamagedQuantity": 0,
                "distributorDamagedQuantity": 0,
                "carrierDamagedQuantity": 0,
                "defectiveQuantity": 0,
                "expiredQuantity": 0,
            },
        }
    return summary


def prices(call: Call) -> Answer:
    """getPricing v0: at most 20 SKUs or ASINs of one store."""
    account = call.owner
    market = market_of(account, call.value("MarketplaceId"))
    kind = call.value("ItemType")
    if kind not in ("Sku", "Asin"):
        raise bad_input("ItemType must be Asin or Sku.")
    listed = {name_of(item, kind): item for item in account.listed}
    asked = names_in(call, f"{kind}s", known=set(listed))
    if not 1 <= len(asked) <= 20:
        raise bad_input(f"Send 1 to 20 {kind}s.")
    prices = [_price(account, market, kind, n, listed.get(n)) for n in asked]
    return json_answer({"payload": prices})


def _price(
    account: Account, market: Market, kind: str, name: str, item: Item | None
) -> dict[str, Any]:
    told = {"SellerSKU" if kind == "Sku" else "ASIN": name}
    if item is None or market.id not in item.prices:
        return {"status": "ClientError", **told}
    amount = {
        "CurrencyCode": market.currency,
        "Amount": item.prices[market.id] / 100,
    }
    shipping = {"CurrencyCode": market.currency, "Amount": 0.0}
    offer = {
        "BuyingPrice": {
            "ListingPrice": amount,
            "LandedPrice": amount,
            "Shipping": shipping,
        },
        "RegularPrice": amount,
        "FulfillmentChannel": "AMAZON" if item.channel == "marketplace" else "MERCHANT",
        "ItemCondition": item.condition.capitalize(),
        "ItemSubCondition": item.condition.capitalize(),
        "SellerSKU": item.sku,
    }
    identifiers = {
        "MarketplaceASIN": {"MarketplaceId": market.id, "ASIN": item.product_id},
        "SKUIdentifier": {
            "MarketplaceId": market.id,
            "SellerId": account.account_id,
            "SellerSKU": item.sku,
        },
    }
    product = {"Identifiers": identifiers, "Offers": [offer] if item.buyable else []}
    return {"status": "Success", **told, "Product": product}


def catalog(call: Call) -> Answer:
    """searchCatalogItems by identifiers: at most 20 of one store."""
    account = call.owner
    markets = markets_of(call, account)
    if len(markets) != 1:
        raise bad_input("marketplaceIds must name one store.")
    kind = {"ASIN": "Asin", "SKU": "Sku"}.get(call.value("identifiersType"), "")
    if not kind:
        raise bad_input("identifiersType must be ASIN or SKU.")
    if kind == "Sku" and call.value("sellerId") != account.account_id:
        raise bad_input("identifiersType SKU needs the sellerId.")
    sets = set(call.values("includedData")) or {"summaries"}
    if sets - _CATALOG_SETS:
        raise bad_input("includedData names an unknown data set.")
    listed = {name_of(item, kind): item for item in account.listed}
    asked = names_in(call, "identifiers", known=set(listed))
    if not 1 <= len(asked) <= 20:
        raise bad_input("Send 1 to 20 identifiers.")
    size = number(call, "pageSize", least=1, most=20, default=10)
    found = [listed[name] for name in asked if name in listed]
    rows, following = page_of(
        call, found, size=size, named="pageToken", life=_TOKEN_LIFE
    )
    items = [_catalogued(item, markets[0], sets) for item in rows]
    return json_answer({"numberOfResults": len(found), "items": items, **following})


def _catalogued(item: Item, market: Market, sets: set[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"asin": item.product_id}
    node = {"displayName": item.category, "classificationId": "100000000"}
    if "summaries" in sets:
        told["summaries"] = [
            {
                "marketplaceId": market.id,
                "brand": item.brand,
                "browseClassification": node,
                "itemClassification": "BASE_PRODUCT",
                "itemName": item.title,
                "manufacturer": item.brand,
                "websiteDisplayGroupName": item.category,
            }
        ]
    if "classifications" in sets:
        told["classifications"] = [
            {"marketplaceId": market.id, "classifications": [node]}
        ]
    if "images" in sets:
        picture = {
            "variant": "MAIN",
            "link": item.image,
            "height": 500,
            "width": 500,
        }
        told["images"] = [{"marketplaceId": market.id, "images": [picture]}]
    return told
