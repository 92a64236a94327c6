"""Notices as texts: drafted from the record, edited by officers, never after sending
(INC-2). How they leave is in `sending.py`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.casework import Notice, NoticeDuty
from compliance.incidents.drafts import checked, drafted, fingerprint
from compliance.incidents.models import Incident
from compliance.incidents.services.people import hold, officer_at
from compliance.incidents.services.reach import reachable_sellers
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import Seller, User

Kind, Recipient = Notice.Kind, NoticeDuty.Recipient


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be sent now."""

    subject: str
    text: str
    notice: Notice | None  # None: nobody edited it, so it follows the record

    @property
    def sha256(self) -> str:
        return fingerprint(self.subject, self.text)


def next_kind(duty: NoticeDuty, seller_id: UUID | None = None) -> Notice.Kind:
    """The initial notice first, then follow-ups; "no incident" after a false alarm."""
    sent = duty.notices.filter(seller_id=seller_id).exclude(sent_at=None)
    if not sent.filter(kind=Kind.INITIAL).exists():
        return Kind.INITIAL
    status = duty.incident.status
    return (
        Kind.NO_INCIDENT if status == duty.incident.Status.DISMISSED else Kind.FOLLOW_UP
    )


def draft_of(
    duty: NoticeDuty, *, now: datetime, seller_id: UUID | None = None
) -> Draft:
    """The draft an officer edited, else one from the record as it stands."""
    kept = _open_draft(duty, seller_id)
    if kept:
        content = kept.content.reveal()
        return Draft(content["subject"], content["text"], kept)
    seller = Seller.objects.filter(pk=seller_id).first() if seller_id else None
    subject, text = drafted(duty, next_kind(duty, seller_id), now=now, seller=seller)
    return Draft(subject, text, None)


def _open_draft(duty: NoticeDuty, seller_id: UUID | None) -> Notice | None:
    """An initial notice once sent, a draft of another is worth nothing any more."""
    kind = next_kind(duty, seller_id)
    ours = duty.notices.filter(seller_id=seller_id, sent_at=None, superseded_at=None)
    return ours.filter(kind=kind).first()


@transaction.atomic
@sensitive_variables("subject", "text")
def edit_notice(
    *,
    actor: User,
    duty: NoticeDuty,
    subject: str,
    text: str,
    now: datetime,
    seller_id: UUID | None = None,
) -> Notice:
    """Keep an officer's wording of what is sent next. Raises IncidentRefused."""
    officer_at(actor, duty.incident)
    hold(duty.incident)
    subject, text = " ".join(subject.split()), text.replace("\r\n", "\n").strip()
    if wrong := checked(duty, subject, text):
        raise IncidentRefused(wrong)
    notice = _open_draft(duty, seller_id) or begin(duty, now=now, seller_id=seller_id)
    notice.content = {"subject": subject, "text": text}
    notice.edited_by, notice.edited_at = actor.pk, now
    notice.save()
    note_fact(
        duty.incident,
        "notice edited",
        actor=actor,
        now=now,
        recipient=duty.recipient,
        number=notice.number,
    )
    return notice


@transaction.atomic
def drop_draft(
    *, actor: User, duty: NoticeDuty, now: datetime, seller_id: UUID | None = None
) -> None:
    """Let the draft follow the record again. Raises IncidentRefused."""
    officer_at(actor, duty.incident)
    hold(duty.incident)
    ours = duty.notices.filter(seller_id=seller_id, sent_at=None, superseded_at=None)
    if not ours.update(superseded_at=now):
        raise IncidentRefused("No edited draft is kept. Nothing was changed.")
    note_fact(
        duty.incident,
        "draft dropped",
        actor=actor,
        now=now,
        recipient=duty.recipient,
    )


def begin(duty: NoticeDuty, *, now: datetime, seller_id: UUID | None = None) -> Notice:
    """The next notice to them, with the record's words; not saved yet."""
    newest = duty.notices.order_by("-number").values_list("number", flat=True).first()
    draft = draft_of(duty, now=now, seller_id=seller_id)
    return Notice(
        duty=duty,
        kind=next_kind(duty, seller_id),
        seller_id=seller_id,
        number=(newest or 0) + 1,
        content={"subject": draft.subject, "text": draft.text},
        seal_id=duty.incident_id,
        drafted_at=now,
    )


def is_told(duty: NoticeDuty) -> datetime | None:
    """When the last of those who are owed the initial notice had got it; None: one
    hasn't yet. A server that took it counts; one that came back doesn't."""
    if duty.recipient != Recipient.SELLERS:
        initial = duty.notices.filter(kind=Kind.INITIAL).exclude(sent_at=None)
        return _arrived(list(initial))
    told: dict[UUID | None, datetime | None] = {}
    sent = sent_to_sellers(duty.incident).filter(kind=Kind.INITIAL)
    for notice in sent.prefetch_related("sendings"):
        told[notice.seller_id] = told.get(notice.seller_id) or _arrived([notice])
    owed = reachable_sellers(duty.incident)
    times = [told.get(seller) or told.get(None) for seller in owed]
    if not times or None in times:
        return None
    return max(at for at in times if at)


def sent_to_sellers(incident: Incident) -> QuerySet[Notice]:
    """What sellers were sent, in the case or in one it took in."""
    ours = Notice.objects.filter(duty__incident__in=incident.cases)
    return ours.filter(duty__recipient=Recipient.SELLERS).exclude(sent_at=None)


def _arrived(notices: list[Notice]) -> datetime | None:
    arrived = [
        one.accepted_at or one.delivered_at
        for notice in notices
        for one in notice.sendings.all()
        if one.state in one.ARRIVED
    ]
    return min((at for at in arrived if at), default=None)
