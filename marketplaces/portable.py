"""What of connections and Marketplace Information a seller takes along: all of it.

No column about a buyer is here, because no table of ours has one (USE-4). Rows of
an account that is to be deleted are here as well: this is the last chance. Once its
deletion has begun they are not, lest a package holds what is certified to be gone.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

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
    Sighting,
    Stock,
    StockChange,
    SyncRun,
    SyncState,
)
from plugseller import exports
from plugseller.accounts.models import Seller
from plugseller.accounts.portability import (
    Batches,
    From,
    MayGoOn,
    Says,
    by,
    not_portable,
    portable,
)
from plugseller.accounts.tenancy import Standing
from plugseller.custody.models import Tombstone
from plugseller.custody.services import is_buried
from plugseller.keyset import Ordering

_THEIRS, _OURS, _YOU = From.MARKETPLACE, From.OURS, From.SELLER
_UTC = "UTC, ISO 8601"
_COUNT, _PIECES = "count", "pieces; empty: not told, which isn't 0"
_MONEY = "in the currency of the row; empty: not told yet, which isn't 0"
_ISO = "ISO 4217"
_ITSELF = "All rows are of one seller, the one this package is of."

_ID = Says("id", "Our number of the row.", _OURS)
_CONNECTION = Says("connection_id", "The account it was fetched from.", _OURS)
_FETCHED = (
    _ID,
    _CONNECTION,
    Says("market", "The marketplace's id of the country store.", _THEIRS),
    Says("as_of", "The marketplace's own time of the fact.", _THEIRS, _UTC),
    Says("fetched_at", "When we read it.", _OURS, _UTC),
    Says("operation", "The call it came by: marketplace and operation.", _OURS),
    Says("run_id", "The sync run it came in.", _OURS),
)
_SKU = Says("sku", "Your SKU.", _THEIRS)
_TITLE = Says("title", "The product's title.", _THEIRS)
_PRODUCT = Says("product_id", "The product's id (ASIN, item id).", _THEIRS)
_CURRENCY = Says("currency", "The currency of the amount.", _THEIRS, _ISO)
_IMAGE = Says("image", "The address of the product's picture.", _THEIRS)
_GONE = Says(
    "gone_at", "Since when a complete answer doesn't name it any more.", _OURS, _UTC
)
_PRICE = (
    *_FETCHED,
    _SKU,
    Says("kind", "Which price: asked now, before discounts, with shipping.", _THEIRS),
    Says("amount", "The price.", _THEIRS, _MONEY),
    _CURRENCY,
)
_STOCK = (
    *_FETCHED,
    _SKU,
    Says("location", "The warehouse or fulfilment centre.", _THEIRS),
    Says("channel", "Who ships from there: you or the marketplace.", _THEIRS),
    Says("available", "What can be sold.", _THEIRS, _PIECES),
    Says("reserved", "What is put aside for orders.", _THEIRS, _PIECES),
    Says("inbound", "What is on its way there.", _THEIRS, _PIECES),
    Says("unsellable", "What lies there and can't be sold.", _THEIRS, _PIECES),
)


def _of(model: Any, column: str, kind: type[Any]) -> Batches:
    return by(column, kind, lambda standing: _own(model, standing.seller))


def _through_connections(model: Any) -> Batches:
    def own(standing: Standing) -> Any:
        return model.objects.filter(connection__in=_connections(standing.seller))

    return by("id", int, own)


def _own(model: Any, seller: Seller) -> Any:
    rows = model.objects.of_seller(seller, frozen=True)
    return rows.exclude(connection__in=_erased(seller))


def _connections(seller: Seller) -> Any:
    own = Connection.objects.of_seller(seller, frozen=True)
    return own.exclude(pk__in=_erased(seller))


def _erased(seller: Seller) -> list[UUID]:
    every = Connection.objects.of_seller(seller, frozen=True)
    ids = every.exclude(frozen_at=None).values_list("pk", flat=True)
    return [one for one in ids if is_buried(Tombstone.Kind.CONNECTION, one)]


_OLDEST_ORDER = Ordering("placed_at", "", "placed_at", datetime)


def _lines(standing: Standing, may_go_on: MayGoOn) -> Iterator[list[OrderItem]]:
    """By their orders: no index has a seller's lines in an order of their own."""
    orders = _own(Order, standing.seller).only("pk", "placed_at")
    lines = OrderItem.objects.of_seller(standing.seller, frozen=True)
    for batch in exports.in_batches(orders, _OLDEST_ORDER, may_go_on=may_go_on):
        of_these = lines.filter(order__in=[order.pk for order in batch])
        yield list(of_these.order_by("order_id", "id"))


