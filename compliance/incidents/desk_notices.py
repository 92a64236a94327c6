"""Notices at the desk: read, edited, sent, and what came of them (INC-2, INC-3)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compliance.incidents import services
from compliance.incidents.casework import Arming, Notice, NoticeDuty, Sending
from compliance.incidents.desk_forms import (
    NoticeForm,
    ProofForm,
    ReadForm,
    ReasonForm,
)
from compliance.incidents.desk_steps import HOME, incident_of, page, tried
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from compliance.incidents.services.sending import is_real
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def notice(
    request: HttpRequest, pk: UUID, recipient: str, step: str
) -> HttpResponseBase:
    """Edit what is sent next, read and send it, or record that it went otherwise."""
    incident = incident_of(request, pk)
    found = NoticeDuty.objects.filter(incident=incident, recipient=recipient)
    duty = get_object_or_404(found.select_related("incident"))
    steps = {
        "edit": _edit,
        "drop": _drop,
        "send": confirmed(_send),
        "otherwise": _otherwise,
    }
    if step not in steps:
        raise Http404
    return steps[step](request, duty, _seller(request, incident))


def _seller(request: HttpRequest, incident: Incident) -> UUID | None:
    """The affected seller a notice is for, if it is for one."""
    asked = request.GET.get("seller", "")
    if not asked:
        return None
    known = {str(one): one for one in affected_sellers(incident)}
    if asked not in known:
        raise Http404
    return known[asked]


def _edit(
    request: HttpRequest, duty: NoticeDuty, seller: UUID | None
) -> HttpResponseBase:
    draft = services.draft_of(duty, now=timezone.now(), seller_id=seller)
    sent = request.POST if request.method == "POST" else None
    form = NoticeForm(sent, initial={"subject": draft.subject, "text": draft.text})

    def done(now: datetime) -> None:
        services.edit_notice(
            actor=officer_of(request),
            duty=duty,
            now=now,
            seller_id=seller,
            **form.cleaned_data,
        )

    if sent is not None and form.is_valid() and tried(request, form, done):
        return redirect(HOME, duty.incident_id)
    more = {"draft": draft, "seller": seller}
    return page(
        request, "notice_edit", form, {**_about(duty, "Edit the notice"), **more}
    )


@require_http_methods(["POST"])
def _drop(
    request: HttpRequest, duty: NoticeDuty, seller: UUID | None
) -> HttpResponseBase:
    """From then on the draft is made from the record again."""
    officer, now = officer_of(request), timezone.now()
    try:
        services.drop_draft(actor=officer, duty=duty, now=now, seller_id=seller)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, "Done.")
    return redirect(HOME, duty.incident_id)


def _send(
    request: HttpRequest, duty: NoticeDuty, seller: UUID | None
) -> HttpResponseBase:
    """The text exactly as it is sent, and the button that sends it."""
    draft = services.draft_of(duty, now=timezone.now(), seller_id=seller)
    sent = request.POST if request.method == "POST" else None
    form = ReadForm(sent, initial={"sha256": draft.sha256})

    def done(now: datetime) -> None:
        services.send_notice(
            actor=officer_of(request),
            duty=duty,
            sha256=form.cleaned_data["sha256"],
            now=now,
            seller_id=seller,
        )

    if sent is not None and form.is_valid() and tried(request, form, done):
        return redirect(HOME, duty.incident_id)
    if form.errors:  # what was refused is read anew, as it stands now
        refused = [*form.non_field_errors()]
        form = ReadForm(initial={"sha256": draft.sha256})
        for sentence in refused:
            messages.error(request, sentence)
    more = {"draft": draft, "is_real": is_real(duty.incident)}
    return page(request, "notice_send", form, {**_about(duty, "Send"), **more})


def _otherwise(
    request: HttpRequest, duty: NoticeDuty, seller: UUID | None
) -> HttpResponseBase:
    sent = request.POST if request.method == "POST" else None
    form = ProofForm(sent, incident=duty.incident)

    def done(now: datetime) -> None:
        services.note_sent_otherwise(
            actor=officer_of(request),
            duty=duty,
            now=now,
            seller_id=seller,
            **form.cleaned_data,
        )

    if sent is not None and form.is_valid() and tried(request, form, done):
        return redirect(HOME, duty.incident_id)
    draft = services.draft_of(duty, now=timezone.now(), seller_id=seller)
    more = {"draft": draft, "sent": _sent(duty, seller)}
    return page(
        request, "notice_otherwise", form, {**_about(duty, "Sent otherwise"), **more}
    )


def _sent(duty: NoticeDuty, seller: UUID | None) -> dict[str, Any] | None:
    """The words of the newest notice that left but didn't arrive, to be pasted."""
    left = duty.notices.filter(seller_id=seller).exclude(sent_at=None).last()
    if left is None or left.sendings.filter(state__in=Sending.ARRIVED).exists():
        return None
    return dict(left.content.reveal())


