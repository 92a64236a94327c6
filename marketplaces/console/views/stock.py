"""How many pieces lie where."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from marketplaces.console.forms import StockFilter
from marketplaces.console.lists import Listed, list_file, list_page
from marketplaces.console.skus import SkuRow, tell_facts
from marketplaces.datamap import Feature
from marketplaces.models import Stock
from plugseller.accounts.desk import open_desk
from plugseller.accounts.roles import Permission
from plugseller.exports import Column

STOCK = Listed(
    name="inventory",
    title="Inventory",
    features=(Feature.INVENTORY, Feature.LISTINGS),
    permission=Permission.VIEW_INVENTORY,
    form=StockFilter,
    rows=Stock.objects.of_seller,
    tell=tell_facts,
    columns=(
        Column[SkuRow]("SKU", lambda r: r.fact.sku),
        Column[SkuRow]("Title", lambda r: r.title),
        Column[SkuRow]("Account", lambda r: r.account),
        Column[SkuRow]("Country store", lambda r: r.store),
        Column[SkuRow]("Place", lambda r: r.fact.location),
        Column[SkuRow]("Shipped by", lambda r: r.shipper),
        Column[SkuRow]("Sellable", lambda r: r.fact.available),
        Column[SkuRow]("Reserved", lambda r: r.fact.reserved),
        Column[SkuRow]("Inbound", lambda r: r.fact.inbound),
        Column[SkuRow]("Unsellable", lambda r: r.fact.unsellable),
        Column[SkuRow]("Gone", lambda r: r.fact.gone_at, timed=True),
        Column[SkuRow]("Marketplace's time", lambda r: r.fact.as_of, timed=True),
        Column[SkuRow]("Fetched", lambda r: r.fact.fetched_at, timed=True),
        Column[SkuRow]("Call", lambda r: r.fact.operation),
    ),
)


@login_required
@require_safe
def stock_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Stock of the seller, a row for each SKU and place."""
    return list_page(request, open_desk(request, slug, STOCK.permission), STOCK)


@login_required
@require_safe
def stock_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as CSV."""
    return list_file(request, open_desk(request, slug, STOCK.permission), STOCK)
