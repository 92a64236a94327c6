"""Anybody who is signed in reports a suspicion, in two fields (INC-1)."""

import zoneinfo
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance.incidents.services import report_suspicion
from compliance.incidents.services.timeline import LONGEST_TEXT
from plugseller.accounts.models import User


class ReportForm(forms.Form):
    """What was seen, and when."""

    what = forms.CharField(
        label="What did you see?",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="A mail that looks wrong, data that isn't yours, a lost laptop. "
        "You needn't be sure.",
    )
    when = forms.DateTimeField(
        label="When did you notice it?",
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, zone: zoneinfo.ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._zone = zone
        self.fields["when"].help_text = f"In your time zone, {zone}. Empty: just now."

    def clean_when(self) -> datetime | None:
        """The field reads UTC; the person wrote what their own clock showed."""
        when: datetime | None = self.cleaned_data["when"]
        return when.replace(tzinfo=self._zone) if when else None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("what")
def report(request: HttpRequest) -> HttpResponse:
    """Report a suspicion; every officer hears of it at once."""
    person = request.user
    if not isinstance(person, User):
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else None
    form = ReportForm(sent, zone=_zone(person))
    if sent is not None and form.is_valid():
        try:
            incident = report_suspicion(
                reporter=person,
                what=form.cleaned_data["what"],
                noticed_at=form.cleaned_data["when"],
                now=timezone.now(),
            )
        except ValidationError as refused:
            form.add_error(None, forms.ValidationError(refused.messages))
        else:
            messages.success(
                request,
                f"Thank you. It is {incident.reference}, and our officers have been "
                "told. You needn't do anything else.",
            )
            return redirect("home")
    status = 400 if form.errors else 200
    template = "compliance/incidents/report.html"
    return render(request, template, {"form": form}, status=status)


def _zone(person: User) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(person.time_zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
