"""The answer when the log can't be written: not logged means not done (ACC-2)."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults

from plugseller.audit.append import AuditUnavailable

_HEADERS = {"Retry-After": "60", "Cache-Control": "no-store"}


class RefuseUnlogged:
    """Turns AuditUnavailable of a view into 503, for pages and programs alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """None for anything else: Django goes on as usual."""
        if isinstance(exception, AuditUnavailable):
            return unavailable(request, exception)
        return None


def server_error(request: HttpRequest) -> HttpResponse:
    """The site's handler500. Middleware can meet AuditUnavailable as well, where no
    `process_exception` is asked."""
    error = sys.exception()
    if isinstance(error, AuditUnavailable):
        return unavailable(request, error)
    answer: HttpResponse = defaults.server_error(request)
    return answer


def unavailable(request: HttpRequest, error: AuditUnavailable) -> HttpResponse:
    """503 with nothing of what was asked for in it."""
    for_people = request.accepts("text/html") and not request.path.startswith("/api/")
    if for_people:
        # Without the request: nobody's session is needed to say this.
        page = loader.render_to_string("503.html", {"sentence": str(error)})
        return HttpResponse(page, status=503, headers=_HEADERS)
    problem = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": str(error),
    }
    return JsonResponse(
        problem,
        status=503,
        content_type="application/problem+json",
        headers=_HEADERS,
    )
