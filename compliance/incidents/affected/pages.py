"""Who is affected, on the incident's page (INC-2)."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from compliance.incidents.affected import services
from compliance.incidents.affected.models import AffectedList
from compliance.incidents.affected.reach import Window
from compliance.incidents.desk_steps import HOME, page, tried
from compliance.incidents.models import Incident
from compliance.incidents.sections import section, verb
from compliance.instants import seen_by
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User

_SHOWN = 100
_EXAMPLE = "In UTC. Example: 2026-11-24 09:30"


class WindowForm(forms.Form):
    """Which part of the audit log is meant."""

    since = forms.DateTimeField(label="From (UTC)", help_text=_EXAMPLE)
    until = forms.DateTimeField(label="Until, without it (UTC)", help_text=_EXAMPLE)
    actor = forms.UUIDField(label="Only by this person (id)", required=False)
    token = forms.UUIDField(label="Only by this API key (id)", required=False)
    connection = forms.UUIDField(label="Only this connection (id)", required=False)
    event = forms.CharField(
        label="Only this kind of page",
        required=False,
        max_length=60,
        help_text="As the audit log names it: “read.orders.export”, or “read.orders.” "
        "for all of orders.",
    )

    def window(self) -> Window:
        given = self.cleaned_data
        return Window(
            since=given["since"].replace(tzinfo=UTC),
            until=given["until"].replace(tzinfo=UTC),
            actor=str(given["actor"] or ""),
            token=str(given["token"] or ""),
            connection=str(given["connection"] or ""),
            event=given["event"],
        )


class SellerForm(forms.Form):
    """A seller that the log doesn't tell of."""

    slug = forms.CharField(label="Seller's name in addresses", max_length=60)


def context(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    lists = services.newest_of_all(incident)
    return {
        "about": incident,
        "lists": [_list(found, incident, reader) for found in lists],
        "is_computed": any(found.incident_id == incident.pk for found in lists),
        "amazon": services.suggests_amazon(*lists),
    }


def _list(found: AffectedList, incident: Incident, reader: User) -> dict[str, Any]:
    rows = services.rows(found)
    return {
        "found": found,
        "part": found.incident.reference if found.incident != incident else "",
        "rows": rows[:_SHOWN],
        "more": max(len(rows) - _SHOWN, 0),
        "computed": seen_by(reader, found.computed_at),
        "since": seen_by(reader, found.since),
        "until": seen_by(reader, found.until),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def compute(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Compute it for a time, again and wider if need be."""
    last = services.newest(incident)
    usual = services.usual_window(incident, timezone.now())
    asked = services.window_of(last) if last else usual
    first = {
        "since": f"{asked.since.astimezone(UTC):%Y-%m-%d %H:%M}",
        "until": f"{usual.until.astimezone(UTC):%Y-%m-%d %H:%M}",
        **asked.narrowed(),
    }
    form = WindowForm(request.POST if request.method == "POST" else None, initial=first)

    def done(now: datetime) -> None:
        services.compute(
            actor=officer_of(request), incident=incident, window=form.window(), now=now
        )

    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        return redirect(HOME, incident.pk)
    more = {
        "about": incident,
        "title": "Compute who is affected",
        "means": "Every seller whose data was shown or exported in the time is listed, "
        "with its accounts. Marketplaces and kinds of data of the incident grow by "
        "what is found; whether Amazon Information is involved is yours to say.",
    }
    return page(request, "part", form, more)


@require_http_methods(["GET", "HEAD", "POST"])
def add_seller(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Add one by hand."""
    form = SellerForm(request.POST if request.method == "POST" else None)

    def done(now: datetime) -> None:
        slug = form.cleaned_data["slug"]
        services.add_seller(
            actor=officer_of(request), incident=incident, slug=slug, now=now
        )

    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        return redirect(HOME, incident.pk)
    more = {
        "about": incident,
        "title": "Add an affected seller",
        "means": "It is marked as added by hand, stays when the list is computed "
        "again, and is owed a notice.",
    }
    return page(request, "part", form, more)


@require_safe
def affected_file(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """The newest list as CSV."""
    found = services.newest(incident)
    if found is None:
        raise Http404
    lines = services.export(
        actor=officer_of(request),
        incident=incident,
        found=found,
        zone=ZoneInfo("UTC"),
        now=timezone.now(),
    )
    name = f"{incident.reference}-affected-{found.number}.csv"
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


section("affected", "admin/compliance/incident/_affected.html", context)
verb("affected", compute)
verb("affected-seller", add_seller)
verb("affected-file", affected_file)
