"""The first page after signing in, and a seller's dashboard."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplaces import reports
from marketplaces.console import words
from marketplaces.console.charts import bars
from marketplaces.console.forms import LOW_STOCK
from marketplaces.console.places import Places
from marketplaces.console.skus import tell_facts
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import User
from plugseller.accounts.services import invitations_of
from plugseller.accounts.tenancy import sellers_of
from plugseller.audit.services import record_access

_DAYS = 30
_ROWS = 8


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The person's sellers and invitations; straight on where there is only one. Our
    staff have a desk."""
    user, now = request.user, timezone.now()
    if isinstance(user, User) and user.is_staff:
        return redirect("admin:index")
    sellers = sellers_of(user)
    waiting = list(invitations_of(user, now=now)) if isinstance(user, User) else []
    if len(sellers) == 1 and not waiting:
        return redirect("console:dashboard", sellers[0].slug)
    context = {"sellers": sellers, "waiting": waiting}
    return render(request, "marketplaces/home.html", context)


@login_required
@require_safe
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """What matters today, as far as the person may see it, and how fresh it is."""
    desk, now = open_desk(request, slug), timezone.now()
    if desk.seller.frozen_at:  # nothing of it is shown: only how the deletion stands
        return redirect("privacy:home", slug)
    fresh = [
        stream
        for stream in reports.streams(desk.seller, now=now)
        if desk.may(words.NEEDS[stream.feature])
    ]
    places = Places(desk.seller)
    told: dict[str, Any] = {
        **(_orders(desk) if desk.sees_orders else {}),
        **(_shelves(desk, places) if desk.sees_inventory else {}),
        **(_problems(desk, places) if desk.sees_catalog else {}),
    }
    listed = {"per_day": "orders", "short": "inventory", "problems": "listings"}
    record_access(
        "dashboard",
        actor=desk.user,
        seller_id=desk.seller.pk,
        rows=len(told.get("short", ())) + len(told.get("problems", ())),
        details={"shown": [name for key, name in listed.items() if key in told]},
    )
    context = {
        "now": now,
        "fresh": fresh,
        "days": _DAYS,
        "low_stock": LOW_STOCK,
        **told,
    }
    return show(request, desk, "marketplaces/dashboard.html", context)


def _orders(desk: Desk) -> dict[str, object]:
    today = timezone.localtime(timezone.now(), desk.zone).date()
    per_day = reports.orders_per_day(
        desk.seller, zone=desk.zone, today=today, days=_DAYS
    )
    hints = [
        (f"{day.date:%d %b}: {day.orders:,} orders", day.orders) for day in per_day
    ]
    sold = reports.sold(
        desk.seller,
        zone=desk.zone,
        first=today - timedelta(days=_DAYS - 1),
        last=today,
        cancelled=words.CANCELLED,
    )
    return {
        "per_day": per_day,
        "chart": bars(hints),
        "orders_total": sum(day.orders for day in per_day),
        "orders_today": per_day[-1].orders,
        "sold": sold,
    }


def _shelves(desk: Desk, places: Places) -> dict[str, object]:
    rows = reports.low_stock(desk.seller, at_most=LOW_STOCK, rows=_ROWS)
    return {
        "short": tell_facts(desk, places, rows),
        "out_count": reports.capped_count(reports.stock_up_to(desk.seller, 0)),
        "short_count": reports.capped_count(
            reports.stock_up_to(desk.seller, LOW_STOCK)
        ),
    }


def _problems(desk: Desk, places: Places) -> dict[str, object]:
    troubled = reports.listings_with_problems(desk.seller)
    rows = list(troubled.order_by("sku", "id")[:_ROWS])
    return {
        "problems": tell_facts(desk, places, rows),
        "problem_count": reports.capped_count(troubled),
    }
