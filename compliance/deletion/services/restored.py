"""Requests in a database that was put back from a backup (RET-2).

What has happened since the backup isn't known to it. A deletion that had begun is in
the ledger, and the replay erased its data again: it is brought to its end, and its
certificate says so. Anything else may have been withdrawn, held or objected to in the
meantime: it waits anew, and everybody is told.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import letters
from compliance.deletion.services.running import go_on_with_erased
from compliance.deletion.services.steps import OPEN, hold_request, note_step
from compliance.deletion.services.verifying import LEAST_NOTICE
from compliance.deletion.states import Status
from plugseller.accounts.services.officers import tell_officers
from plugseller.custody import ledger
from plugseller.custody.hashing import all_hashes
from plugseller.custody.ledger import Line
from plugseller.custody.models import Replay, Tombstone


def replayed_lines(request: DeletionRequest) -> list[Line]:
    """Lines of the ledger about what the request is about, which a replay erased again
    after the request had come in. Raises LedgerBroken, KeyTrouble."""
    since = Replay.objects.filter(ended_at__gt=request.received_at)
    spans = list(since.values_list("first", "last"))
    if not spans:
        return []
    hashes = _hashes(request)
    return [
        line
        for line in ledger.read()
        if any(first < line.number <= last for first, last in spans)
        and (line.request == request.reference or line.hash in hashes)
    ]


def _hashes(request: DeletionRequest) -> set[str]:
    """Of the one thing whose erasure, by whichever request, carries out all of it."""
    whole = request.kind == DeletionRequest.Kind.ACCOUNT
    subject: tuple[str, UUID | None] = (
        (Tombstone.Kind.SELLER, request.seller_id)
        if whole
        else (Tombstone.Kind.CONNECTION, request.connection_id)
    )
    kind, one = subject
    return set(all_hashes(kind, one)) if one else set()


def settle_restored(now: datetime) -> int:
    """Decide about each open request that a restored database brought back; how many.

    Raises LedgerBroken, KeyTrouble.
    """
    newest = Replay.objects.filter(ended_at__isnull=False).first()
    if newest is None:
        return 0
    waiting = DeletionRequest.objects.filter(OPEN, began_at=None)
    return sum(_settle(one, newest, now) for one in waiting)


@transaction.atomic
def _settle(request: DeletionRequest, replay: Replay, now: datetime) -> bool:
    if replayed_lines(request):
        return go_on_with_erased(request, now=now)
    request = hold_request(request)
    wait = _wait(request)
    put_back_at = replay.ended_at or now
    known = request.steps.filter(at__gte=replay.began_at)
    if wait is None or request.starts_at is None or known.exists():
        return False
    starts_at = max(request.starts_at, put_back_at + wait)
    DeletionRequest.objects.filter(pk=request.pk).update(starts_at=starts_at)
    request.refresh_from_db()
    note_step(request, "database put back", actor=None, now=max(now, put_back_at))
    _tell(request, now)
    return True


def _wait(request: DeletionRequest) -> timedelta | None:
    if request.status == Status.SCHEDULED:
        return settings.DELETION_GRACE
    return LEAST_NOTICE if request.status == Status.VERIFIED else None


def _tell(request: DeletionRequest, now: datetime) -> None:
    if request.status == Status.VERIFIED:
        letters.warn_owners(request, now=now)
    else:
        letters.tell_scheduled(request, now=now)
    tell_officers(
        subject=f"{request.reference} is from a backup",
        text=(
            "The database was put back from a backup, and holds the deletion request "
            f"{request.reference} ({request.what}) as it was then. If it has been "
            "withdrawn, rejected or held since, do so again before it begins."
        ),
        now=now,
    )
