"""The answer when the log can't be written: not logged means not done (ACC-2)."""

import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from plugseller.audit.append import AuditUnavailable
from plugseller.problems import is_programs, problem

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
    if is_programs(request):
        return problem(500, "Something went wrong here. Nothing half was written.")
    answer: HttpResponse = defaults.server_error(request)
    return answer


def unavailable(request: HttpRequest, error: AuditUnavailable) -> HttpResponse:
    """503 with nothing of what was asked for in it."""
    if is_programs(request) or not request.accepts("text/html"):
        return problem(503, str(error), _HEADERS)
    # Without the request: nobody's session is needed to say this.
    page = loader.render_to_string("503.html", {"sentence": str(error)})
    return HttpResponse(page, status=503, headers=_HEADERS)
