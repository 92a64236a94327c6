"""The buttons of the desk for deletion requests: each is a service's, confirmed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from compliance.deletion import services
from compliance.deletion.execution import due, start_soon
from compliance.deletion.forms import (
    HoldForm,
    IdentityForm,
    NothingForm,
    ReasonForm,
    RecordForm,
)
from compliance.deletion.models import DeletionRequest, LegalHold
from compliance.deletion.papers import as_download, certificate_of
from compliance.deletion.services import DeletionRefused
from compliance.deletion.states import Status, may_become
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User

Kind, Source = DeletionRequest.Kind, DeletionRequest.Source


@dataclass(frozen=True, slots=True)
class DeskStep:
    """A thing an officer may do about a request, when, and what it does."""

    name: str  # of the address
    label: str  # of the button
    means: str  # what happens then, before it is confirmed
    fits: Callable[[DeletionRequest], bool]
    do: Callable[..., object]
    form: type[forms.Form] = NothingForm
    needs_another: bool = False  # officer than who recorded or verified it


def _waits(request: DeletionRequest) -> bool:
    return request.status == Status.RECEIVED


STEPS = (
    DeskStep(
        "ask-identity",
        "Ask for a proof",
        "Who wrote gets a mail that asks them to prove who they are.",
        _waits,
        services.ask_identity,
    ),
    DeskStep(
        "verify",
        "Verified",
        "Say how you know who asked. What is about a seller's data waits for another "
        "officer then; anything else is scheduled and can be withdrawn for 48 hours.",
        _waits,
        services.verify_requester,
        IdentityForm,
    ),
    DeskStep(
        "confirm",
        "Confirm as second officer",
        "From then on nothing of this data is fetched or shown, and after 48 hours it "
        "is deleted. Only for an officer who neither recorded nor verified it.",
        lambda request: request.status == Status.VERIFIED,
        services.confirm_requester,
        needs_another=True,
    ),
    DeskStep(
        "nothing-held",
        "Answer: nothing held",
        "Every place is searched now. If nothing is found, who wrote is told so.",
        lambda request: _waits(request) and request.kind == Kind.OUTSIDER,
        services.answer_nothing_held,
    ),
    DeskStep(
        "buyer",
        "Answer: a buyer",
        "Who wrote is told that we hold no names of buyers, and who does.",
        lambda request: _waits(request) and request.kind == Kind.OUTSIDER,
        services.answer_buyer,
    ),
    DeskStep(
        "run",
        "Carry out now",
        "A worker carries it out at once instead of at the next round. What isn't on "
        "hold is deleted for good.",
        lambda request: due(timezone.now()).filter(pk=request.pk).exists(),
        start_soon,
    ),
    DeskStep(
        "hold",
        "Ask for a legal hold",
        "It holds nothing until another officer approves it. The clock runs on.",
        lambda request: request.is_open and not _waits(request),
        services.ask_hold,
        HoldForm,
    ),
    DeskStep(
        "withdraw",
        "Withdraw for who wrote",
        "Only on the word of who wrote the letter. What was stopped goes on.",
        lambda request: (
            request.source == Source.LETTER and may_become(request, Status.WITHDRAWN)
        ),
        services.withdraw,
    ),
    DeskStep(
        "reject",
        "Reject",
        "Nothing is deleted. Who asked gets the reason, and how to complain.",
        lambda request: may_become(request, Status.REJECTED),
        services.reject,
        ReasonForm,
    ),
)
HOLD_STEPS: dict[str, Callable[..., object]] = {
    "approve": services.approve_hold,
    "release": services.release_hold,
}


def steps_for(request: DeletionRequest) -> list[DeskStep]:
    """What may be done about it now, in the order of work."""
    return [step for step in STEPS if step.fits(request)]


def offered(request: DeletionRequest, officer: User) -> list[DeskStep]:
    """Those of them that this officer may take: nobody is the second one alone."""
    alone = services.had_a_hand_in(officer, request)
    return [one for one in steps_for(request) if not (one.needs_another and alone)]


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def take_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """What a button means, and the button again to do it."""
    officer = officer_of(request)
    about = get_object_or_404(DeletionRequest, pk=pk)
    found = next((one for one in steps_for(about) if one.name == step), None)
    if found is None:
        if step in {one.name for one in STEPS}:
            messages.error(request, "That can't be done about this request any more.")
            return redirect("admin:compliance_deletionrequest_change", pk)
        raise Http404
    form = found.form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():

        def done(now: datetime) -> None:
            found.do(actor=officer, request=about, now=now, **form.cleaned_data)

        if _tried(request, form, done):
            return redirect("admin:compliance_deletionrequest_change", pk)
    context = {"form": form, "step": found, "about": about, "title": found.label}
    return _page(request, "step", form, context)


@require_http_methods(["POST"])
@confirmed
def take_hold_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """Approve or release a hold."""
    officer = officer_of(request)
    hold = get_object_or_404(LegalHold.objects.select_related("request"), pk=pk)
    if step not in HOLD_STEPS:
        raise Http404
    try:
        HOLD_STEPS[step](actor=officer, hold=hold, now=timezone.now())
    except DeletionRefused as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, f"Done: the hold is {step}d.")
    return redirect("admin:compliance_deletionrequest_change", hold.request_id)


@require_http_methods(["POST"])
@confirmed
def show_requester(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Who asked, once, on a page that nothing keeps; that it was shown is logged."""
    officer = officer_of(request)
    about = get_object_or_404(DeletionRequest, pk=pk)
    try:
        contact = services.open_contact(
            actor=officer, request=about, now=timezone.now()
        )
    except DeletionRefused as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect("admin:compliance_deletionrequest_change", pk)
    context = {"about": about, "who": contact, "title": "Who asked"}
    return _page(request, "requester", None, context)