portable(
    Connection,
    "connections",
    "Marketplace accounts you connected, without their credentials.",
    Says("id", "Our number of the connection.", _OURS),
    Says("marketplace", "Which marketplace.", _YOU),
    Says("region", "Which region of it.", _YOU),
    Says("account_id", "Your account's id there.", _THEIRS),
    Says("label", "How you named it.", _YOU),
    Says("status", "Whether we may fetch.", _OURS),
    Says("trouble", "What is wrong, if something is.", _OURS),
    Says("connected_at", "When you connected it.", _OURS, _UTC),
    Says("reconnect_by", "Until when the authorisation is good.", _THEIRS, _UTC),
    Says("tried_at", "When we last tried whether it still works.", _OURS, _UTC),
    Says("proved_at", "When it last let us in.", _OURS, _UTC),
    Says("ended_at", "When it was disconnected or ended.", _OURS, _UTC),
    Says("frozen_at", "Since when it is to be deleted.", _OURS, _UTC),
    Says("paused_at", "Since when nothing is fetched for now.", _OURS, _UTC),
    left_out={
        "seller": _ITSELF,
        "credentials": "They open your account and are a secret.",
    },
    batches=by(
        "connected_at",
        datetime,
        lambda s: _connections(s.seller).defer("credentials"),
    ),
)
portable(
    FeatureSwitch,
    "features",
    "What is switched on for each account.",
    _ID,
    _CONNECTION,
    Says("feature", "The feature.", _OURS),
    Says("on", "Whether it is switched on; off means no call is made.", _YOU),
    Says("switched_at", "Since when.", _OURS, _UTC),
    batches=_through_connections(FeatureSwitch),
)
portable(
    ConnectAttempt,
    "connect_attempts",
    "Ways to a marketplace's consent page in the last day.",
    _ID,
    Says("renews_id", "The account that was to be renewed.", _OURS),
    Says("marketplace", "Which marketplace.", _YOU),
    Says("region", "Which region of it.", _YOU),
    Says("features", "What was to be switched on.", _YOU),
    Says("started_at", "When it began.", _OURS, _UTC),
    Says("used_at", "When somebody came back with it.", _OURS, _UTC),
    left_out={
        "seller": _ITSELF,
        "state_hash": "It proves the attempt and is a secret.",
        "session_hash": "It names a browser's session and is a secret.",
    },
    batches=by(
        "started_at",
        datetime,
        lambda s: ConnectAttempt.objects.filter(seller=s.seller),
    ),
)
portable(
    Market,
    "country_stores",
    "Country stores in which your accounts may sell.",
    *_FETCHED,
    Says("name", "The store's name.", _THEIRS),
    Says("country", "Its country.", _THEIRS, "ISO 3166-1 alpha-2"),
    Says("currency", "Its currency.", _THEIRS, _ISO),
    Says("participating", "Whether the account sells there.", _THEIRS),
    left_out={"seller": _ITSELF},
    batches=_of(Market, "country", str),
)
portable(
    Product,
    "products",
    "Products of the marketplaces' catalogues that you list.",
    *_FETCHED,
    Says("external_id", "The product's id (ASIN, item id).", _THEIRS),
    _TITLE,
    Says("brand", "The brand.", _THEIRS),
    Says("category", "The category there.", _THEIRS),
    _IMAGE,
    left_out={"seller": _ITSELF},
    batches=_of(Product, "external_id", str),
)
portable(
    Listing,
    "listings",
    "Your offers, each a SKU in a country store.",
    *_FETCHED,
    _SKU,
    _PRODUCT,
    _TITLE,
    Says("status", "The offer's state, in the marketplace's words.", _THEIRS),
    Says("condition", "New, used, and so on.", _THEIRS),
    Says("channel", "Who ships it: you or the marketplace.", _THEIRS),
    _IMAGE,
    Says("issues", "What the marketplace finds wrong: JSON.", _THEIRS),
    Says("issue_count", "How many of them.", _OURS, _COUNT),
    Says("listed_at", "When the offer was made.", _THEIRS, _UTC),
    _GONE,
    left_out={"seller": _ITSELF},
    batches=_of(Listing, "sku", str),
)
portable(
    Price,
    "prices",
    "The prices that hold now.",
    *_PRICE,
    left_out={"seller": _ITSELF},
    batches=_of(Price, "sku", str),
)
portable(
    PriceChange,
    "price_history",
    "Every price we learned of, in that order.",
    *_PRICE,
    left_out={"seller": _ITSELF},
    batches=_of(PriceChange, "fetched_at", datetime),
)
portable(
    Stock,
    "stock",
    "What lies where now.",
    *_STOCK,
    _GONE,
    left_out={"seller": _ITSELF},
    batches=_of(Stock, "sku", str),
)
portable(
    StockChange,
    "stock_history",
    "Every count we learned of, in that order.",
    *_STOCK,
    left_out={"seller": _ITSELF},
    batches=_of(StockChange, "fetched_at", datetime),
)
portable(
    Order,
    "orders",
    "Orders, without their buyers: we never fetch who they are.",
    *_FETCHED,
    Says("external_id", "The order's number.", _THEIRS),
    Says("status", "The order's state, in the marketplace's words.", _THEIRS),
    Says("channel", "Who ships it: you or the marketplace.", _THEIRS),
    Says("placed_at", "When it was placed.", _THEIRS, _UTC),
    Says("ship_by", "By when it has to be shipped.", _THEIRS, _UTC),
    _CURRENCY,
    Says("total", "What the order comes to.", _THEIRS, _MONEY),
    left_out={
        "seller": _ITSELF,
        "lines_digest": "A checksum by which we see whether the lines changed.",
    },
    batches=_of(Order, "placed_at", datetime),
)
portable(
    OrderItem,
    "order_lines",
    "Lines of orders.",
    _ID,
    Says("order_id", "Our number of the order, as `id` in the orders.", _OURS),
    Says("external_id", "The line's number.", _THEIRS),
    _SKU,
    _PRODUCT,
    _TITLE,
    Says("status", "The line's state, in the marketplace's words.", _THEIRS),
    Says("quantity", "How many were ordered.", _THEIRS, "pieces"),
    Says("quantity_shipped", "How many were shipped.", _THEIRS, _PIECES),
    Says("quantity_cancelled", "How many were cancelled.", _THEIRS, _PIECES),
    Says("unit_price", "The price of one.", _THEIRS, _MONEY),
    _CURRENCY,
    left_out={"seller": _ITSELF},
    batches=_lines,
)
portable(
    SyncRun,
    "sync_runs",
    "What each sync did.",
    Says("id", "The run's number, as `run_id` in other files.", _OURS),
    _CONNECTION,
    Says("feature", "Which feature it fetched.", _OURS),
    Says("started_at", "When it began.", _OURS, _UTC),
    Says("finished_at", "When it ended.", _OURS, _UTC),
    Says("outcome", "How it ended.", _OURS),
    Says("calls", "Calls made to the marketplace.", _OURS, _COUNT),
    Says("pages", "Pages read.", _OURS, _COUNT),
    Says("rows_new", "Rows that were new.", _OURS, _COUNT),
    Says("rows_changed", "Rows that had changed.", _OURS, _COUNT),
    Says("rows_unchanged", "Rows that were as before.", _OURS, _COUNT),
    Says("rows_gone", "Rows found to be gone.", _OURS, _COUNT),
    Says("rows_skipped", "Rows that could not be read.", _OURS, _COUNT),
    Says("fields_dropped", "Fields about buyers that came unasked.", _OURS, _COUNT),
    Says("dropped", "The same by path: JSON, counts only, never a value.", _OURS),
    Says("unknown", "Paths nobody decided about yet: JSON, never a value.", _OURS),
    Says("skipped", "Why rows were skipped: JSON, counts.", _OURS),
    Says("throttled_seconds", "Waited for the marketplace's limits.", _OURS, "seconds"),
    Says("trouble", "What went wrong, if something did.", _OURS),
    Says("error_code", "The marketplace's own code of it.", _THEIRS),
    Says("goes_on_at", "When a waiting run may go on.", _OURS, _UTC),
    left_out={"seller": _ITSELF},
    batches=_of(SyncRun, "started_at", datetime),
)
portable(
    SyncState,
    "sync_states",
    "Where each account stands in each operation.",
    _ID,
    _CONNECTION,
    Says("operation", "The operation of the data map.", _OURS),
    Says("since", "Up to where changes are known.", _OURS, _UTC),
    Says("complete_at", "When a pass last came to its end.", _OURS, _UTC),
    Says("full_at", "When a pass last looked at everything.", _OURS, _UTC),
    Says("tokens", "Calls the marketplace's limit had left.", _OURS, _COUNT),
    Says("tokens_at", "When they were counted.", _OURS, _UTC),
    left_out={
        "checkpoint": "A page token of the marketplace, of use to our calls only."
    },
    batches=_through_connections(SyncState),
)

not_portable(AppSecret, "Our own app's secrets; no seller stands in them.")
not_portable(Sighting, "Keys a running sync has seen; the rows themselves are here.")
not_portable(DataExport, "The package you are reading; Activity tells of each one.")
