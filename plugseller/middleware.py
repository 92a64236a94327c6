"""What every request gets: a number, an address, an actor, no place in caches."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from plugseller.audit.models import new_request_id
from plugseller.audit.services import Acting, acting


def client_address(request: HttpRequest) -> str | None:
    """The client's address: throttles, lockout and audit all ask here.

    With TRUSTED_PROXIES=n the n-th address from the right of X-Forwarded-For is the
    one our outermost proxy saw; whatever a client wrote further left is ignored.
    """
    address = request.META.get("REMOTE_ADDR", "")
    proxies = settings.TRUSTED_PROXIES
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        address = hops[-proxies].strip() if len(hops) >= proxies else address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


class RequestContext:
    """Names the actor for the audit log and forbids caches to keep the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        who = Acting(
            kind="person" if request.user.is_authenticated else "anonymous",
            user_id=request.user.pk,
            request_id=new_request_id(),
            address=client_address(request),
        )
        with acting(who):
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), usb=()")
        return response