def _about(duty: NoticeDuty, title: str) -> dict[str, Any]:
    return {"about": duty.incident, "duty": duty, "title": title}


@require_http_methods(["GET", "HEAD"])
def sent_notice(request: HttpRequest, pk: UUID, notice_id: UUID) -> HttpResponse:
    """What was sent, word by word, with its hash."""
    incident = incident_of(request, pk)
    sent = Notice.objects.exclude(sent_at=None).select_related("duty__incident")
    found = get_object_or_404(sent, pk=notice_id, duty__incident=incident)
    services.note_fact(
        incident,
        "notice read",
        actor=officer_of(request),
        now=timezone.now(),
        recipient=found.duty.recipient,
        number=found.number,
    )
    more = {"notice": found, "content": found.content.reveal()}
    return page(request, "notice", None, {**_about(found.duty, "A notice"), **more})


@require_http_methods(["GET", "HEAD", "POST"])
def sending(
    request: HttpRequest, pk: UUID, sending_id: UUID, step: str
) -> HttpResponseBase:
    """Record that it arrived, or that it came back."""
    incident = incident_of(request, pk)
    found = get_object_or_404(
        Sending.objects.select_related("notice__duty__incident"),
        pk=sending_id,
        notice__duty__incident=incident,
    )
    forms = {"delivered": ProofForm, "bounced": ReasonForm}
    if step not in forms:
        raise Http404
    sent = request.POST if request.method == "POST" else None
    form = forms[step](sent, incident=incident)

    def done(now: datetime) -> None:
        given = {"actor": officer_of(request), "sending": found, **form.cleaned_data}
        if step == "delivered":
            services.note_delivered(now=now, **given)
        else:
            services.note_bounced(now=now, **given)

    if sent is not None and form.is_valid() and tried(request, form, done):
        return redirect(HOME, pk)
    title = "It arrived" if step == "delivered" else "It came back"
    return page(request, "sending", form, _about(found.notice.duty, title))


@require_http_methods(["GET", "HEAD", "POST"])
def arming(request: HttpRequest) -> HttpResponseBase:
    """Whether notices go out by themselves, who said so, and the two buttons."""
    officer_of(request)
    return confirmed(_arm)(request) if request.method == "POST" else _armed(request)


def _arm(request: HttpRequest) -> HttpResponseBase:
    officer = officer_of(request)
    does = services.disarm if request.POST.get("step") == "disarm" else services.arm
    try:
        does(actor=officer, now=timezone.now())
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, "Done.")
    return redirect("admin:compliance_incident_arming")


def _armed(request: HttpRequest) -> HttpResponse:
    arms = list(Arming.objects.order_by("-at")[:20])
    people = User.objects.in_bulk({one.by for one in arms})
    more = {
        "title": "Notices that send themselves",
        "is_armed": services.is_armed(),
        "arms": [(one, people.get(one.by)) for one in arms],
        "by_me": any(one.by == request.user.pk and not one.ended_at for one in arms),
    }
    return page(request, "arming", None, more)
