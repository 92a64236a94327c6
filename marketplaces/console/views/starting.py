"""Where a marketplace sends a seller who begins there: its "log-in address" of ours."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from marketplaces import shelf
from marketplaces.console.starts import Started, accounts_started, read_start
from marketplaces.console.views.connections import on_the_shelf
from marketplaces.contract import Adapter
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import sellers_visible_to


@login_required
@require_safe
def start(request: HttpRequest, marketplace: str) -> HttpResponse:
    """For which seller, and in which region; straight on where there is one way only.

    Nothing begins here: the next page shows what would be read and asks.
    """
    if not on_the_shelf(marketplace):
        raise Http404
    adapter = shelf.adapter(marketplace)
    started = read_start(adapter, request.GET.dict())
    own = sellers_visible_to(request.user, Permission.MANAGE_CONNECTIONS)
    ways = [
        way
        for seller in own.order_by("name", "slug")
        for way in _ways(adapter, seller, started)
    ]
    if len(ways) == 1:
        return redirect(ways[0].address)
    context = {"label": adapter.label, "ways": ways, "started": started}
    return render(request, "marketplaces/start.html", context)


@dataclass(frozen=True, slots=True)
class _Way:
    seller: Seller
    region: str
    address: str


def _ways(adapter: Adapter, seller: Seller, started: Started | None) -> list[_Way]:
    """The seller in each region that can be; where it has the account, there only."""
    regions = started.regions(adapter) if started else adapter.regions
    if started:
        known = accounts_started(seller, adapter.key, started)
        have = set(known.values_list("region", flat=True))
        regions = tuple(r for r in regions if r.key in have) or regions
    query = f"?{started.query}" if started else ""
    return [
        _Way(
            seller,
            region.label,
            reverse("console:connect", args=[seller.slug, adapter.key, region.key])
            + query,
        )
        for region in regions
    ]
