"""Addresses of the API; keys of a marketplace's own are encoded as in the console."""

from django.urls import path, re_path

import marketplaces.console.converters  # noqa: F401  the converter `key`
from marketplaces.api.views import accounts, base, described, rows

app_name = "api"

urlpatterns = [
    path("schema/", described.Schema.as_view(), name="schema"),
    path("docs/", described.docs, name="docs"),
    path("sellers", accounts.Sellers.as_view(), name="sellers"),
    path("sellers/<slug:slug>", accounts.OneSeller.as_view(), name="seller"),
    path(
        "sellers/<slug:slug>/connections",
        accounts.Connections.as_view(),
        name="connections",
    ),
    path(
        "sellers/<slug:slug>/connections/<uuid:connection>",
        accounts.OneConnection.as_view(),
        name="connection",
    ),
    path(
        "sellers/<slug:slug>/sync-runs", accounts.SyncRuns.as_view(), name="sync_runs"
    ),
    path(
        "sellers/<slug:slug>/sync-runs/<uuid:connection>/<unguessable:run_id>",
        accounts.OneSyncRun.as_view(),
        name="sync_run",
    ),
    path("sellers/<slug:slug>/orders", rows.Orders.as_view(), name="orders"),
    path(
        "sellers/<slug:slug>/orders/<uuid:connection>/<key:number>",
        rows.OneOrder.as_view(),
        name="order",
    ),
    path("sellers/<slug:slug>/listings", rows.Listings.as_view(), name="listings"),
    path(
        "sellers/<slug:slug>/listings/<uuid:connection>/<key:market>/<key:sku>",
        rows.OneListing.as_view(),
        name="listing",
    ),
    path("sellers/<slug:slug>/prices", rows.Prices.as_view(), name="prices"),
    path(
        "sellers/<slug:slug>/prices/<uuid:connection>/<key:market>/<key:sku>"
        "/<slug:kind>",
        rows.OnePrice.as_view(),
        name="price",
    ),
    path("sellers/<slug:slug>/inventory", rows.Inventory.as_view(), name="inventory"),
    path(
        "sellers/<slug:slug>/inventory/<uuid:connection>/<key:market>/<key:sku>"
        "/<key:location>",
        rows.OneStock.as_view(),
        name="stock",
    ),
    re_path(r"^(?P<rest>.*)$", base.Nothing.as_view(), name="nothing"),
]
