"""Which way a deletion request may go: the table, and nothing beside it (RET-2)."""

from django.core.exceptions import ValidationError

from compliance.deletion.models import DeletionRequest

Status = DeletionRequest.Status

WAYS: dict[Status, tuple[Status, ...]] = {
    Status.RECEIVED: (Status.VERIFIED, Status.REJECTED, Status.WITHDRAWN),
    Status.VERIFIED: (Status.SCHEDULED, Status.REJECTED, Status.WITHDRAWN),
    Status.SCHEDULED: (
        Status.EXECUTING,
        Status.ON_HOLD,
        Status.REJECTED,
        Status.WITHDRAWN,
    ),
    Status.EXECUTING: (Status.VERIFYING, Status.ON_HOLD),
    # back, when something was found; on hold, when only what is held is left
    Status.VERIFYING: (Status.COMPLETED, Status.EXECUTING, Status.ON_HOLD),
    Status.ON_HOLD: (
        Status.SCHEDULED,
        Status.EXECUTING,
        Status.REJECTED,
        Status.WITHDRAWN,
    ),
    Status.COMPLETED: (),
    Status.REJECTED: (),
    Status.WITHDRAWN: (),
}

BEFORE_IT_BEGINS = (Status.RECEIVED, Status.VERIFIED, Status.SCHEDULED, Status.ON_HOLD)
"""In these it can be withdrawn or rejected, unless it began before it was held."""


class DeletionRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


def may_become(request: DeletionRequest, status: Status) -> bool:
    """Whether the table, and what has been destroyed already, let it go there."""
    if status not in WAYS[Status(request.status)]:
        return False
    ends_early = status in (Status.REJECTED, Status.WITHDRAWN, Status.SCHEDULED)
    return request.began_at is None or not ends_early


def move(request: DeletionRequest, status: Status, **fields: object) -> None:
    """Let the request go there, if it still stands where this copy says.

    Raises DeletionRefused. The caller records what it was for.
    """
    if not may_become(request, status):
        raise DeletionRefused(_why_not(request, status))
    still = DeletionRequest.objects.filter(pk=request.pk, status=request.status)
    if not still.update(status=status, **fields):
        raise DeletionRefused("Somebody changed this request just now. Look again.")
    request.refresh_from_db()


def _why_not(request: DeletionRequest, status: Status) -> str:
    if request.began_at is None or status not in (Status.WITHDRAWN, Status.REJECTED):
        return (
            f"{request.reference} is {request.get_status_display().lower()}: it can't "
            f"become “{status.label}”. Nothing was changed."
        )
    gone = request.keys_destroyed_at or request.began_at
    what = "the first key was destroyed" if request.keys_destroyed_at else "it began"
    return (
        f"{request.reference} can't be taken back: {what} at "
        f"{gone:%Y-%m-%d %H:%M:%S} UTC, and what is gone can't be brought back. "
        "Nothing was changed."
    )
