"""Buttons that do at once what they say: signatures, ticks, reading what is sealed."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compliance.incidents import services
from compliance.incidents.casework import Decision, RunbookStep
from compliance.incidents.desk_forms import OfficerForm
from compliance.incidents.desk_steps import HOME, incident_of, page
from compliance.incidents.models import Incident
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User


@require_http_methods(["POST"])
@confirmed
def decide(request: HttpRequest, pk: UUID, decision: UUID, step: str) -> HttpResponse:
    """Sign what another officer asked for, or refuse it."""
    incident = incident_of(request, pk)
    asked = get_object_or_404(Decision, pk=decision, incident=incident)
    does = {"sign": services.sign, "refuse": services.refuse}
    if step not in does:
        raise Http404
    officer = officer_of(request)
    return _press(
        request, pk, lambda now: does[step](actor=officer, decision=asked, now=now)
    )


@require_http_methods(["POST"])
def runbook(request: HttpRequest, pk: UUID, step_id: UUID, step: str) -> HttpResponse:
    """Tick a step of the runbook, take it back, take it on, or give it to another."""
    incident = incident_of(request, pk)
    line = get_object_or_404(RunbookStep, pk=step_id, incident=incident)
    officer = officer_of(request)
    does: dict[str, Callable[[datetime], object]] = {
        "tick": lambda now: services.tick(actor=officer, step=line, now=now),
        "untick": lambda now: services.untick(actor=officer, step=line, now=now),
        "take": lambda now: services.give_step(
            actor=officer, step=line, owner=officer, now=now
        ),
        "give": lambda now: services.give_step(
            actor=officer, step=line, owner=_chosen(request, incident), now=now
        ),
    }
    if step not in does:
        raise Http404
    return _press(request, pk, does[step])


def _chosen(request: HttpRequest, incident: Incident) -> User:
    form = OfficerForm(request.POST, incident=incident)
    if not form.is_valid():
        raise IncidentRefused("Choose who does it: an officer who works on the case.")
    owner: User = form.cleaned_data["lead"]
    return owner


def _press(
    request: HttpRequest, pk: UUID, do: Callable[[datetime], object]
) -> HttpResponse:
    try:
        do(timezone.now())
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, "Done.")
    return redirect(HOME, pk)


@require_http_methods(["POST"])
@confirmed
def show_words(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What people wrote, once, on a page that nothing keeps; that is logged."""
    incident, officer = incident_of(request, pk), officer_of(request)
    note_fact(incident, "words read", actor=officer, now=timezone.now())
    facts = incident.facts.reveal() if incident.facts else {}
    told = [
        (entry, entry.text.reveal())
        for entry in services.whole_timeline(incident)
        if entry.text
    ]
    more = {
        "about": incident,
        "facts": facts,
        "told": told,
        "title": "What was written",
    }
    return page(request, "words", None, more)
