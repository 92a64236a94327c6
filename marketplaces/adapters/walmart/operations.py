"""Walmart's section of the data map: every call we can make there.

Rates are the published ones for a seller and an app, of which a tenth of a minute's
worth may go out at once (developer.walmart.com, "Rate limiting", US). The token detail
has no published rate. All of them read; no operation that writes stands here.
"""

from datetime import timedelta

from marketplaces.adapters.walmart.structures import (
    InventoriesAnswer,
    ItemsAnswer,
    OrdersAnswer,
    TokenDetail,
    WfsAnswer,
)
from marketplaces.datamap import Feature, Operation, unwanted_paths

ALWAYS_ALL = timedelta(0)  # Walmart can't be asked what changed

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        key="walmart.getTokenDetail",
        feature=Feature.ACCOUNT,
        purpose="See what your authorisation lets us do, to warn you of too much.",
        method="GET",
        path="/v3/token/detail",
        version="v3",
        role="none",
        rate=0.2,
        burst=5,
        page_size=1,
        structure=TokenDetail,
        full_every=ALWAYS_ALL,
    ),
    Operation(
        key="walmart.getAllItems",
        feature=Feature.LISTINGS,
        purpose="Show your items, their prices, and why Walmart unpublished them.",
        method="GET",
        path="/v3/items",
        version="v3",
        role="item: view_only",
        rate=1.0,  # 300 a minute without parameters, 60 with any
        burst=6,
        # Walmart's texts name 50, 200 and 1,000 as the most; 200 is in line with all
        # that are current.
        page_size=200,
        structure=ItemsAnswer,
        variable=("limit", "nextCursor", "offset"),
        full_every=ALWAYS_ALL,
        marks_gone="listing",
    ),
    Operation(
        key="walmart.getInventories",
        feature=Feature.INVENTORY,
        purpose="Show what you have in stock at each of your own ship nodes.",
        method="GET",
        path="/v3/inventories",
        version="v3",
        role="inventory: view_only",
        rate=200 / 60,
        burst=20,
        page_size=50,
        structure=InventoriesAnswer,
        variable=("limit", "nextCursor"),
        full_every=ALWAYS_ALL,
        marks_gone="stock",
    ),
    Operation(
        key="walmart.getWfsInventory",
        feature=Feature.INVENTORY,
        purpose="Show what Walmart keeps for you in its own warehouses (WFS).",
        method="GET",
        path="/v3/wfs/inventory",
        version="v3",
        role="inventory: view_only",
        rate=100 / 60,
        burst=10,
        page_size=300,
        structure=WfsAnswer,
        variable=("limit", "offset"),
        full_every=ALWAYS_ALL,
        marks_gone="stock",
    ),
    Operation(
        key="walmart.getAllOrders",
        feature=Feature.ORDERS,
        purpose="Show your orders and what was sold, without anything of the buyer.",
        method="GET",
        path="/v3/orders",
        version="v3",
        role="orders: view_only",
        rate=5_000 / 60,
        burst=500,
        page_size=200,
        structure=OrdersAnswer,
        variable=(
            "limit",
            "shipNodeType",
            "createdStartDate",
            "createdEndDate",
            "lastModifiedStartDate",
            # only inside of the page token, which is a whole query:
            "lastModifiedEndDate",
            "hasMoreElements",
            "soIndex",
            "poIndex",
            "partnerId",
            "sellerId",
        ),
        incremental=True,
        cursor_verbatim=True,
        comes_along=unwanted_paths(OrdersAnswer),  # buyers come with each order
    ),
)
