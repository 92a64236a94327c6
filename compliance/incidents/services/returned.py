"""A notice to a seller of which a copy came back is shown to its owners in the console,
until one of them says that it was read (INC-2).

That is evidence that it arrived, and stands beside the other ways it was sent.
"""

from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.services.outcomes import settle
from compliance.incidents.services.people import hold
from compliance.incidents.services.timeline import note_fact
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import owners_of

_State = Sending.State


def unread_at(seller_id: UUID) -> QuerySet[Notice]:
    """What came back from that seller's people, and none of its owners has read here.

    What went to the drill's address is nobody's to read.
    """
    copies = Sending.objects.filter(notice=OuterRef("pk"))
    back = copies.filter(state=_State.BOUNCED, is_real=True)
    ours = Notice.objects.filter(
        Exists(back),
        ~Exists(copies.filter(state=_State.READ)),
        seller_id=seller_id,
        duty__recipient=NoticeDuty.Recipient.SELLERS,
    )
    return ours.select_related("duty__incident").order_by("sent_at")


@transaction.atomic
def note_read(*, actor: User, notice: Notice, now: datetime) -> bool:
    """An owner has read it; whether it was still to be read. PermissionDenied for
    anybody else."""
    owners = owners_of(notice.seller_id) if notice.seller_id else User.objects.none()
    if not owners.filter(pk=actor.pk).exists():
        raise PermissionDenied
    incident = hold(notice.duty.incident)
    if not notice.seller_id or not unread_at(notice.seller_id).contains(notice):
        return False
    sent = notice.sendings.order_by("way").values_list("way", flat=True)
    Sending.objects.create(
        notice=notice,
        person_id=actor.pk,
        way=max(sent, default=0) + 1,
        address="in the console",
        seal_id=incident.pk,
        is_real=True,
        state=_State.READ,
        queued_at=now,
        delivered_at=now,
        noted_by=actor.pk,
    )
    note_fact(
        incident,
        "notice read in the console",
        actor=actor,
        now=now,
        recipient=notice.duty.recipient,
        number=notice.number,
    )
    settle(notice.duty, now=now)
    return True
