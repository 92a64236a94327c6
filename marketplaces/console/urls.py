"""Addresses of the console; `key` carries a marketplace's own key, whatever it is."""

from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

import marketplaces.console.converters  # noqa: F401  the converter `key`
from marketplaces.console.views import (
    catalog,
    connecting,
    connections,
    exporting,
    fetched,
    home,
    orders,
    prices,
    starting,
    stock,
)

_of_seller = [
    path("", home.dashboard, name="dashboard"),
    path("orders", orders.order_list, name="orders"),
    path("orders.csv", orders.order_file, name="orders_file"),
    path("orders/<uuid:connection>/<key:number>", orders.order_detail, name="order"),
    path("listings", catalog.listing_list, name="listings"),
    path("listings.csv", catalog.listing_file, name="listings_file"),
    path(
        "skus/<uuid:connection>/<key:market>/<key:sku>", catalog.sku_detail, name="sku"
    ),
    path("inventory", stock.stock_list, name="inventory"),
    path("inventory.csv", stock.stock_file, name="inventory_file"),
    path("prices", prices.price_list, name="prices"),
    path("prices.csv", prices.price_file, name="prices_file"),
    path("what-we-fetch", fetched.what_we_fetch, name="what_we_fetch"),
    path("export", exporting.export, name="export"),
    path("export/progress", exporting.export_progress, name="export_progress"),
    path("export/<uuid:export>.zip", exporting.export_file, name="export_file"),
    path("export/<uuid:export>/end", exporting.export_end, name="export_end"),
    path("connections", connections.connection_list, name="connections"),
    path("connections/new", connecting.choose_marketplace, name="choose_marketplace"),
    path(
        "connections/new/<slug:marketplace>/<slug:region>",
        connecting.connect,
        name="connect",
    ),
    path("connections/<uuid:connection>", connections.connection, name="connection"),
    path(
        "connections/<uuid:connection>/progress",
        connections.progress,
        name="progress",
    ),
    path(
        "connections/<uuid:connection>/features/<slug:feature>",
        connecting.switch,
        name="switch",
    ),
    path("connections/<uuid:connection>/sync", connecting.sync_now, name="sync_now"),
    path(
        "connections/<uuid:connection>/disconnect",
        connecting.end,
        name="disconnect",
    ),
    path(
        "connections/<uuid:connection>/runs/<unguessable:run_id>",
        connections.run,
        name="run",
    ),
]

urlpatterns = [
    path("", home.home, name="home"),
    path(
        "favicon.ico",
        RedirectView.as_view(url=static("img/favicon.svg")),
        name="favicon",
    ),
    path(
        "connections/<slug:marketplace>/callback",
        connecting.callback,
        name="connection_callback",
    ),
    path(
        "connections/<slug:marketplace>/start",
        starting.start,
        name="connection_start",
    ),
    path("s/<slug:slug>/", include((_of_seller, "console"))),
]
