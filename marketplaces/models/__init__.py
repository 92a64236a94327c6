"""The tables of Marketplace Information, re-exported so that Django finds them."""

from marketplaces.models.appsecrets import AppSecret, SecretRotation
from marketplaces.models.catalog import Listing, Product
from marketplaces.models.connections import (
    ConnectAttempt,
    Connection,
    FeatureSwitch,
)
from marketplaces.models.exporting import DataExport
from marketplaces.models.markets import Market
from marketplaces.models.orders import Order, OrderItem
from marketplaces.models.pricing import Price, PriceChange
from marketplaces.models.stock import Stock, StockChange
from marketplaces.models.syncing import Sighting, SyncRun, SyncState

__all__ = [
    "AppSecret",
    "ConnectAttempt",
    "Connection",
    "DataExport",
    "FeatureSwitch",
    "Listing",
    "Market",
    "Order",
    "OrderItem",
    "Price",
    "PriceChange",
    "Product",
    "SecretRotation",
    "Sighting",
    "Stock",
    "StockChange",
    "SyncRun",
    "SyncState",
]
