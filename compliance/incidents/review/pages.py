"""The review on the incident's page, and the report that auditors get on paper."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance.incidents.desk_steps import HOME, page, tried
from compliance.incidents.models import Incident
from compliance.incidents.review import services
from compliance.incidents.review.report import report_of
from compliance.incidents.sections import section, verb
from compliance.incidents.services import note_fact
from compliance.incidents.services.timeline import LONGEST_TEXT
from compliance.instants import seen_by
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User


class ReviewForm(forms.Form):
    """The questions; no answer is shown again in a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, question in services.QUESTIONS.items():
            self.fields[name] = forms.CharField(
                label=question,
                max_length=LONGEST_TEXT,
                required=name in services.NEEDED,
                widget=forms.Textarea(attrs={"rows": 4}),
            )


def context(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    found = services.newest_review(incident)
    return {
        "about": incident,
        "review": found,
        "written": seen_by(reader, found.written_at) if found else "",
        "may_write": incident.status in services.AFTER,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters(*services.QUESTIONS)
def write(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Write the review."""
    form = ReviewForm(request.POST if request.method == "POST" else None)

    def done(now: datetime) -> None:
        services.write_review(
            actor=officer_of(request),
            incident=incident,
            answers=form.cleaned_data,
            now=now,
        )

    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        return redirect(HOME, incident.pk)
    more = {
        "about": incident,
        "title": "Write the review",
        "means": "What you write is sealed. Written again, the earlier review stays. "
        "Open a task for each lesson with “Add a task”.",
    }
    return page(request, "part", form, more)


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """The report to print. What is sealed stands in it only if it was asked for by a
    button, and that is noted."""
    officer = officer_of(request)
    is_whole = request.method == "POST"
    if is_whole:
        note_fact(incident, "report with words", actor=officer, now=timezone.now())
    told = report_of(incident, officer, with_words=is_whole)
    more = {"about": incident, "title": f"Report {incident.reference}", "told": told}
    return page(request, "report", None, more)


section("review", "admin/compliance/incident/_review.html", context, is_late=True)
verb("review", write)
verb("report", report)
