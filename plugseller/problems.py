"""Refusals told to programs, where no view of the API is asked (RFC 9457)."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse

MEDIA_TYPE = "application/problem+json"


def is_programs(request: HttpRequest) -> bool:
    """Whether a program asks: what it gets must not be a page or a way to one."""
    return request.path.startswith("/api/")


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """One refusal; `detail` never holds a value that was sent."""
    return JsonResponse(
        {
            "type": "about:blank",
            "title": HttpResponse(status=status).reason_phrase,
            "status": status,
            "detail": detail,
        },
        status=status,
        content_type=MEDIA_TYPE,
        headers=headers,
    )
