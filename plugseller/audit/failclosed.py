"""The answer when the log can't be written: not logged means not done (ACC-2)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from plugseller.audit.append import AuditUnavailable


class RefuseUnlogged:
    """Turns AuditUnavailable into 503, for pages and programs alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """None for anything else: Django goes on as usual."""
        if not isinstance(exception, AuditUnavailable):
            return None
        headers = {"Retry-After": "60", "Cache-Control": "no-store"}
        if request.accepts("text/html"):
            return HttpResponse(
                str(exception),
                status=503,
                content_type="text/plain; charset=utf-8",
                headers=headers,
            )
        problem = {
            "title": "Service Unavailable",
            "status": 503,
            "detail": str(exception),
        }
        return JsonResponse(
            problem,
            status=503,
            content_type="application/problem+json",
            headers=headers,
        )
