"""Listings, and the page of a SKU: its listing, prices and stock, now and before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplaces.console import words
from marketplaces.console.absence import why_missing
from marketplaces.console.charts import Steps, steps
from marketplaces.console.forms import ListingFilter
from marketplaces.console.lists import Listed, list_file, list_page
from marketplaces.console.places import Places
from marketplaces.console.provenance import Source, source_of
from marketplaces.console.skus import SkuRow, tell_facts
from marketplaces.console.views.orders import order_url
from marketplaces.datamap import Feature
from marketplaces.models import (
    Listing,
    OrderItem,
    Price,
    PriceChange,
    Product,
    Stock,
    StockChange,
)
from marketplaces.reports import streams
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.audit.services import record_access
from plugseller.exports import Column

_RECENT = 1_000  # listings whose statuses make up the filter's choices
_MOST_CHANGES = 200
_LAST_ORDERS = 10


def _statuses(seller: Seller) -> list[tuple[str, str]]:
    first = Listing.objects.of_seller(seller).order_by("sku", "id")
    seen = set(first.values_list("status", flat=True)[:_RECENT])
    return [(status, words.status_words(status)) for status in sorted(seen) if status]


LISTINGS = Listed(
    name="listings",
    title="Listings",
    features=(Feature.LISTINGS,),
    permission=Permission.VIEW_CATALOG,
    form=ListingFilter,
    rows=Listing.objects.of_seller,
    tell=tell_facts,
    statuses=_statuses,
    columns=(
        Column[SkuRow]("SKU", lambda r: r.fact.sku),
        Column[SkuRow]("Title", lambda r: r.title),
        Column[SkuRow]("Product id", lambda r: r.fact.product_id),
        Column[SkuRow]("Status", lambda r: words.status_words(r.fact.status)),
        Column[SkuRow]("Problems", lambda r: r.fact.issue_count),
        Column[SkuRow]("Account", lambda r: r.account),
        Column[SkuRow]("Country store", lambda r: r.store),
        Column[SkuRow](
            "Condition",
            lambda r: r.fact.condition and words.condition(r.fact.condition),
        ),
        Column[SkuRow]("Shipped by", lambda r: r.shipper),
        Column[SkuRow]("Listed", lambda r: r.fact.listed_at, timed=True),
        Column[SkuRow]("Gone", lambda r: r.fact.gone_at, timed=True),
        Column[SkuRow]("Marketplace's time", lambda r: r.fact.as_of, timed=True),
        Column[SkuRow]("Fetched", lambda r: r.fact.fetched_at, timed=True),
        Column[SkuRow]("Call", lambda r: r.fact.operation),
    ),
)


@login_required
@require_safe
def listing_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Listings of the seller, by SKU."""
    return list_page(request, open_desk(request, slug, LISTINGS.permission), LISTINGS)


@login_required
@require_safe
def listing_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as CSV."""
    return list_file(request, open_desk(request, slug, LISTINGS.permission), LISTINGS)


@dataclass(frozen=True, slots=True)
class _Sku:
    """Where to look: one SKU in one country store of one account."""

    desk: Desk
    connection: UUID
    market: str
    sku: str

    def of(self, model: Any) -> QuerySet[Any]:
        """The seller's rows of a table about this SKU."""
        rows: QuerySet[Any] = model.objects.of_seller(self.desk.seller).filter(
            connection_id=self.connection, market=self.market, sku=self.sku
        )
        return rows


