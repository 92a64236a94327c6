"""What every request gets: a number, an address, an actor, no place in caches."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from plugseller.addresses import client_address
from plugseller.audit.acting import AGENT_LENGTH, Acting, acting
from plugseller.audit.models import new_request_id

# Nothing here answers to others, and many a class of pages would take PUT for POST.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")


class RequestContext:
    """Names the actor for the audit log and forbids caches to keep the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        who = Acting(
            kind="person" if request.user.is_authenticated else "anonymous",
            user_id=request.user.pk,
            request_id=new_request_id(),
            address=client_address(request),
            agent=request.headers.get("User-Agent", "")[:AGENT_LENGTH],
        )
        with acting(who):
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), usb=()")
        return response
