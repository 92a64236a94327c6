"""One-click containment on the incident's page: what will happen is said before."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from compliance.incidents.containment import services
from compliance.incidents.containment.actions import ACTIONS, BY_NAME
from compliance.incidents.containment.models import Measure
from compliance.incidents.desk_steps import HOME, page, tried
from compliance.incidents.models import Incident
from compliance.incidents.sections import section, verb
from compliance.incidents.services.timeline import LONGEST_TEXT
from compliance.instants import seen_by
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User


class ActionForm(forms.Form):
    """What is to be stopped."""

    action = forms.ChoiceField(
        label="What", choices=[(one.name, one.label) for one in ACTIONS]
    )
    target = forms.CharField(
        label="Which",
        max_length=254,
        required=False,
        help_text="; ".join(f"{one.label}: {one.asks.lower()}" for one in ACTIONS),
    )


def context(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    done = list(
        Measure.objects.filter(incident__in=incident.cases).select_related("incident")
    )
    ids = {pk for one in done for pk in (one.begun_by, one.kept_by) if pk}
    people = {pk: one.email for pk, one in User.objects.in_bulk(ids).items()}
    return {
        "about": incident,
        "measures": [
            {
                "measure": one,
                "label": BY_NAME[one.kind].label,
                "at": seen_by(reader, one.begun_at),
                "ended": seen_by(reader, one.ended_at) if one.ended_by else "",
                "by": people.get(one.begun_by, ""),
                "may_undo": one.stands,
                "kept": seen_by(reader, one.kept_at),
                "kept_by": people.get(one.kept_by, "") if one.kept_by else "",
                "part": one.incident.reference if one.incident != incident else "",
            }
            for one in done
        ],
        "unanswered": len(services.unanswered(incident)),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def contain(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Choose; read what would happen; do it."""
    sent = request.POST if request.method == "POST" else request.GET
    form = ActionForm(sent if "action" in sent else None)
    more: dict[str, Any] = {"about": incident, "title": "Contain"}
    if form.is_bound and form.is_valid():
        action = BY_NAME[form.cleaned_data["action"]]
        try:
            target = action.found(form.cleaned_data["target"].strip())
            more["says"] = action.says(target, timezone.now())
        except ValidationError as refused:
            form.add_error("target", refused)
            return page(request, "contain", form, more)
        more |= {"action": action, "target": target}
        if request.method == "POST":
            return confirmed(_do)(request, incident, form, more)
    return page(request, "contain", form, more)


def _do(
    request: HttpRequest, incident: Incident, form: forms.Form, more: dict[str, Any]
) -> HttpResponseBase:
    def done(now: datetime) -> None:
        try:
            services.contain(
                actor=officer_of(request),
                incident=incident,
                action=more["action"],
                target=more["target"],
                now=now,
            )
        except PermissionDenied:
            raise ValidationError("You may not do that. Ask another officer.") from None

    if tried(request, form, done):
        return redirect(HOME, incident.pk)
    return page(request, "contain", form, more)


@require_POST
def undo(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Take one back."""
    return confirmed(_undo)(request, incident)


def _undo(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    form = UndoForm(request.POST)
    if form.is_valid():
        pk = form.cleaned_data["measure"]
        measure = get_object_or_404(Measure, pk=pk, incident=incident)
        try:
            services.undo(
                actor=officer_of(request), measure=measure, now=timezone.now()
            )
        except (ValidationError, PermissionDenied) as refused:
            messages.error(request, " ".join(getattr(refused, "messages", ["No."])))
        else:
            messages.success(request, "Taken back.")
    return redirect(HOME, incident.pk)


class UndoForm(forms.Form):
    """Which measure."""

    measure = forms.UUIDField()


class KeepForm(UndoForm):
    """Why it stays."""

    why = forms.CharField(
        label="Why it stays, and until when",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    measure = forms.UUIDField(widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("why")
def keep(request: HttpRequest, incident: Incident) -> HttpResponseBase:
    """Confirm that one stays when the case ends."""
    posted = request.method == "POST"
    first = {"measure": request.GET.get("measure", "")}
    form = KeepForm(request.POST if posted else None, initial=first)

    def done(now: datetime) -> None:
        pk = form.cleaned_data["measure"]
        services.keep(
            actor=officer_of(request),
            measure=get_object_or_404(Measure, pk=pk, incident=incident),
            why=form.cleaned_data["why"],
            now=now,
        )

    if posted and form.is_valid() and tried(request, form, done):
        return redirect(HOME, incident.pk)
    more = {
        "about": incident,
        "title": "It stays",
        "means": "The case may end while this stands. It can still be taken back here, "
        "and nothing else takes it back by itself.",
    }
    return page(request, "part", form, more)


section("contain", "admin/compliance/incident/_contain.html", context)
verb("contain", contain)
verb("undo", undo)
verb("keep", keep)
