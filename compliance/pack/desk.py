"""“Pack for period” on the officers' desk: asked for, signed, logged, taken along."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django import forms
from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compliance.pack.services import PackRefused, make_pack, period_of
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import staff_of
from plugseller.accounts.models import User


def _day(label: str, help_text: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, help_text=help_text, widget=widget, input_formats=["%Y-%m-%d"]
    )


class PeriodForm(forms.Form):
    """Which days."""

    first = _day("First day", "From midnight in UTC.")
    end = _day("Up to", "The first day that isn't in it any more, today at the latest.")


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def pack_for_period(request: HttpRequest) -> HttpResponseBase:
    """The form, and then the file."""
    officer, now = staff_of(request, "evidence"), timezone.now()
    if request.method != "POST":
        return _page(request, PeriodForm(initial=_last_quarter(now)))
    form = PeriodForm(request.POST)
    if form.is_valid():
        try:
            return _file(officer, form.cleaned_data, now)
        except PackRefused as refused:
            form.add_error(None, refused)
    return _page(request, form)


def _file(officer: User, given: dict[str, Any], now: datetime) -> FileResponse:
    """It lies in a folder of its own that is gone once it is open."""
    period = period_of(given["first"], given["end"], now=now)
    with TemporaryDirectory() as folder:
        made = make_pack(actor=officer, period=period, folder=Path(folder), now=now)
        return FileResponse(
            made.path.open("rb"),
            as_attachment=True,
            filename=made.path.name,
            content_type="application/zip",
        )


def _last_quarter(now: datetime) -> dict[str, Any]:
    """The quarter of the calendar that is over: auditors mostly ask for it."""
    today = now.astimezone(UTC).date()
    end = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    before = end - timedelta(days=1)
    return {"first": before.replace(month=before.month - 2, day=1), "end": end}


def _page(request: HttpRequest, form: forms.Form) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Pack for period",
        "form": form,
    }
    status = 400 if form.errors else 200
    return render(request, "admin/compliance/pack.html", context, status=status)
