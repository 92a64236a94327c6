"""What was done with the seller's data, as a page and as a file."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from plugseller import exports
from plugseller.accounts.activity import (
    COLUMNS,
    KINDS,
    NEWEST,
    ActivityFilter,
    Line,
    People,
    entries_of,
)
from plugseller.accounts.confirming import ask, is_confirmed
from plugseller.accounts.desk import Desk, open_desk, show, still_may
from plugseller.accounts.roles import Permission
from plugseller.audit.models import Entry
from plugseller.audit.services import record_access
from plugseller.keyset import BadCursor, cursor_from, cut
from plugseller.shelves import EVENTS

PAGE_SIZE = 50


@login_required
@require_safe
def activity(request: HttpRequest, slug: str) -> HttpResponse:
    """One page of what was done, newest first; 400 if the address asks nonsense."""
    desk = open_desk(request, slug, Permission.VIEW_ACTIVITY)
    people = People(desk)
    form = ActivityFilter(request.GET, people=people, zone=desk.zone)
    context = {"form": form, "kinds": KINDS, "catalogue": _catalogue()}
    if not form.is_valid():
        return show(request, desk, "accounts/activity.html", context, status=400)
    try:
        cursor = cursor_from(request.GET.get("cursor", ""), NEWEST)
    except BadCursor:
        messages.info(request, "That link leads nowhere. Here is the first page.")
        cursor = None
    page = cut(form.narrow(entries_of(desk.seller)), NEWEST, cursor, size=PAGE_SIZE)
    _log("activity.list", desk, form, rows=len(page.rows))
    context |= {
        "lines": people.tell(page.rows),
        "before": _address(form, page.before),
        "after": _address(form, page.after),
        "link": _address(form) or "?",
    }
    return show(request, desk, "accounts/activity.html", context)


@login_required
@require_safe
def activity_file(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same entries, all of them, as CSV; the second factor is asked for."""
    desk = open_desk(request, slug, Permission.VIEW_ACTIVITY)
    if not desk.exports:
        raise PermissionDenied
    now = timezone.now()
    if not is_confirmed(request, now=now):
        return ask(request)
    people = People(desk)
    form = ActivityFilter(request.GET, people=people, zone=desk.zone)
    if not form.is_valid():
        return activity(request, slug)
    asked = form.narrow(entries_of(desk.seller)).filter(timestamp__lt=now)
    count = asked.order_by()[: exports.MOST_ROWS + 1].count()
    if count > exports.MOST_ROWS:
        messages.error(
            request,
            f"There are more than {exports.MOST_ROWS:,} entries, too many for one "
            "file. Nothing was exported. Narrow them by period or kind.",
        )
        return redirect("activity", slug)
    _log("activity.export", desk, form, rows=count)
    batches = exports.in_batches(
        asked,
        NEWEST,
        may_go_on=lambda: still_may(
            desk, Permission.EXPORT_DATA, Permission.VIEW_ACTIVITY
        ),
    )
    day = timezone.localtime(now, desk.zone).date().isoformat()
    name = f"{desk.seller.slug}-activity-{day}.csv"
    return StreamingHttpResponse(
        exports.csv_lines(COLUMNS, _told(people, batches), desk.zone),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _told(people: People, batches: Iterator[list[Entry]]) -> Iterator[Line]:
    for batch in batches:
        yield from people.tell(batch)


def _log(kind: str, desk: Desk, form: ActivityFilter, *, rows: int) -> None:
    record_access(
        kind,
        actor=desk.user,
        seller_id=desk.seller.pk,
        rows=rows,
        details={"filters": sorted(form.asked)},
    )


def _address(form: ActivityFilter, cursor: str | None = None) -> str:
    """The query string of this view; empty if there is no such page."""
    if cursor == "":
        return ""
    kept = {name: form[name].data for name in form.fields} | {"cursor": cursor}
    asked = {name: value for name, value in kept.items() if value}
    return f"?{urlencode(asked)}" if asked else ""


def _catalogue() -> list[tuple[str, list[str]]]:
    """Kind -> sentences of all that is logged at all."""
    return [
        (label, [e.sentence for e in EVENTS.values() if e.kind == kind])
        for kind, label in KINDS.items()
    ]
