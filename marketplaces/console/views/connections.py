"""Accounts as they stand: what they fetch, why, and how that goes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplaces import reports, shelf
from marketplaces.console.places import Places
from marketplaces.console.views.fetched import DAYS, chapters
from marketplaces.models import Connection, SyncRun
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.roles import Permission

_WATCHED_FOR = timedelta(minutes=2)  # after a sync was asked for, until a run begins
_BETWEEN_RUNS = timedelta(seconds=10)  # one feature's run is over, the next to come
WARN_DAYS = 30  # how long before a consent ends the seller is told
_LAST_RUNS = 20


@login_required
@require_safe
def connection_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every account, those that ended last."""
    desk, now = open_desk(request, slug, Permission.VIEW_CATALOG), timezone.now()
    places = Places(desk.seller)
    fresh = reports.streams(desk.seller, now=now)
    live, ended = [], []
    for found in places.connections:
        name = places.account(found.pk)
        if found.status == Connection.Status.DISCONNECTED:
            ended.append((found, name))
        else:
            streams = [stream for stream in fresh if stream.connection == found]
            soon = found.must_reconnect_within(WARN_DAYS, now=now)
            live.append((found, name, streams, soon))
    context = {"live": live, "ended": ended, "now": now}
    return show(request, desk, "marketplaces/connections.html", context)


@login_required
@require_safe
def connection(request: HttpRequest, slug: str, connection: UUID) -> HttpResponse:
    """One account: its features, what each fetches and why, and the last runs."""
    desk, now = open_desk(request, slug, Permission.VIEW_CATALOG), timezone.now()
    found = own_connection(desk, connection)
    dropped = reports.dropped_since(
        desk.seller, since=now - timedelta(days=DAYS), connection_id=found.pk
    )
    runs = SyncRun.objects.of_seller(desk.seller).filter(connection=found)
    places = Places(desk.seller)
    context = {
        **_progress(request, desk, found, now),
        "name": places.account(found.pk),
        "stores": [m for (pk, _), m in places.markets.items() if pk == found.pk],
        "chapters": chapters(found.marketplace, dropped=dropped)
        if on_the_shelf(found.marketplace)
        else [],
        "runs": list(runs.order_by("-id")[:_LAST_RUNS]),
        "dropped_total": sum(path.times for path in dropped),
        "days": DAYS,
        "reconnect_soon": found.must_reconnect_within(WARN_DAYS, now=now),
    }
    return show(request, desk, "marketplaces/connection.html", context)


@login_required
@require_safe
def progress(request: HttpRequest, slug: str, connection: UUID) -> HttpResponse:
    """The part of the connection's page that changes while a sync runs."""
    desk = open_desk(request, slug, Permission.VIEW_CATALOG)
    found = own_connection(desk, connection)
    if "HX-Request" not in request.headers:
        return redirect("console:connection", slug, found.pk)
    context = _progress(request, desk, found, timezone.now())
    return show(request, desk, "marketplaces/_streams.html", context)


def _progress(
    request: HttpRequest, desk: Desk, found: Connection, now: datetime
) -> dict[str, Any]:
    streams = reports.streams(desk.seller, now=now, connection_id=found.pk)
    asked = _asked(request, now)
    runs = [stream.last_run for stream in streams if stream.last_run]
    waits = asked is not None and not any(run.started_at >= asked for run in runs)
    goes_on = any(
        run.outcome == SyncRun.Outcome.RUNNING
        or (run.finished_at and run.finished_at > now - _BETWEEN_RUNS)
        for run in runs
    )
    return {
        "connection": found,
        "streams": streams,
        "asked": str(int(asked.timestamp())) if asked else "",
        "waits": waits,
        "running": waits or goes_on,
        "now": now,
    }


def _asked(request: HttpRequest, now: datetime) -> datetime | None:
    """When a sync was asked for, by the address; None if that is nonsense or long ago.

    It decides no more than whether the page looks again.
    """
    told = request.GET.get("asked", "")
    if not (told.isascii() and told.isdigit() and len(told) <= 10):
        return None
    asked = datetime.fromtimestamp(int(told), UTC)
    return asked if now - _WATCHED_FOR < asked <= now else None


def watched(made: Connection) -> HttpResponse:
    """To the account's page, which then shows the sync that was just asked for."""
    address = reverse("console:connection", args=[made.seller.slug, made.pk])
    return redirect(f"{address}?asked={int(timezone.now().timestamp())}")


@login_required
@require_safe
def run(request: HttpRequest, slug: str, connection: UUID, run_id: int) -> HttpResponse:
    """One sync run: what it asked, what it wrote, what it dropped."""
    desk = open_desk(request, slug, Permission.VIEW_CATALOG)
    found = own_connection(desk, connection)
    own = SyncRun.objects.of_seller(desk.seller)
    one = get_object_or_404(own, connection=found, pk=run_id)
    return show(
        request, desk, "marketplaces/run.html", {"connection": found, "run": one}
    )


def own_connection(desk: Desk, connection: UUID) -> Connection:
    """The seller's connection of that id, or the 404 that an unknown one gets."""
    own = Connection.objects.of_seller(desk.seller).defer("credentials")
    return get_object_or_404(own, pk=connection)


def on_the_shelf(marketplace: str) -> bool:
    """Whether the marketplace is switched on in this installation."""
    return marketplace in [adapter.key for adapter in shelf.adapters()]
