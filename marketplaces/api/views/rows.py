"""Marketplace Information: orders, listings, prices, stock; logged before shown."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from marketplaces.api.queries import ListingQuery, OrderQuery, PriceQuery, StockQuery
from marketplaces.api.schema import described, page_of
from marketplaces.api.serializers import ListingRow, OrderRow, PriceRow, StockRow
from marketplaces.api.views.base import OneView, PagedView, SellerView
from marketplaces.datamap import Feature
from marketplaces.models import Listing, Order, OrderItem, Price, Stock
from plugseller.accounts.roles import Permission


class _Orders(SellerView):
    permission = Permission.VIEW_ORDERS

    def rows(self) -> QuerySet[Order]:
        seller = self.standing.seller
        lines = OrderItem.objects.of_seller(seller).order_by("id")
        own = Order.objects.of_seller(seller).defer("lines_digest")
        return own.prefetch_related(Prefetch("items", queryset=lines))


class Orders(_Orders, PagedView):
    query, row, features = OrderQuery, OrderRow, (Feature.ORDERS,)
    logged_as = "orders.list"

    @described(
        "orders_list",
        page_of(OrderRow),
        summary="Orders with their lines",
        path=("slug",),
        query=OrderQuery,
        tag="Orders",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.page(request)


class OneOrder(_Orders, OneView):
    row, logged_as = OrderRow, "orders.detail"

    @described(
        "order",
        OrderRow,
        summary="One order",
        path=("slug", "connection", "number"),
        tag="Orders",
    )
    def get(
        self, request: Request, slug: str, connection: UUID, number: str
    ) -> Response:
        return self.one(request, connection_id=connection, external_id=number)


class _Listings(SellerView):
    permission = Permission.VIEW_CATALOG

    def rows(self) -> QuerySet[Listing]:
        return Listing.objects.of_seller(self.standing.seller)


class Listings(_Listings, PagedView):
    query, row, features = ListingQuery, ListingRow, (Feature.LISTINGS,)
    logged_as = "listings.list"

    @described(
        "listings_list",
        page_of(ListingRow),
        summary="Listings",
        path=("slug",),
        query=ListingQuery,
        tag="Listings",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.page(request)


class OneListing(_Listings, OneView):
    row, logged_as = ListingRow, "listings.detail"

    @described(
        "listing",
        ListingRow,
        summary="One listing",
        path=("slug", "connection", "market", "sku"),
        tag="Listings",
    )
    def get(self, request: Request, slug: str, **key: Any) -> Response:
        return self.one(request, **key)


class _Prices(SellerView):
    permission = Permission.VIEW_PRICES

    def rows(self) -> QuerySet[Price]:
        return Price.objects.of_seller(self.standing.seller)


class Prices(_Prices, PagedView):
    query, row = PriceQuery, PriceRow
    features = (Feature.PRICING, Feature.LISTINGS)
    logged_as = "prices.list"

    @described(
        "prices_list",
        page_of(PriceRow),
        summary="Prices",
        path=("slug",),
        query=PriceQuery,
        tag="Prices",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.page(request)


class OnePrice(_Prices, OneView):
    row, logged_as = PriceRow, "prices.detail"

    @described(
        "price",
        PriceRow,
        summary="One price",
        path=("slug", "connection", "market", "sku", "kind"),
        tag="Prices",
    )
    def get(self, request: Request, slug: str, **key: Any) -> Response:
        return self.one(request, **key)


class _Inventory(SellerView):
    permission = Permission.VIEW_INVENTORY

    def rows(self) -> QuerySet[Stock]:
        return Stock.objects.of_seller(self.standing.seller)


class Inventory(_Inventory, PagedView):
    query, row = StockQuery, StockRow
    features = (Feature.INVENTORY, Feature.LISTINGS)
    logged_as = "inventory.list"

    @described(
        "inventory_list",
        page_of(StockRow),
        summary="Stock, a row for each SKU and place",
        path=("slug",),
        query=StockQuery,
        tag="Inventory",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.page(request)


class OneStock(_Inventory, OneView):
    row, logged_as = StockRow, "inventory.detail"

    @described(
        "stock",
        StockRow,
        summary="The stock of one SKU at one place",
        path=("slug", "connection", "market", "sku", "location"),
        tag="Inventory",
    )
    def get(self, request: Request, slug: str, **key: Any) -> Response:
        return self.one(request, **key)
