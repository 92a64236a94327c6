"""The buttons of an incident's page: each is a service's (INC-1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance.incidents import desk_forms as ask
from compliance.incidents import services
from compliance.incidents.casework import Decision
from compliance.incidents.models import Incident
from compliance.incidents.sections import VERBS
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import Status, may_become
from compliance.tasks import Task, open_task
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User

What = Decision.What
HOME = "admin:compliance_incident_change"


@dataclass(frozen=True, slots=True)
class DeskStep:
    """A thing an officer may do about an incident, when, and what it does."""

    name: str  # of the address
    label: str  # of the button
    means: str  # what happens then, before it is done
    fits: Callable[[Incident], bool]
    do: Callable[..., object]
    form: type[ask.AboutForm] = ask.NothingForm
    is_final: bool = False  # it can't be undone, so the second factor is asked for


def _to(status: Incident.Status) -> Callable[..., object]:
    def do(*, actor: User, incident: Incident, now: datetime) -> None:
        services.advance(actor=actor, incident=incident, status=status, now=now)

    return do


def _asks(what: Decision.What) -> Callable[..., object]:
    def do(*, actor: User, incident: Incident, why: str, now: datetime) -> None:
        services.ask_decision(
            actor=actor, incident=incident, what=what, why=why, now=now
        )

    return do


def _may(status: Incident.Status) -> Callable[[Incident], bool]:
    return lambda incident: may_become(incident, status)


def _stands(status: Incident.Status) -> Callable[[Incident], bool]:
    return lambda incident: incident.status == status


def _is_open(incident: Incident) -> bool:
    return incident.is_open


def _may_ask_of_amazon(incident: Incident) -> bool:
    return incident.is_open and incident.involves_amazon


def _note(
    *, actor: User, incident: Incident, at: datetime, text: str, now: datetime
) -> None:
    note_fact(incident, "noted", actor=actor, now=now, at=at, text=text)


def _add_task(
    *,
    actor: User,
    incident: Incident,
    title: str,
    due_at: datetime,
    lead: User,
    now: datetime,
) -> None:
    open_task(
        actor=actor,
        source=Task.Source.INCIDENT,
        subject_id=incident.pk,
        title=title,
        due_at=due_at,
        owner=lead,
        now=now,
    )


_FORWARD = (
    ("confirm", "Confirm", Status.DETECTED, Status.TRIAGED, "It is an incident."),
    ("contained", "Contained", Status.TRIAGED, Status.CONTAINED, "Nothing gets out."),
    ("eradicated", "Cause removed", Status.CONTAINED, Status.ERADICATED, "It is gone."),
    ("recovered", "Recovered", Status.ERADICATED, Status.RECOVERED, "All works again."),
    ("reviewed", "Reviewed", Status.RECOVERED, Status.REVIEWED, "Lessons are written."),
    ("closed", "Close the case", Status.REVIEWED, Status.CLOSED, "All is accepted."),
)
_BACK = {then: before for _, _, before, then, _ in _FORWARD[1:-1]}


def _back(*, actor: User, incident: Incident, now: datetime) -> None:
    before = _BACK[Status(incident.status)]
    services.advance(actor=actor, incident=incident, status=before, now=now)


STEPS = (
    *(
        DeskStep(name, label, means, _stands(before), _to(then))
        for name, label, before, then, means in _FORWARD
    ),
    DeskStep(
        "reopen",
        "Open again",
        "It has the clock it had; what two officers decided for its end is void.",
        lambda incident: not incident.is_open,
        _to(Status.TRIAGED),
    ),
    DeskStep(
        "dismiss",
        "Not an incident…",
        "It ends when another officer signs. Until then every clock runs.",
        _may(Status.DISMISSED),
        _asks(What.DISMISS),
        ask.ReasonForm,
    ),
    DeskStep(
        "know",
        "What is known…",
        "Notices and their drafts follow what you write. Don't name anybody.",
        _is_open,
        services.know,
        ask.KnowForm,
    ),
    DeskStep(
        "lead",
        "Lead…",
        "Who leads the case.",
        _is_open,
        services.give_lead,
        ask.OfficerForm,
    ),
    DeskStep(
        "note",
        "Note a fact…",
        "It stands on the timeline at the time when it happened, for good.",
        lambda _: True,
        _note,
        ask.FactForm,
    ),
    DeskStep(
        "task",
        "Add a task…",
        "It has an owner and a date, and the case can't be closed while it is open.",
        _is_open,
        _add_task,
        ask.TaskForm,
    ),
    DeskStep(
        "earlier",
        "Detected earlier…",
        "The clocks move back and may be overdue at once. They never move on again.",
        _is_open,
        services.learn_detection,
        ask.EarlierForm,
        is_final=True,
    ),
    DeskStep(
        "not-amazon",
        "Amazon isn't involved…",
        "The notice to Amazon is no longer owed when another officer signs.",
        _may_ask_of_amazon,
        _asks(What.NOT_AMAZON),
        ask.ReasonForm,
    ),
    DeskStep(
        "no-notice",
        "No notice is due…",
        "The notice to Amazon is no longer owed when another officer signs.",
        _may_ask_of_amazon,
        _asks(What.NO_NOTICE),
        ask.ReasonForm,
    ),
    DeskStep(
        "back",
        "One step back",
        "It was too early to say so.",
        lambda incident: incident.status in _BACK,
        _back,
    ),
    DeskStep(
        "bar",
        "Bar somebody…",
        "For whom the case may be about. They don't see it, decide in it or lead it.",
        _is_open,
        services.bar,
        ask.BarForm,
        is_final=True,
    ),
    DeskStep(
        "let-in",
        "Let in again…",
        "The case isn't about them after all.",
        lambda incident: bool(incident.barred),
        services.unbar,
        ask.UnbarForm,
    ),
    DeskStep(
        "merge",
        "Merge…",
        "It becomes part of another case, which counts from the earlier detection.",
        _may(Status.MERGED),
        services.merge,
        ask.MergeForm,
    ),
    DeskStep(
        "split",
        "Split off…",
        "A case of its own for a part of this one, with the same detection.",
        _is_open,
        services.split_off,
        ask.SplitForm,
    ),
)


def steps_for(incident: Incident) -> list[DeskStep]:
    """What may be done about it now, in the order of work."""
    return [step for step in STEPS if step.fits(incident)]


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("why", "text", "what", "person")
def take_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponseBase:
    """What a button means, and the button again to do it."""
    incident = incident_of(request, pk)
    found = next((one for one in steps_for(incident) if one.name == step), None)
    if found is None:
        if step in {one.name for one in STEPS}:
            messages.error(request, "That can't be done about this case any more.")
            return redirect(HOME, pk)
        raise Http404
    return (confirmed(_take) if found.is_final else _take)(request, incident, found)


def _take(request: HttpRequest, incident: Incident, step: DeskStep) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else None
    form = step.form(sent, incident=incident)

    def done(now: datetime) -> None:
        given = form.cleaned_data
        step.do(actor=officer_of(request), incident=incident, now=now, **given)

    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        barred = step.name == "bar" and incident.is_barred(request.user.pk)
        return redirect("admin:index") if barred else redirect(HOME, incident.pk)
    more = {"step": step, "about": incident, "title": step.label}
    return page(request, "step", form, more)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("what")
def open_here(request: HttpRequest) -> HttpResponseBase:
    """Open an incident."""
    officer = officer_of(request)
    form = ask.OpenForm(request.POST if request.method == "POST" else None)
    made: list[Incident] = []

    def done(now: datetime) -> None:
        given = form.cleaned_data
        made.append(services.open_incident(actor=officer, now=now, **given))

    if request.method == "POST" and form.is_valid() and tried(request, form, done):
        return redirect(HOME, made[0].pk)
    return page(request, "open", form, {"title": "Open an incident"})


@require_http_methods(["GET", "HEAD", "POST"])
def do_verb(request: HttpRequest, pk: UUID, verb: str) -> HttpResponseBase:
    """A button that another part of the room put on the page."""
    incident = incident_of(request, pk)
    if verb not in VERBS:
        raise Http404
    return VERBS[verb](request, incident)


def tried(
    request: HttpRequest, form: forms.Form, do: Callable[[datetime], object]
) -> bool:
    """Whether the service did it; what it refuses stands at the form."""
    try:
        do(timezone.now())
    except ValidationError as refused:
        form.add_error(None, forms.ValidationError(refused.messages))
        return False
    messages.success(request, "Done.")
    return True


def page(
    request: HttpRequest, name: str, form: forms.Form | None, more: dict[str, Any]
) -> HttpResponse:
    """A page of the desk about incidents."""
    whole = {
        **admin.site.each_context(request),
        "opts": Incident._meta,
        "form": form,
        **more,
    }
    template = f"admin/compliance/incident/{name}.html"
    status = 400 if form is not None and form.errors else 200
    return render(request, template, whole, status=status)


def incident_of(request: HttpRequest, pk: UUID) -> Incident:
    """The incident, for an officer who may see it; else as if there were none."""
    return get_object_or_404(services.visible_to(officer_of(request)), pk=pk)
