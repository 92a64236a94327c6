"""What deletion requests show on the officers' start page."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services.steps import OPEN
from compliance.deletion.states import Status
from compliance.desklines import Block, Line, lines
from plugseller.accounts.models import User

_SHOWN = 20
_WAITS = (Status.RECEIVED, Status.VERIFIED)


def told(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """Those that are late, due soon, or wait for an officer; the rest as a number."""
    found = DeletionRequest.objects.filter(OPEN, joined_to=None).order_by("due_at")
    every = list(found[: _SHOWN + 1])
    for request in every[:_SHOWN]:
        yield _block(request, now), _line(request)
    if len(every) > _SHOWN:
        address = reverse("admin:compliance_deletionrequest_changelist")
        text = "More deletion requests are open"
        yield Block.DUE, Line(text, f"{address}?state=open")


def _block(request: DeletionRequest, now: datetime) -> Block:
    if request.is_overdue(now):
        return Block.LATE
    return Block.ASKED if request.status in _WAITS else Block.DUE


def _line(request: DeletionRequest) -> Line:
    return Line(
        f"{request.reference}: {request.what}. {request.get_status_display()}.",
        reverse("admin:compliance_deletionrequest_change", args=[request.pk]),
        due_at=request.due_at,
    )


lines("deletion", told)
