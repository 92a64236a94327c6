"""All data of a seller in one file: asked for, watched, fetched (RET-2)."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from marketplaces.exporting import services
from marketplaces.exporting.fetching import fetch_export
from marketplaces.models import DataExport
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.portability import NOT_PORTABLE, PORTABLES
from plugseller.accounts.roles import Permission

_LAST = 10  # packages of the last days, for the page


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """What there is, and what became of the last ones; POST asks for a new one."""
    return ask(request, slug) if request.method == "POST" else _page(request, slug)


@confirmed
def ask(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask for a package; the second factor is asked for before."""
    desk = _owners_desk(request, slug)
    try:
        services.ask_export(standing=desk.standing, now=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect("console:export", slug)


@login_required
@require_safe
def export_progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the page that changes while a package is built."""
    desk = _owners_desk(request, slug)
    if "HX-Request" not in request.headers:
        return redirect("console:export", slug)
    return show(request, desk, "marketplaces/_export.html", _context(desk))


@login_required
@require_safe
@confirmed
def export_file(request: HttpRequest, slug: str, export: UUID) -> HttpResponseBase:
    """The package itself. Whoever may not have all of it learns nothing of it."""
    desk = _owners_desk(request, slug)
    found, now = _own(desk, export), timezone.now()
    try:
        pieces = fetch_export(standing=desk.standing, export=found, now=now)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return redirect("console:export", slug)
    day = timezone.localtime(found.asked_at, desk.zone).date().isoformat()
    return StreamingHttpResponse(
        pieces,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{slug}-all-{day}.zip"',
            "Content-Length": str(found.size),
        },
    )


@login_required
@require_POST
def export_end(request: HttpRequest, slug: str, export: UUID) -> HttpResponse:
    """Remove a package before its time."""
    desk = _owners_desk(request, slug)
    found, now = _own(desk, export), timezone.now()
    services.take_back(standing=desk.standing, export=found, now=now)
    messages.success(request, "The file is gone.")
    return redirect("console:export", slug)


def _page(request: HttpRequest, slug: str) -> HttpResponse:
    desk = _owners_desk(request, slug)
    context = {
        **_context(desk),
        "tables": PORTABLES.values(),
        "apart": NOT_PORTABLE.values(),
    }
    return show(request, desk, "marketplaces/export.html", context)


def _owners_desk(request: HttpRequest, slug: str) -> Desk:
    desk = open_desk(request, slug, Permission.EXPORT_DATA)
    if not services.may_have_all(desk.standing):
        raise PermissionDenied
    return desk


def _own(desk: Desk, export: UUID) -> DataExport:
    return get_object_or_404(DataExport.objects.of_seller(desk.seller), pk=export)


def _context(desk: Desk) -> dict[str, object]:
    own = DataExport.objects.of_seller(desk.seller).select_related("asked_by")
    every, now = list(own[:_LAST]), timezone.now()
    newest = every[0] if every else None
    return {
        "newest": newest,
        "earlier": every[1:],
        "ready": bool(newest and newest.can_be_fetched(now)),
        "now": now,
    }
