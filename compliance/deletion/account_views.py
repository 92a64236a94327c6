"""One's own account: deleting it, and what became of one's requests (RET-2).

These pages are of no seller, so they are there when the seller is gone: for 30 days
who asked, and kept the account, finds the certificate here.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from compliance.deletion import services
from compliance.deletion.choice_forms import AskForm
from compliance.deletion.choosing import of_person, previewed_of
from compliance.deletion.models import DeletionRequest
from compliance.deletion.papers import as_download, certificate_of, show_certificate
from compliance.deletion.telling import told, zone_of
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.models import User
from plugseller.accounts.services import plan_leaving
from plugseller.accounts.teamforms import tell

SHOWN_FOR = timedelta(days=30)  # after a request ended


@login_required
@require_safe
def own_deletions(request: HttpRequest) -> HttpResponse:
    """Every request the person made, open ones and those that ended lately."""
    context = {"requests": _own(_person(request)).order_by("-received_at")}
    return render(request, "compliance/deletion/own.html", context)


@login_required
@require_safe
def own_deletion(request: HttpRequest, reference: str) -> HttpResponse:
    """Where one of them stands."""
    person = _person(request)
    found = get_object_or_404(_own(person), reference=reference)
    zone, now = zone_of(person), timezone.now()
    context = {"told": told(found, reader=person, zone=zone, now=now)}
    return render(request, "compliance/deletion/own_request.html", context)


@login_required
@require_POST
def own_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take one's own request back."""
    person = _person(request)
    found = get_object_or_404(_own(person), reference=reference)
    try:
        services.withdraw(actor=person, request=found, now=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, f"{reference} is taken back. Nothing was deleted.")
    return redirect("own_deletion", reference)


@login_required
@require_safe
def own_certificate(request: HttpRequest, reference: str) -> HttpResponse:
    """The proof, to read or print."""
    person = _person(request)
    found = certificate_of(get_object_or_404(_own(person), reference=reference))
    frame = {
        "back": reverse("own_deletion", args=[reference]),
        "file": reverse("own_certificate_file", args=[reference]),
    }
    zone, template = zone_of(person), "own_certificate.html"
    return show_certificate(request, found, template=template, frame=frame, zone=zone)


@login_required
@require_safe
def own_certificate_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The proof as a file that can be checked without us."""
    own = _own(_person(request))
    return as_download(certificate_of(get_object_or_404(own, reference=reference)))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponseBase:
    """Delete one's own user account. POST asks, and wants the second factor."""
    person = _person(request)
    if request.method == "POST":
        return ask(request)
    return _page(request, person, _form(person, None))


@confirmed
def ask(request: HttpRequest) -> HttpResponseBase:
    """Ask for it; the last owner of a seller is refused with what to do."""
    person = _person(request)
    form = _form(person, request)
    if form.is_valid():
        at_once = form.cleaned_data["at_once"]
        try:
            made = services.request_deletion(
                actor=person,
                source=DeletionRequest.Source.PERSON,
                kind=DeletionRequest.Kind.PEOPLE,
                people=[person],
                contact={
                    "email": person.email,
                    "name": person.name,
                    "time_zone": person.time_zone,
                    "addresses": [person.email],
                },
                identity="Signed in with a second factor, confirmed just before",
                verified=True,
                grace=timedelta() if at_once else settings.DELETION_GRACE,
                now=timezone.now(),
            )
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"Your request is {made.reference}.")
            return redirect("own_deletion", made.reference)
    return _page(request, person, form, status=400)


def _page(
    request: HttpRequest, person: User, form: AskForm, *, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    plan = plan_leaving(person=person, now=now)
    context = {
        "form": form,
        "preview": previewed_of(of_person(person)),
        "alone": [seat.seller for seat in plan.seats if seat.heirs or seat.orphaned],
        "grace_hours": int(settings.DELETION_GRACE.total_seconds() // 3600),
    }
    template = "compliance/deletion/delete_account.html"
    return render(request, template, context, status=status)


def _form(person: User, request: HttpRequest | None) -> AskForm:
    label = f"Type your e-mail address, {person.email}"
    return AskForm(request.POST if request else None, word=person.email, label=label)


def _person(request: HttpRequest) -> User:
    """Whoever is signed in; our staff's accounts are ended by officers."""
    person = request.user
    if not isinstance(person, User) or person.is_staff:
        raise PermissionDenied
    return person


def _own(person: User) -> QuerySet[DeletionRequest]:
    lately = Q(ended_at=None) | Q(ended_at__gt=timezone.now() - SHOWN_FOR)
    own = DeletionRequest.objects.filter(lately, requested_by=person.pk)
    return own.select_related("joined_to")
