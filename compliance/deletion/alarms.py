"""A deletion that doesn't come to its end is told of, loudly but not each minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import note_step
from compliance.deletion.verification import Finding
from plugseller.accounts.services.officers import tell_officers

_AGAIN = timedelta(hours=12)  # after so long officers are told anew


@transaction.atomic
def note_failure(request: DeletionRequest, error: Exception, *, now: datetime) -> None:
    """It failed, stays open and is tried again; only the kind of error is told."""
    kind = type(error).__name__
    _tell(
        request,
        "failed",
        f"{request.reference} can't be carried out",
        f"The deletion {request.reference} ({request.what}) stopped with {kind}. What "
        "is gone stays gone; it is tried again by itself. See `manage.py "
        "process_deletions` and the server's log. It is due on "
        f"{request.due_at:%Y-%m-%d %H:%M} UTC, and that doesn't move.",
        now=now,
    )
    note_step(request, "failed", actor=None, now=now, error=kind)


@transaction.atomic
def note_findings(
    request: DeletionRequest, left: Sequence[Finding], *, now: datetime
) -> None:
    """Something is still there: no certificate, and the places are walked again."""
    listed = "\n".join(
        f"  - {one.place}: {one.count} x {one.what} ({one.form})" for one in left
    )
    _tell(
        request,
        "something was found",
        f"{request.reference}: something is still there",
        f"After the deletion {request.reference} ({request.what}) this was found by "
        f"the independent look:\n{listed}\n\nNo certificate was issued. The places are "
        "walked again by itself; if it is found again, a place is missing on the shelf "
        f"of holdings. It is due on {request.due_at:%Y-%m-%d %H:%M} UTC.",
        now=now,
    )
    places = {f"{one.place} ({one.what}, {one.form})": one.count for one in left}
    note_step(request, "something was found", actor=None, now=now, places=places)


def _tell(
    request: DeletionRequest, what: str, subject: str, text: str, *, now: datetime
) -> None:
    lately = request.steps.filter(what=what, at__gt=now - _AGAIN)
    if not lately.exists():
        tell_officers(subject=subject, text=text, now=now)
