"""Evidence on the incident's page: added, sealed, opened, linked."""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from compliance.incidents.desk_steps import HOME, page, tried
from compliance.incidents.evidence import services
from compliance.incidents.evidence.models import EntryLink, EvidenceFile
from compliance.incidents.models import Incident
from compliance.incidents.sections import section, verb
from compliance.instants import seen_by
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.crypto.sealing import Unopenable

_EXAMPLE = "In UTC. Example: 2026-11-24 09:30"


class FileForm(forms.Form):
    """A file to be kept."""

    file = forms.FileField(
        label="File", help_text="It is sealed as it comes in, and its hash is kept."
    )


class LogForm(forms.Form):
    """A time of the audit log to be kept."""

    since = forms.DateTimeField(label="From (UTC)", help_text=_EXAMPLE)
    until = forms.DateTimeField(label="Until, without it (UTC)", help_text=_EXAMPLE)


class LinkForm(forms.Form):
    """An audit entry that belongs to the case."""

    number = forms.IntegerField(label="Number of the audit entry", min_value=1)


class ChosenForm(forms.Form):
    """Which file."""

    evidence = forms.UUIDField()


def context(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    cases = incident.cases
    found = EvidenceFile.objects.filter(incident__in=cases).defer("name")
    kept = list(found.select_related("incident"))
    people = User.objects.in_bulk({one.added_by for one in kept})
    return {
        "about": incident,
        "files": [
            {
                "file": one,
                "at": seen_by(reader, one.added_at),
                "by": people[one.added_by].email if one.added_by in people else "",
                "part": one.incident.reference if one.incident != incident else "",
            }
            for one in kept
        ],
        "links": list(EntryLink.objects.filter(incident__in=cases)),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Add a file."""
    posted = request.method == "POST"
    form = FileForm(request.POST if posted else None, request.FILES if posted else None)

    def done(now: datetime) -> None:
        file = form.cleaned_data["file"]
        services.add_file(
            actor=officer_of(request),
            incident=incident,
            name=file.name,
            content=file.chunks(),
            now=now,
        )

    return _asked(request, incident, form, done, "Add evidence", _FILE)


@require_http_methods(["GET", "HEAD", "POST"])
def seal(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Keep a copy of the audit log of a time."""
    begins = services.usual_beginning(incident)
    first = {
        "since": f"{begins.astimezone(UTC):%Y-%m-%d %H:%M}",
        "until": f"{timezone.now().astimezone(UTC):%Y-%m-%d %H:%M}",
    }
    form = LogForm(request.POST if request.method == "POST" else None, initial=first)

    def done(now: datetime) -> None:
        given = form.cleaned_data
        services.seal_log(
            actor=officer_of(request),
            incident=incident,
            since=given["since"].replace(tzinfo=UTC),
            until=given["until"].replace(tzinfo=UTC),
            now=now,
        )

    return _asked(request, incident, form, done, "Seal the audit log", _LOG)


@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Link an audit entry."""
    form = LinkForm(request.POST if request.method == "POST" else None)

    def done(now: datetime) -> None:
        number = form.cleaned_data["number"]
        services.link_entry(
            actor=officer_of(request), incident=incident, number=number, now=now
        )

    return _asked(request, incident, form, done, "Link an audit entry", _LINK)


_FILE = "Only officers who may see this case open it again, and each look is noted."
_LOG = "A copy of every entry of that time, with the hashes that chain them, is sealed."
_LINK = "Its number and hash stand with the case, also when the log's time is over."


def _asked(
    request: HttpRequest,
    incident: Incident,
    form: forms.Form,
    done: Any,
    title: str,
    means: str,
) -> HttpResponseBase:
    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        return redirect(HOME, incident.pk)
    return page(
        request, "part", form, {"about": incident, "title": title, "means": means}
    )


@require_POST
def open_file(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Download one, after the second factor."""
    return confirmed(_open)(request, incident)


@sensitive_variables("name")
def _open(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    form = ChosenForm(request.POST)
    if not form.is_valid():
        return redirect(HOME, incident.pk)
    pk = form.cleaned_data["evidence"]
    evidence = get_object_or_404(EvidenceFile, pk=pk, incident=incident)
    try:
        name = str(evidence.name.reveal())
        pieces = services.fetch(
            actor=officer_of(request), evidence=evidence, now=timezone.now()
        )
    except (ValidationError, Unopenable) as refused:
        told = getattr(refused, "messages", ["This file can't be opened any more."])
        messages.error(request, " ".join(told))
        return redirect(HOME, incident.pk)
    # Always a download of bytes: nothing in it is shown or run by the browser here.
    answer = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return answer


section("evidence", "admin/compliance/incident/_evidence.html", context)
verb("evidence-add", add)
verb("evidence-log", seal)
verb("evidence-link", link)
verb("evidence-open", open_file)
