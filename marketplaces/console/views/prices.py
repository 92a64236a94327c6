"""What the seller asks for each SKU."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from marketplaces.console.forms import PriceFilter
from marketplaces.console.lists import Listed, list_file, list_page
from marketplaces.console.skus import SkuRow, tell_facts
from marketplaces.datamap import Feature
from marketplaces.models import Price
from plugseller.accounts.desk import open_desk
from plugseller.accounts.roles import Permission
from plugseller.exports import Column

PRICES = Listed(
    name="prices",
    title="Prices",
    features=(Feature.PRICING, Feature.LISTINGS),
    permission=Permission.VIEW_PRICES,
    form=PriceFilter,
    rows=Price.objects.of_seller,
    tell=tell_facts,
    columns=(
        Column[SkuRow]("SKU", lambda r: r.fact.sku),
        Column[SkuRow]("Title", lambda r: r.title),
        Column[SkuRow]("Account", lambda r: r.account),
        Column[SkuRow]("Country store", lambda r: r.store),
        Column[SkuRow]("Kind", lambda r: r.fact.get_kind_display()),
        Column[SkuRow]("Price", lambda r: r.fact.amount),
        Column[SkuRow]("Currency", lambda r: r.fact.currency),
        Column[SkuRow]("Marketplace's time", lambda r: r.fact.as_of, timed=True),
        Column[SkuRow]("Fetched", lambda r: r.fact.fetched_at, timed=True),
        Column[SkuRow]("Call", lambda r: r.fact.operation),
    ),
)


@login_required
@require_safe
def price_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Prices of the seller, by SKU."""
    return list_page(request, open_desk(request, slug, PRICES.permission), PRICES)


@login_required
@require_safe
def price_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as CSV."""
    return list_file(request, open_desk(request, slug, PRICES.permission), PRICES)
