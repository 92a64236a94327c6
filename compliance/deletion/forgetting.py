"""Who asked is forgotten with the last step: their key, and what was mailed to them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import note_step
from plugseller.crypto.services import destroy_data_key
from plugseller.jobs.models import OutgoingMail

Status = DeletionRequest.Status
_COMPLAIN_WITHIN = timedelta(days=30)  # who was refused may still answer


def forget_requesters(now: datetime) -> int:
    """Destroy the keys of requests that ended, once their last mail is on its way.

    That mail is sealed with the same key, so it must have left, or been given up.
    Requests that were refused or withdrawn are remembered for a month.
    """
    over = Q(status=Status.COMPLETED) | Q(
        status__in=(Status.REJECTED, Status.WITHDRAWN),
        ended_at__lte=now - _COMPLAIN_WITHIN,
    )
    ended = DeletionRequest.objects.filter(over).filter(contact__isnull=False)
    return sum(_forget(request, now) for request in ended)


@transaction.atomic
def _forget(request: DeletionRequest, now: datetime) -> bool:
    mails = OutgoingMail.objects.filter(owner=request.pk)
    if mails.filter(state=OutgoingMail.State.QUEUED).exists():
        return False
    still = DeletionRequest.objects.filter(pk=request.pk).filter(contact__isnull=False)
    if not still.update(contact=None):
        return False  # another worker did
    destroy_data_key(request.pk, now=now)
    gone, _ = mails.delete()
    note_step(request, "requester forgotten", actor=None, now=now, mails=gone)
    return True
