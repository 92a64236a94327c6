"""Every refusal as application/problem+json (RFC 9457): what happened, what to do."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from plugseller.audit.services import AuditUnavailable
from plugseller.problems import MEDIA_TYPE

NO_SUCH_THING = "There is nothing at this address, or nothing for you."
_RETRY_AFTER = 60  # seconds, when the audit log can't be written


class BadQuery(Exception):
    """Parameters that this list doesn't know or can't take; name -> what is wrong."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        super().__init__("A parameter can't be used.")
        self.errors = errors


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[tuple[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One refusal. `detail` and `errors` never hold a value that was sent."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HttpResponse(status=status).reason_phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"parameter": name, "detail": text} for name, text in errors]
    return Response(body, status=status, content_type=MEDIA_TYPE, headers=headers)


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to what went wrong in a view; None for a fault of the program."""
    if isinstance(error, AuditUnavailable):
        return problem(503, str(error), headers={"Retry-After": str(_RETRY_AFTER)})
    if isinstance(error, BadQuery):
        return problem(400, str(error), errors=error.errors)
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, NO_SUCH_THING)
    if isinstance(error, PermissionDenied):
        return problem(403, "You, or this key, may not see this at this seller.")
    if isinstance(error, SuspiciousOperation):
        return problem(400, "The request is malformed or too large.")
    if isinstance(error, exceptions.Throttled):
        return _throttled(error)
    if isinstance(error, exceptions.APIException):
        asks = getattr(error, "auth_header", "")
        headers = {"WWW-Authenticate": asks} if asks else None
        return problem(error.status_code, _sentence(error), headers=headers)
    return None


def _throttled(error: exceptions.Throttled) -> Response:
    wait = max(math.ceil(getattr(error, "wait", None) or 1), 1)
    return problem(
        429,
        f"Too many requests. Go on in {wait} seconds.",
        headers={"Retry-After": str(wait)},
    )


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.NotAuthenticated):
        return "Send an API key: Authorization: Bearer plug_…"
    if isinstance(error, exceptions.MethodNotAllowed):
        return "This API only reads: GET and HEAD."
    return str(error.detail)
