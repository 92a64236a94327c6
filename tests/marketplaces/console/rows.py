"""Rows for the console's tests, written directly: what a sync would have left."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from marketplaces.datamap import Feature
from marketplaces.models import (
    Connection,
    FeatureSwitch,
    Listing,
    Market,
    Order,
    OrderItem,
    Price,
    PriceChange,
    Product,
    Stock,
    StockChange,
    SyncRun,
    SyncState,
)
from plugseller.accounts.models import Seller

NOW = timezone.now().replace(microsecond=0)  # pages tell how long ago things were

US = "ATVPDKIKX0DER"
NASTY_SKUS = (
    "MUG/BLUE 11",
    "TEA%2FGREEN+500",
    "007-LANTERN#4",
    'BOLT "M8" & NUT',
    "0001234",
    "SOCKS-🧦-XL",
    "a=b?c;d'e",
    "..",
    "a//b/../c",
    "~2F",
    "%00",
    " leading and trailing ",
)


def connect(
    seller: Seller,
    *,
    marketplace: str = "amazon",
    account: str = "",
    features: tuple[Feature, ...] = tuple(Feature),
    **fields: Any,
) -> Connection:
    """A connection with one store, the features given switched on."""
    made = Connection.objects.create(
        seller=seller,
        marketplace=marketplace,
        region="na",
        account_id=account or f"A{seller.slug.upper()}",
        connected_at=fields.pop("connected_at", NOW - timedelta(days=60)),
        **fields,
    )
    Market.objects.create(
        seller=seller,
        connection=made,
        market=US,
        name="Amazon.com",
        country="US",
        currency="USD",
        fetched_at=NOW,
        operation="amazon.getMarketplaceParticipations",
        run_id=7,
    )
    FeatureSwitch.objects.bulk_create(
        FeatureSwitch(connection=made, feature=f, on=f in features)
        for f in Feature
        if f is not Feature.ACCOUNT
    )
    return made


def synced(
    connection: Connection, feature: Feature, operation: str, **fields: Any
) -> SyncRun:
    """A run of a feature that ended well, and its operation's mark."""
    values: dict[str, Any] = {
        "started_at": NOW - timedelta(minutes=10),
        "finished_at": NOW - timedelta(minutes=9),
        "outcome": SyncRun.Outcome.DONE,
        "calls": 3,
        "pages": 3,
        "rows_new": 12,
    } | fields
    SyncState.objects.update_or_create(
        connection=connection,
        operation=operation,
        defaults={"complete_at": values["finished_at"]},
    )
    return SyncRun.objects.create(
        seller=connection.seller, connection=connection, feature=feature, **values
    )


def source(connection: Connection, operation: str) -> dict[str, Any]:
    """The provenance of a row."""
    return {
        "seller": connection.seller,
        "connection": connection,
        "market": US,
        "as_of": NOW - timedelta(minutes=12),
        "fetched_at": NOW - timedelta(minutes=10),
        "operation": operation,
        "run_id": 7,
    }


def order(
    connection: Connection, number: str, *, skus: tuple[str, ...] = (), **fields: Any
) -> Order:
    """An order with a line for each SKU."""
    values = {
        "external_id": number,
        "status": "SHIPPED",
        "channel": "seller",
        "placed_at": NOW - timedelta(hours=1),
        "currency": "USD",
        "total": Decimal("19.9000"),
    } | fields
    made = Order.objects.create(**(source(connection, "amazon.searchOrders") | values))
    OrderItem.objects.bulk_create(
        OrderItem(
            seller=connection.seller,
            order=made,
            external_id=f"{number}-{place}",
            sku=sku,
            title=f"Title of {sku}",
            quantity=1 + place,
            unit_price=Decimal("9.95"),
            currency="USD",
        )
        for place, sku in enumerate(skus)
    )
    return made


def many_orders(
    connection: Connection, count: int, *, begin: datetime = NOW, prefix: str = "111"
) -> None:
    """Orders three by three at the same instant, one line each."""
    orders = Order.objects.bulk_create(
        Order(
            **source(connection, "amazon.searchOrders"),
            external_id=f"{prefix}-{place:07d}",
            status=("SHIPPED", "UNSHIPPED", "PENDING")[place % 3],
            channel="seller",
            placed_at=begin - timedelta(minutes=place // 3),
            currency="USD" if place % 3 != 2 else None,
            total=Decimal("10") if place % 3 != 2 else None,
        )
        for place in range(count)
    )
    OrderItem.objects.bulk_create(
        OrderItem(
            seller=connection.seller,
            order=one,
            external_id="1",
            sku=f"SKU-{place % 7}",
            quantity=1,
        )
        for place, one in enumerate(orders)
    )


def listing(connection: Connection, sku: str, **fields: Any) -> Listing:
    """A listing; its title names the SKU."""
    values = {
        "sku": sku,
        "product_id": "B000000001",
        "title": f"Title of {sku}",
        "status": "BUYABLE,DISCOVERABLE",
        "condition": "new_new",
        "channel": "seller",
        "listed_at": NOW - timedelta(days=100),
    } | fields
    return Listing.objects.create(
        **source(connection, "amazon.searchListingsItems"), **values
    )


def product(connection: Connection, **fields: Any) -> Product:
    values = {
        "external_id": "B000000001",
        "title": "Mug",
        "brand": "Nordhafen",
    } | fields
    return Product.objects.create(
        **source(connection, "amazon.searchCatalogItems"), **values
    )


def price(
    connection: Connection, sku: str, amount: str = "12.5", **fields: Any
) -> Price:
    """A price, and its first change."""
    values = {
        "sku": sku,
        "kind": Price.Kind.OFFER,
        "amount": Decimal(amount),
        "currency": "USD",
    } | fields
    from_where = source(connection, "amazon.searchListingsItems")
    PriceChange.objects.create(**from_where, **values)
    return Price.objects.create(**from_where, **values)


def stock(
    connection: Connection, sku: str, available: int | None = 40, **fields: Any
) -> Stock:
    """A count, and its first change."""
    values = {
        "sku": sku,
        "location": "FBA",
        "channel": "marketplace",
        "available": available,
        "reserved": 0,
    } | fields
    from_where = source(connection, "amazon.getInventorySummaries")
    gone = values.pop("gone_at", None)
    StockChange.objects.create(**from_where, **values)
    return Stock.objects.create(**from_where, **values, gone_at=gone)
