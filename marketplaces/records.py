"""The common language of all marketplaces: what an adapter says and the writer hears.

No field for buyer data exists here (USE-4). Times are aware datetimes in UTC, money
is `Decimal` beside its ISO 4217 currency, and `None` means "the marketplace didn't
say", which is never the same as 0. `as_of` is the marketplace's own time of the fact.
"""

from datetime import datetime
from decimal import Decimal

import msgspec


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One fact about a seller's own business."""


class MarketRecord(Record, frozen=True, gc=False, kw_only=True):
    """A country store the account may sell in."""

    market: str  # the marketplace's own id: "ATVPDKIKX0DER", "US"
    name: str
    country: str  # ISO 3166-1 alpha-2
    currency: str
    participating: bool
    as_of: datetime | None = None


class GrantRecord(Record, frozen=True, gc=False, kw_only=True):
    """What the authorisation lets us do, where the marketplace tells it.

    More than `view_only` is more than we use and deserves a warning.
    """

    scope: str  # "orders"
    level: str  # "full_access", "view_only", "no_access"


class ProductRecord(Record, frozen=True, gc=False, kw_only=True):
    """What is sold, as the catalogue describes it."""

    external_id: str  # ASIN, wpid
    market: str
    title: str | None = None
    brand: str | None = None
    category: str | None = None
    image: str | None = None  # https address of the main picture
    as_of: datetime | None = None


class Issue(msgspec.Struct, frozen=True, gc=False):
    """A problem of a listing in the marketplace's words."""

    code: str
    severity: str  # ERROR, WARNING, INFO
    message: str


class ListingRecord(Record, frozen=True, gc=False, kw_only=True):
    """A seller's offer to sell a product under a SKU."""

    sku: str
    market: str
    product_id: str | None = None  # external_id of the product
    title: str | None = None
    status: str = ""  # the marketplace's own words, "BUYABLE,DISCOVERABLE", "PUBLISHED"
    condition: str | None = None
    channel: str | None = None  # who ships: "seller", "marketplace"
    image: str | None = None
    issues: tuple[Issue, ...] = ()
    listed_at: datetime | None = None
    as_of: datetime | None = None


class PriceRecord(Record, frozen=True, gc=False, kw_only=True):
    """What the seller asks for a SKU."""

    sku: str
    market: str
    kind: str  # "offer": now; "regular": before discounts; "landed": with shipping
    amount: Decimal
    currency: str
    as_of: datetime | None = None


class StockRecord(Record, frozen=True, gc=False, kw_only=True):
    """How many pieces of a SKU lie at one place."""

    sku: str
    market: str
    location: str  # "FBA", "WFS", "DEFAULT", a ship node's id
    channel: str  # who ships from there: "seller", "marketplace"
    available: int | None = None
    reserved: int | None = None
    inbound: int | None = None
    unsellable: int | None = None
    as_of: datetime | None = None


class OrderItemRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One line of an order."""

    external_id: str
    sku: str
    product_id: str | None = None
    title: str | None = None
    status: str | None = None
    quantity: int
    quantity_shipped: int | None = None
    quantity_cancelled: int | None = None
    unit_price: Decimal | None = None  # for one piece, without tax and shipping
    currency: str | None = None


class OrderRecord(Record, frozen=True, gc=False, kw_only=True):
    """An order without its buyer."""

    external_id: str
    market: str
    status: str
    channel: str  # who ships: "seller", "marketplace", "third-party"
    placed_at: datetime
    as_of: datetime  # last change by the marketplace's clock
    ship_by: datetime | None = None
    currency: str | None = None
    total: Decimal | None = None  # None while pending: not known, never 0
    items: tuple[OrderItemRecord, ...] = ()
