"""What is logged when rows about connections change, and what tells of the others."""

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
from plugseller.audit.diff import audited, summed_up

audited(
    Connection,
    fields=("seller", "marketplace", "region", "status", "connected_at", "ended_at"),
)
audited(
    FeatureSwitch,
    fields=("connection", "feature", "on"),
    seller="connection.seller_id",
)
audited(ConnectAttempt, fields=("seller", "marketplace", "region"))

audited(AppSecret, fields=("marketplace", "origin", "valid_from", "valid_until"))
audited(SecretRotation, fields=("marketplace", "state", "asked_at"))

for model in (
    Listing,
    Order,
    OrderItem,
    Price,
    PriceChange,
    Product,
    Stock,
    StockChange,
):
    summed_up(model, why="one sync.run entry for each run that wrote them")
summed_up(DataExport, why="asked, built, fetched and ended are entries of their own")
summed_up(Market, why="written together with its connection")
for notes in (SyncRun, SyncState, Sighting):
    summed_up(notes, why="the sync's own notes; sync.run says how a run ended")
