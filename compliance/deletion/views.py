"""Privacy in a seller's console: what is held, having it deleted, how that goes."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from compliance.deletion import services
from compliance.deletion.choice_forms import AskAllForm, AskForm, ChooseForm, TimeForm
from compliance.deletion.choosing import (
    Choice,
    choices,
    chosen_from,
    previewed,
)
from compliance.deletion.models import DeletionRequest
from compliance.deletion.papers import as_download, certificate_of, show_certificate
from compliance.deletion.telling import told, zone_of
from compliance.retention.figures import held_of
from compliance.retention.times import set_shorter_time, shorter_times
from marketplaces.exporting.services import may_have_all
from marketplaces.models import Connection
from marketplaces.reports import dropped_since
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.roles import Permission
from plugseller.accounts.teamforms import tell

DAYS = 30  # over which dropped fields are counted
_SIGNED_IN = "Signed in with a second factor, confirmed just before"
Kind, Source = DeletionRequest.Kind, DeletionRequest.Source


@login_required
@require_safe
def home(request: HttpRequest, slug: str) -> HttpResponse:
    """What we hold, who looked, how long it stays, and what can be done about it."""
    desk, now = open_desk(request, slug, Permission.VIEW_ACTIVITY), timezone.now()
    seller = desk.seller
    dropped = dropped_since(seller, since=now - timedelta(days=DAYS))
    looked = seller.grants.filter(starts_at__isnull=False)
    frozen = Connection.objects.of_seller(seller, frozen=True).exclude(frozen_at=None)
    if seller.frozen_at:  # said above each page
        frozen = frozen.none()
    context = {
        "held": held_of(seller, now),
        "dropped": sum(path.times for path in dropped),
        "days": DAYS,
        "looked": looked.count(),
        "last_look": looked.order_by("-starts_at").first(),
        "times": shorter_times(seller),
        "requests": _own(desk).order_by("-received_at")[:20]
        if desk.may(Permission.REQUEST_DELETION)
        else [],
        "frozen_accounts": list(frozen.defer("credentials")),
        "may_delete": desk.may(Permission.REQUEST_DELETION) and not seller.frozen_at,
        "may_take_all": _takes_all(desk),
        "now": now,
    }
    return show(request, desk, "compliance/deletion/home.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose, look at what would go, ask. POST asks, and wants the second factor."""
    return ask(request, slug) if request.method == "POST" else _preview(request, slug)


