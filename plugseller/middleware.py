"""What every request gets: a number and an actor; what every answer gets: headers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string

from plugseller.addresses import client_address, client_country
from plugseller.audit.acting import AGENT_LENGTH, Acting, acting
from plugseller.audit.models import new_request_id
from plugseller.problems import is_programs

# Nothing here answers to others, and many a class of pages would take PUT for POST.
# The API refuses in its own words, and takes still fewer.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
# A page of ours needs none of these; passkeys are left to ourselves.
_FEATURES = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
HEADERS = {
    "Cache-Control": "no-store, private",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _FEATURES),
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
}


class Headers:
    """The outermost: no answer leaves without these, whoever made it.

    Most are set further in (Django, csp, pages that need another one); a refusal of
    the host, a redirect to https or a static file doesn't get that far.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure() and settings.SECURE_HSTS_SECONDS:
            response.headers.setdefault(
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload",
            )
        return response


class RequestContext:
    """Names the actor for the audit log, and says why a wrong method was refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS and not is_programs(request):
            return HttpResponseNotAllowed(METHODS)
        who = Acting(
            kind="person" if request.user.is_authenticated else "anonymous",
            user_id=request.user.pk,
            request_id=new_request_id(),
            address=client_address(request),
            country=client_country(request),
            agent=request.headers.get("User-Agent", "")[:AGENT_LENGTH],
        )
        with acting(who):
            response = self.get_response(request)
        bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        if bare and request.method == "GET":
            response.content = render_to_string("405.html", request=request)
        return response
