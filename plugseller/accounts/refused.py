"""Logs who was turned away: refusals are as telling as reads (ACC-2)."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone

from plugseller.accounts.models import Seller
from plugseller.audit.models import Entry
from plugseller.audit.services import now_acting, record

MOST = 20  # of one person within the window; more would fill the disk for nothing
WINDOW = timedelta(minutes=10)


class NoteRefused:
    """One entry for each 403, and for each 404 at a seller's address.

    Only of somebody whom we know, by session or token: who isn't signed in is led to
    the sign-in. The address isn't kept, because it may hold somebody's values.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in (403, 404):
            _note(request, response.status_code)
        return response


def _note(request: HttpRequest, status: int) -> None:
    match, who = _asked_for(request), now_acting().user_id
    slug = match.kwargs.get("slug") if match else None
    if who is None or match is None or (status == 404 and slug is None):
        return
    since = timezone.now() - WINDOW
    own = Entry.objects.filter(actor_id=who, event="access.refused")
    noted = own.filter(timestamp__gt=since)[:MOST].count()
    if noted == MOST:
        return
    # Asked for an unknown seller too, so that both take equally long.
    seller_id = Seller.objects.filter(slug=slug).values_list("pk", flat=True).first()
    details = {"page": match.view_name, "status": status}
    if noted == MOST - 1:
        details["then_silent_minutes"] = WINDOW.seconds // 60
    record("access.refused", seller_id=seller_id, details=details)


def _asked_for(request: HttpRequest) -> ResolverMatch | None:
    """The page that refused: what was sent before the second factor was shown again is
    done at the address of the page that asks for it (confirming.ask), and only the
    path then tells what it was."""
    try:
        return resolve(request.path_info)
    except Resolver404:
        return None
