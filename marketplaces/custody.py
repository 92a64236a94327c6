"""What this floor holds of the marketplaces, how long, how it goes (SCOPE-1)."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from marketplaces.demologins import DemoLogins
from marketplaces.exporting.store import ExportFiles, Exports
from marketplaces.models import (
    AppSecret,
    ConnectAttempt,
    Connection,
    DataExport,
    FeatureSwitch,
    Listing,
    Market,
    Order,
    OrderItem,
    Price,
    PriceChange,
    Product,
    SecretRotation,
    Sighting,
    Stock,
    StockChange,
    SyncRun,
    SyncState,
)
from marketplaces.stores import History, LinesOfOrders, Listings, Orders
from plugseller.custody.erasers import hold_table
from plugseller.shelves import DataClass, Holding, Scope, Subject, hold, subject

_OWN: dict[str, Any] = {"seller": "seller", "connection": "connection"}
_BY_CONNECTION: dict[str, Any] = {
    "seller": "connection__seller",
    "connection": "connection",
}
_FETCHED: dict[str, Any] = {"data_class": DataClass.MARKETPLACE, **_OWN}

# Copies go before what they were copied from, and before the key that sealed them.
hold(
    Holding(
        name="exports",
        label="Files made for sellers to take along",
        data_class=DataClass.MARKETPLACE,
        rule="exports",
        store=ExportFiles(),
        rank=2,
    )
)
hold_table(
    DataExport,
    "Packages made for sellers to take along",
    data_class=DataClass.OPERATIONAL,
    rule="exports",
    rank=4,
    store=Exports(),
)
hold_table(
    OrderItem,
    "Lines of orders",
    data_class=DataClass.MARKETPLACE,
    rule="orders",
    rank=50,
    store=LinesOfOrders(
        OrderItem,
        seller="seller",
        connection="order__connection",
        age="order__placed_at",
    ),
)
hold_table(
    Order,
    "Orders",
    data_class=DataClass.MARKETPLACE,
    rule="orders",
    rank=52,
    store=Orders(Order, age="placed_at", **_OWN),
)
hold_table(
    PriceChange,
    "Price history",
    data_class=DataClass.MARKETPLACE,
    rule="price_history",
    rank=40,
    store=History(
        PriceChange, of=Price, key=("market", "sku", "kind"), age="fetched_at", **_OWN
    ),
)
hold_table(
    StockChange,
    "Stock history",
    data_class=DataClass.MARKETPLACE,
    rule="stock_history",
    rank=40,
    store=History(
        StockChange,
        of=Stock,
        key=("market", "sku", "location"),
        age="fetched_at",
        **_OWN,
    ),
)
hold_table(Price, "Prices", rule="with_connection", rank=54, **_FETCHED)
hold_table(Stock, "Stock", rule="gone", rank=54, age="gone_at", **_FETCHED)
hold_table(
    Listing,
    "Listings",
    data_class=DataClass.MARKETPLACE,
    rule="gone",
    rank=54,
    store=Listings(Listing, age="gone_at", **_OWN),
)
hold_table(Product, "Products", rule="with_connection", rank=54, **_FETCHED)
hold_table(Market, "Country stores", rule="with_connection", rank=80, **_FETCHED)

hold_table(
    SyncRun,
    "Sync runs",
    data_class=DataClass.OPERATIONAL,
    rule="sync_runs",
    rank=70,
    age="started_at",
    **_OWN,
)
hold_table(
    SyncState,
    "Where syncs stand",
    data_class=DataClass.OPERATIONAL,
    rule="with_connection",
    rank=70,
    **_BY_CONNECTION,
)
hold_table(
    Sighting,
    "What a running sync has seen",
    data_class=DataClass.MARKETPLACE,
    rule="with_connection",
    rank=70,
    **_BY_CONNECTION,
)
hold_table(
    FeatureSwitch,
    "Features switched on",
    data_class=DataClass.OPERATIONAL,
    rule="with_connection",
    rank=80,
    **_BY_CONNECTION,
)
hold_table(
    ConnectAttempt,
    "Attempts to connect",
    data_class=DataClass.OPERATIONAL,
    rule="connect_attempts",
    rank=80,
    seller="seller",
    connection="renews",
    age="started_at",
)
hold_table(
    AppSecret,
    "Secrets of our own app at the marketplaces",
    data_class=DataClass.CREDENTIAL,
    rule="ended_tokens",
    rank=0,
    age="ended_at",
    stays="It is our own app's and belongs to no seller.",
)
hold_table(
    SecretRotation,
    "Replacements of our own app's secrets",
    data_class=DataClass.OPERATIONAL,
    rule="ended_tokens",
    rank=0,
    age="ended_at",
    stays="It is about our own app and belongs to no seller.",
)
hold_table(
    Connection,
    "Connections and their credentials",
    data_class=DataClass.CREDENTIAL,
    rule="with_account",
    rank=85,
    seller="seller",
    connection="pk",
)

if settings.PLUGSELLER_ENV != "production":  # where there can be a demonstration
    hold(
        Holding(
            name="demo accounts",
            label="Accounts of the demonstration",
            data_class=DataClass.CREDENTIAL,
            rule="with_account",
            store=DemoLogins(),
            rank=20,
        )
    )


# Where the connections are found that the deletion ledger names.
def _all_connections() -> QuerySet[Connection]:
    return Connection.objects.across_sellers(reason="the ledger tells no seller")


def _connection(connection_id: UUID) -> Scope:
    account = _all_connections().filter(pk=connection_id).first()
    return Scope(
        seller_id=account.seller_id if account else None,
        connection_id=connection_id,
        connections=frozenset({connection_id}),
    )


subject(
    Subject(
        "connection",
        ids=lambda: _all_connections().values_list("pk", flat=True),
        scope=_connection,
        of_seller=lambda seller_id: (
            _all_connections().filter(seller=seller_id).values_list("pk", flat=True)
        ),
    )
)
