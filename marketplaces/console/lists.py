"""The way every list goes: filters from the address, one page of rows, or a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from marketplaces.console.absence import why_nothing
from marketplaces.console.forms import PAGE_SIZE, ListFilter
from marketplaces.console.places import Places
from marketplaces.datamap import Feature
from marketplaces.reports import capped_count, streams
from plugseller import exports
from plugseller.accounts.confirming import ask, is_confirmed
from plugseller.accounts.desk import Desk, show, still_may
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.audit.services import record_access
from plugseller.exports import Column
from plugseller.keyset import BadCursor, cursor_from, cut


@dataclass(frozen=True, slots=True)
class Listed:
    """What is particular about one list. `tell` makes rows fit to be read, a page or
    a batch at a time, in a fixed number of queries."""

    name: str  # of the address, the template and the file
    title: str
    features: tuple[Feature, ...]  # whose calls fill it, its own one first
    permission: Permission
    form: type[ListFilter]
    rows: Callable[[Seller], QuerySet[Any]]
    tell: Callable[[Desk, Places, list[Any]], list[Any]]
    columns: tuple[Column[Any], ...]
    statuses: Callable[[Seller], list[tuple[str, str]]] | None = None


def list_page(request: HttpRequest, desk: Desk, listed: Listed) -> HttpResponse:
    """One page of the list as asked for by the address; 400 if it asks nonsense.

    Each page that is shown is one access entry. A 400 shows no row and is none.
    """
    places, now = Places(desk.seller), timezone.now()
    form = _form(request, desk, listed, places)
    every = streams(desk.seller, now=now)
    fresh = [stream for stream in every if stream.feature in listed.features]
    context = {
        "listed": listed,
        "form": form,
        "fresh": fresh,
        "now": now,
        "connected": bool(every),
    }
    if not form.is_valid():
        return show(
            request, desk, f"marketplaces/{listed.name}.html", context, status=400
        )
    asked = _narrowed(desk, listed, form, now)
    page = cut(asked, form.ordering, _cursor(request, form), size=form.page_size)
    link = _address(form)
    record_access(
        f"{listed.name}.list",
        actor=desk.user,
        seller_id=desk.seller.pk,
        rows=len(page.rows),
        details={"filters": sorted(form.asked)},
    )
    context |= {
        "rows": listed.tell(desk, places, page.rows),
        "total": capped_count(asked),
        "before": _address(form, cursor=page.before) if page.before else "",
        "after": _address(form, cursor=page.after) if page.after else "",
        "link": link,
        "reasons": [] if page.rows else why_nothing(fresh, searched=bool(form.asked)),
    }
    return show(request, desk, f"marketplaces/{listed.name}.html", context)


def list_file(request: HttpRequest, desk: Desk, listed: Listed) -> HttpResponseBase:
    """The same rows as the page, all of them, as CSV. Logged before the first row."""
    if not desk.exports:
        raise PermissionDenied
    places, now = Places(desk.seller), timezone.now()
    if not is_confirmed(request, now=now):
        return ask(request)
    form = _form(request, desk, listed, places)
    if not form.is_valid():
        return list_page(request, desk, listed)
    asked = _narrowed(desk, listed, form, now)
    count = asked.order_by()[: exports.MOST_ROWS + 1].count()
    if count > exports.MOST_ROWS:
        messages.error(
            request,
            f"This list has more than {exports.MOST_ROWS:,} rows, too many for one "
            "file. Nothing was exported. Narrow it by period, account or status.",
        )
        back = reverse(f"console:{listed.name}", args=[desk.seller.slug])
        return redirect(back + _address(form))
    record_access(
        f"{listed.name}.export",
        actor=desk.user,
        seller_id=desk.seller.pk,
        rows=count,
        details={"filters": sorted(form.asked), "format": "csv"},
    )
    batches = exports.in_batches(
        asked,
        form.ordering,
        may_go_on=lambda: still_may(desk, Permission.EXPORT_DATA, listed.permission),
    )
    lines = exports.csv_lines(
        listed.columns, _told(batches, desk, listed, places), desk.zone
    )
    day = timezone.localtime(now, desk.zone).date().isoformat()
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": (
                f'attachment; filename="{desk.seller.slug}-{listed.name}-{day}.csv"'
            )
        },
    )


def _told(
    batches: Iterator[list[Any]], desk: Desk, listed: Listed, places: Places
) -> Iterator[Any]:
    for batch in batches:
        yield from listed.tell(desk, places, batch)


def _form(
    request: HttpRequest, desk: Desk, listed: Listed, places: Places
) -> ListFilter:
    return listed.form(
        request.GET,
        seller=desk.seller,
        zone=desk.zone,
        accounts=places.account_choices(),
        markets=places.market_choices(),
        statuses=listed.statuses(desk.seller) if listed.statuses else (),
    )


def _narrowed(desk: Desk, listed: Listed, form: Any, now: datetime) -> QuerySet[Any]:
    narrowed: QuerySet[Any] = form.narrow(listed.rows(desk.seller), now)
    return narrowed


def _cursor(request: HttpRequest, form: ListFilter) -> Any:
    try:
        return cursor_from(request.GET.get("cursor", ""), form.ordering)
    except BadCursor:
        messages.info(
            request, "That link doesn't lead to a page of this list. Here is the first."
        )
        return None


def _address(form: ListFilter, **more: str) -> str:
    """The query string that makes this very view again."""
    asked = {name: form[name].data for name in form.fields}
    if asked["size"] == str(PAGE_SIZE):
        del asked["size"]
    kept = {name: value for name, value in (asked | more).items() if value}
    return f"?{urlencode(kept)}" if kept else "?"