@confirmed
def ask(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask for the deletion that was looked at."""
    desk, now = open_desk(request, slug, Permission.REQUEST_DELETION), timezone.now()
    choice = _chosen(desk, request.GET.get("what", ""))
    if choice is None:
        return redirect("privacy:delete", slug)
    form = _ask_form(desk, choice, request)
    if form.is_valid():
        try:
            made = _request(desk, choice, form, now)
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"Your request is {made.reference}.")
            return redirect("privacy:request", slug, made.reference)
    return _show_preview(request, desk, choice, form, status=400)


@login_required
@require_safe
def one_request(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Where a request stands: its clock, its steps, and the way back while there is."""
    desk, now = open_desk(request, slug, Permission.REQUEST_DELETION), timezone.now()
    found = _found(desk, reference)
    context = {"told": told(found, reader=desk.user, zone=zone_of(desk.user), now=now)}
    return show(request, desk, "compliance/deletion/request.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Take a request back; for every owner, whoever asked."""
    desk, now = open_desk(request, slug, Permission.REQUEST_DELETION), timezone.now()
    found = _found(desk, reference)
    try:
        services.withdraw(actor=desk.user, request=found, now=now)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, f"{reference} is taken back. Nothing was deleted.")
    return redirect("privacy:request", slug, reference)


@login_required
@require_POST
def object_to(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Say that a marketplace's notice about the whole seller is wrong."""
    desk, now = open_desk(request, slug, Permission.REQUEST_DELETION), timezone.now()
    found = _found(desk, reference)
    try:
        services.object_to(actor=desk.user, request=found, now=now)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(
            request,
            "Our officers were told and decide about it. Write to "
            f"{settings.CONTACT_ADDRESS} why it is wrong.",
        )
    return redirect("privacy:request", slug, reference)


@login_required
@require_POST
@confirmed
def begin_at_once(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Give up the time in which the request could be taken back."""
    desk, now = open_desk(request, slug, Permission.REQUEST_DELETION), timezone.now()
    found = _found(desk, reference)
    try:
        services.begin_at_once(actor=desk.user, request=found, now=now)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, "It begins within minutes.")
    return redirect("privacy:request", slug, reference)


@login_required
@require_safe
def certificate(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """The proof of a request of a seller that is still there: to read or print."""
    desk = open_desk(request, slug, Permission.REQUEST_DELETION)
    found = certificate_of(_found(desk, reference))
    frame = {
        "desk": desk,
        "seller": desk.seller,
        "back": reverse("privacy:request", args=[slug, reference]),
        "file": reverse("privacy:certificate_file", args=[slug, reference]),
    }
    zone, template = zone_of(desk.user), "certificate.html"
    return show_certificate(request, found, template=template, frame=frame, zone=zone)


@login_required
@require_safe
def certificate_file(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """The same as a file that can be checked without us."""
    desk = open_desk(request, slug, Permission.REQUEST_DELETION)
    return as_download(certificate_of(_found(desk, reference)))


@login_required
@require_POST
def shorter_time(request: HttpRequest, slug: str, rule: str) -> HttpResponse:
    """Keep something for a shorter time than our rule says, or as it says again."""
    desk = open_desk(request, slug, Permission.REQUEST_DELETION)
    form = TimeForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError("Enter a whole number of days, or nothing.")
        set_shorter_time(
            actor=desk.user,
            seller=desk.seller,
            rule=rule,
            days=form.cleaned_data["days"],
            now=timezone.now(),
        )
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, "Kept so long from now on.")
    return redirect("privacy:home", slug)


def _preview(request: HttpRequest, slug: str) -> HttpResponse:
    desk = open_desk(request, slug, Permission.REQUEST_DELETION)
    choice = _chosen(desk, request.GET.get("what", ""))
    if choice is None:
        offered = choices(desk.seller)
        sent = request.GET if "what" in request.GET else None
        form = ChooseForm(sent, offered=offered)
        context = {"form": form, "offered": offered}
        status = 400 if form.errors else 200
        template = "compliance/deletion/choose.html"
        return show(request, desk, template, context, status=status)
    return _show_preview(request, desk, choice, _ask_form(desk, choice))


def _show_preview(
    request: HttpRequest,
    desk: Desk,
    choice: Choice,
    form: AskForm,
    *,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    keeps = desk.user if choice.kind == Kind.ACCOUNT else None
    context = {
        "choice": choice,
        "preview": previewed(desk.seller, choice, keeps=keeps),
        "form": form,
        "grace_hours": int(settings.DELETION_GRACE.total_seconds() // 3600),
        "begins": now + settings.DELETION_GRACE,
        "done_by": now + timedelta(days=30),
        "may_take_all": _takes_all(desk),
    }
    template = "compliance/deletion/preview.html"
    return show(request, desk, template, context, status=status)


def _ask_form(
    desk: Desk, choice: Choice, request: HttpRequest | None = None
) -> AskForm:
    kind = AskAllForm if choice.kind == Kind.ACCOUNT else AskForm
    label = f"Type the seller's short name, {desk.seller.slug}"
    return kind(request.POST if request else None, word=desk.seller.slug, label=label)


def _request(
    desk: Desk, choice: Choice, form: AskForm, now: datetime
) -> DeletionRequest:
    person = desk.user
    return services.request_deletion(
        actor=person,
        source=Source.CONSOLE,
        kind=choice.kind,
        seller=desk.seller,
        connection=choice.connection,
        people=choice.people,
        contact={
            "email": person.email,
            "name": person.name,
            "time_zone": person.time_zone,
            "addresses": [],
        },
        identity=_SIGNED_IN,
        verified=True,
        grace=timedelta() if form.cleaned_data["at_once"] else settings.DELETION_GRACE,
        keeps_requester=form.cleaned_data.get("keep_mine", False),
        now=now,
    )


def _chosen(desk: Desk, key: str) -> Choice | None:
    return chosen_from(choices(desk.seller), key) if key else None


def _own(desk: Desk) -> Any:
    return DeletionRequest.objects.filter(seller_id=desk.seller.pk)


def _found(desk: Desk, reference: str) -> DeletionRequest:
    own = _own(desk).select_related("joined_to")
    found: DeletionRequest = get_object_or_404(own, reference=reference)
    return found


def _takes_all(desk: Desk) -> bool:
    return may_have_all(desk.standing)