@login_required
@require_safe
def sku_detail(
    request: HttpRequest, slug: str, connection: UUID, market: str, sku: str
) -> HttpResponse:
    """All that is known of a SKU, as far as the person may see it."""
    desk = open_desk(request, slug)
    here, now = _Sku(desk, connection, market, sku), timezone.now()
    listing = here.of(Listing).first() if desk.sees_catalog else None
    prices = list(here.of(Price).order_by("kind")) if desk.sees_prices else []
    stock = list(here.of(Stock).order_by("location")) if desk.sees_inventory else []
    if not (listing or prices or stock):
        raise Http404
    places = Places(desk.seller)
    price_history, stock_history = _price_history(here, now), _stock_history(here, now)
    orders, products = _last_orders(here), _product(here, listing)
    changes = [h.changes for h in (price_history, stock_history) if h]
    _log(
        desk,
        listings=[listing, *products] if listing else [],
        prices=prices,
        inventory=stock,
        other_rows=sum(map(len, changes)) + len(orders),
    )
    told = {
        s.feature: s for s in streams(desk.seller, now=now, connection_id=connection)
    }
    context = {
        "sku": sku,
        "now": now,
        "store": places.store(connection, market),
        "listing": listing,
        "listing_source": source_of(listing) if listing else None,
        "products": products,
        "prices": [(price, source_of(price)) for price in prices],
        "price_history": price_history,
        "stock": [(place, source_of(place)) for place in stock],
        "stock_history": stock_history,
        "orders": orders,
        "why": {
            f.value: reason
            for f, s in told.items()
            if not (reason := why_missing(s)).at  # it told others, not this one
        },
    }
    return show(request, desk, "marketplaces/sku.html", context)


def _log(desk: Desk, *, other_rows: int, **shown: list[Any]) -> None:
    """One entry for the whole page, named by the first thing that is on it."""
    parts = [name for name, rows in shown.items() if rows]
    record_access(
        f"{parts[0]}.detail",
        actor=desk.user,
        seller_id=desk.seller.pk,
        subject=shown[parts[0]][0],
        rows=sum(map(len, shown.values())) + other_rows,
        details={"shown": parts},
    )


def _product(here: _Sku, listing: Listing | None) -> list[tuple[Product, Source]]:
    if not listing or not listing.product_id:
        return []
    found = Product.objects.of_seller(here.desk.seller).filter(
        connection_id=here.connection,
        market=here.market,
        external_id=listing.product_id,
    )
    return [(product, source_of(product)) for product in found]


@dataclass(frozen=True, slots=True)
class History:
    """The last changes of a figure, newest first, and their line."""

    changes: list[Any]
    line: Steps | None
    cut_off: bool  # older changes exist that aren't shown


def _price_history(here: _Sku, now: datetime) -> History | None:
    if not here.desk.sees_prices:
        return None
    rows = here.of(PriceChange).order_by("-id")[: _MOST_CHANGES + 1]
    changes: list[PriceChange] = list(rows)
    asked = [
        (change.as_of or change.fetched_at, change.amount)
        for change in reversed(changes[:_MOST_CHANGES])
        if change.kind == Price.Kind.OFFER
    ]
    return History(
        changes[:_MOST_CHANGES],
        steps(sorted(asked), until=now),
        len(changes) > _MOST_CHANGES,
    )


def _stock_history(here: _Sku, now: datetime) -> History | None:
    if not here.desk.sees_inventory:
        return None
    rows = here.of(StockChange).order_by("-id")[: _MOST_CHANGES + 1]
    changes: list[StockChange] = list(rows)
    places = {change.location for change in changes}
    counts = [
        (change.as_of or change.fetched_at, change.available)
        for change in reversed(changes[:_MOST_CHANGES])
        if change.available is not None and len(places) == 1
    ]
    return History(
        changes[:_MOST_CHANGES],
        steps(sorted(counts), until=now),
        len(changes) > _MOST_CHANGES,
    )


def _last_orders(here: _Sku) -> list[tuple[OrderItem, str]]:
    if not here.desk.sees_orders:
        return []
    lines = (
        OrderItem.objects.of_seller(here.desk.seller)
        .filter(
            sku=here.sku,
            order__connection_id=here.connection,
            order__market=here.market,
        )
        .select_related("order")
        .order_by("-order__placed_at", "-id")[:_LAST_ORDERS]
    )
    return [(line, order_url(here.desk, line.order)) for line in lines]