@require_safe
def certificate_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The newest certificate, as its requester gets it."""
    officer_of(request)
    return as_download(certificate_of(get_object_or_404(DeletionRequest, pk=pk)))


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("email", "name")
@confirmed
def record_request(request: HttpRequest) -> HttpResponse:
    """Record what came by letter, by mail or from a marketplace."""
    officer = officer_of(request)
    form = RecordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made: list[DeletionRequest] = []
        if _tried(request, form, lambda now: made.append(_record(officer, form, now))):
            return redirect("admin:compliance_deletionrequest_change", made[0].pk)
    return _page(request, "record", form, {"form": form, "title": "Record a request"})


def _record(officer: User, form: RecordForm, now: datetime) -> DeletionRequest:
    given, meant = form.cleaned_data, form.meant()
    known = meant["kind"] != Kind.OUTSIDER
    return services.request_deletion(
        actor=officer,
        source=given["source"],
        contact={
            "email": given["email"],
            "name": given["name"],
            "time_zone": "",
            "addresses": [given["email"]],
        },
        identity=given["identity"],
        verified=known and given["source"] == Source.MARKETPLACE,
        grace=settings.DELETION_GRACE,
        now=now,
        received_at=given["received_on"],
        **meant,
    )


def _tried(
    request: HttpRequest, form: forms.Form, do: Callable[[datetime], object]
) -> bool:
    try:
        do(timezone.now())
    except DeletionRefused as refused:
        form.add_error(None, refused)
        return False
    messages.success(request, "Done.")
    return True


def _page(
    request: HttpRequest,
    name: str,
    form: forms.Form | None,
    context: dict[str, Any],
) -> HttpResponse:
    whole = {
        **admin.site.each_context(request),
        "opts": DeletionRequest._meta,
        **context,
    }
    template = f"admin/compliance/deletionrequest/{name}.html"
    status = 400 if form is not None and form.errors else 200
    return render(request, template, whole, status=status)
