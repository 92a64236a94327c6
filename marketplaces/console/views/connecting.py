"""What a seller does with an account: connect, switch, sync, disconnect."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from marketplaces import services, shelf
from marketplaces.consent import consent_base
from marketplaces.console.forms import ConnectForm
from marketplaces.console.places import Places, marketplace_label
from marketplaces.console.starts import Started, accounts_started, read_start
from marketplaces.console.views.connections import (
    on_the_shelf,
    own_connection,
    watched,
)
from marketplaces.console.views.fetched import chapters
from marketplaces.console.words import FEATURES
from marketplaces.contract import Region
from marketplaces.datamap import Feature
from marketplaces.models import Connection
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.roles import Permission


@login_required
@require_safe
def choose_marketplace(request: HttpRequest, slug: str) -> HttpResponse:
    """Which marketplace, and in which region."""
    desk = open_desk(request, slug, Permission.MANAGE_CONNECTIONS)
    context = {"adapters": shelf.adapters()}
    return show(request, desk, "marketplaces/choose_marketplace.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def connect(
    request: HttpRequest, slug: str, marketplace: str, region: str
) -> HttpResponse:
    """What would be read and why; then on to the marketplace's own consent page.

    With `?renews=<id>` only that account may come back. A marketplace that began the
    way itself is gone back to; an account the seller has already is renewed then.
    """
    desk = open_desk(request, slug, Permission.MANAGE_CONNECTIONS)
    place = _region(marketplace, region)
    started = read_start(shelf.adapter(marketplace), request.GET.dict())
    renews = _renewed(request, desk, marketplace, region)
    if started and not renews:
        known = accounts_started(desk.seller, marketplace, started)
        renews = known.filter(region=region).first()
    form = ConnectForm(
        request.POST if request.method == "POST" else None,
        features=[
            (f.value, FEATURES[f]) for f in shelf.datamap().features(marketplace)
        ],
        initial={"features": _ticked(renews)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            address = services.begin_authorisation(
                actor=desk.user,
                seller=desk.seller,
                marketplace=marketplace,
                region=region,
                features=[Feature(f) for f in form.cleaned_data["features"]],
                session_key=_session_key(request),
                now=timezone.now(),
                renews=renews,
                return_to=started.return_to if started else "",
                carried=started.carried if started else None,
            )
        except services.NotSetUp:
            messages.error(request, _not_registered(marketplace))
        except services.ConnectRefused as refused:
            messages.error(request, str(refused))
        else:
            return redirect(address)
    return _connect_page(request, desk, marketplace, place, form, renews, started)


def _connect_page(
    request: HttpRequest,
    desk: Desk,
    marketplace: str,
    place: Region,
    form: ConnectForm,
    renews: Connection | None,
    started: Started | None,
) -> HttpResponse:
    boxes = {box.data["value"]: box for box in form["features"]}
    adapter = shelf.adapter(marketplace)
    context = {
        "label": adapter.label,
        "revoked_by": adapter.consent.revoked_by,
        "region": place,
        "form": form,
        "renews": renews,
        "started": started,
        "rows": [(c, boxes.get(c.feature.value)) for c in chapters(marketplace)],
    }
    status = 400 if form.errors else 200
    response = show(request, desk, "marketplaces/connect.html", context, status=status)
    # Browsers hold the redirect that answers a form to form-action as well; so this
    # page, and no other, may send its form on to the marketplace's consent page.
    origin = started.origin if started else consent_base(adapter, place)
    response._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]  # django-csp reads it
    return response


def _renewed(
    request: HttpRequest, desk: Desk, marketplace: str, region: str
) -> Connection | None:
    """The account that is to be connected again, if the address names one."""
    told = request.GET.get("renews", "")
    if not told:
        return None
    try:
        found = own_connection(desk, UUID(told))
    except ValueError:
        raise Http404 from None
    if (found.marketplace, found.region) != (marketplace, region):
        raise Http404
    return found


def _ticked(renews: Connection | None) -> list[str]:
    """What is on already; for a new account listings alone, the least of use."""
    if renews is None:
        return [Feature.LISTINGS.value]
    return [switch.feature for switch in renews.switches.all() if switch.on]


def _not_registered(marketplace: str) -> str:
    return (
        f"This installation isn't registered at {marketplace_label(marketplace)} yet, "
        "so no account can be connected. Nothing was changed. Write to us."
    )


def _region(marketplace: str, region: str) -> Region:
    """The region of a marketplace that is switched on here, or a 404."""
    if on_the_shelf(marketplace):
        for found in shelf.adapter(marketplace).regions:
            if found.key == region:
                return found
    raise Http404


@require_safe
def callback(request: HttpRequest, marketplace: str) -> HttpResponse:
    """Where the marketplace sends the seller back to, with a code good once.

    The address holds the code, so nothing of it is shown or passed on: the answer is
    always a redirect to an address of ours without it, also for somebody whose session
    has ended, and the browser is told to name no referrer.
    """
    response = _after_consent(request, marketplace)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _after_consent(request: HttpRequest, marketplace: str) -> HttpResponse:
    if not on_the_shelf(marketplace):
        raise Http404
    if not request.user.is_authenticated:
        messages.error(
            request,
            "You were signed out meanwhile, so nothing was connected. Sign in and "
            "begin again under Connections.",
        )
        return redirect("account_login")
    try:
        made = services.complete_authorisation(
            actor=request.user,
            marketplace=marketplace,
            session_key=_session_key(request),
            callback=request.GET.dict(),
            now=timezone.now(),
        )
    except services.NotSetUp:
        messages.error(request, _not_registered(marketplace))
        return redirect("home")
    except services.ConnectRefused as refused:
        messages.error(request, str(refused))
        return redirect("home")
    messages.success(
        request,
        f"{marketplace_label(marketplace)} is connected. The first sync begins by "
        "itself within a minute.",
    )
    services.ask_for_sync(actor=request.user, connection=made)
    return watched(made)


@login_required
@require_POST
def switch(
    request: HttpRequest, slug: str, connection: UUID, feature: str
) -> HttpResponse:
    """Switch a feature of the connection on or off."""
    desk = open_desk(request, slug, Permission.MANAGE_CONNECTIONS)
    found, wanted = own_connection(desk, connection), request.POST.get("on")
    known = shelf.datamap().features(found.marketplace)
    if feature not in known or wanted not in ("yes", "no"):
        raise Http404
    name, on = FEATURES[Feature(feature)], wanted == "yes"
    services.switch_feature(
        actor=desk.user, connection=found, feature=Feature(feature), on=on
    )
    messages.success(
        request,
        f"{name} is on. It is fetched with the next sync."
        if on
        else f"{name} is off. No call is made for it from now on; what was fetched "
        "stays, with its date.",
    )
    return redirect("console:connection", slug, found.pk)


@login_required
@require_POST
def sync_now(request: HttpRequest, slug: str, connection: UUID) -> HttpResponse:
    """Ask the workers for a sync; the request itself waits for nothing."""
    desk = open_desk(request, slug, Permission.MANAGE_CONNECTIONS)
    found = own_connection(desk, connection)
    if not found.is_live:
        messages.error(
            request,
            "This account isn't connected any more, so nothing can be fetched. "
            "Connect it again to go on.",
        )
    else:
        services.ask_for_sync(actor=desk.user, connection=found)
        messages.success(request, "The sync is asked for. It begins within a minute.")
        return watched(found)
    return redirect("console:connection", slug, found.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def end(request: HttpRequest, slug: str, connection: UUID) -> HttpResponse:
    """Say what disconnecting does, then do it."""
    desk = open_desk(request, slug, Permission.MANAGE_CONNECTIONS)
    found = own_connection(desk, connection)
    name = Places(desk.seller).account(found.pk)
    if request.method == "POST":
        services.disconnect(actor=desk.user, connection=found)
        messages.success(
            request,
            f"{name} is disconnected. Its credentials are deleted here; what was "
            "fetched stays until it is deleted.",
        )
        return redirect("console:connections", slug)
    known = on_the_shelf(found.marketplace)
    revoked_by = shelf.adapter(found.marketplace).consent.revoked_by if known else ""
    context = {
        "connection": found,
        "name": name,
        "marketplace_label": marketplace_label(found.marketplace),
        "revoked_by": revoked_by,
    }
    return show(request, desk, "marketplaces/disconnect.html", context)


def _session_key(request: HttpRequest) -> str:
    """What binds an authorisation to this browser; signing in made a session."""
    return request.session.session_key or ""
