"""How a notice leaves, and to whom (INC-2, INC-3).

A notice is sent once, whoever is at it: the incident is held, the draft is claimed by a
guarded update, and the database refuses a second one. What comes of it is in
`outcomes.py`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from compliance import clocks
from compliance.incidents.casework import Notice, NoticeDuty, Sending
from compliance.incidents.drafts import checked, fingerprint
from compliance.incidents.models import Incident
from compliance.incidents.services.notices import begin, draft_of, sent_to_sellers
from compliance.incidents.services.people import hold, officer_at
from compliance.incidents.services.reach import reachable_sellers
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import owners_of
from plugseller.jobs import outbox

Recipient = NoticeDuty.Recipient


class Way(NamedTuple):
    """Where a notice can go: the whole of what the next one would be tried on."""

    address: str
    person_id: UUID | None = None


def is_real(incident: Incident) -> bool:
    """Whether the notices of the incident reach who they are for."""
    return settings.PRODUCTION and not incident.is_drill


def recipient_of(incident: Incident, wanted: str) -> str:
    """The address a notice goes to. Nothing else decides it.

    What isn't a real incident in production goes to the drill's address, whatever was
    wanted. Raises IncidentRefused where there is none.
    """
    if is_real(incident):
        return wanted
    if not settings.INCIDENT_DRILL_ADDRESS:
        raise IncidentRefused(
            "A drill's notices go to INCIDENT_DRILL_ADDRESS, which isn't set. "
            "Nothing was sent."
        )
    return str(settings.INCIDENT_DRILL_ADDRESS)


def ways_to(duty: NoticeDuty, seller_id: UUID | None) -> list[list[Way]]:
    """The ways in turn, each to one or, at a seller, to every owner."""
    if duty.recipient == Recipient.SELLERS:
        owners = owners_of(seller_id) if seller_id else ()
        return [[Way(one.email, one.pk) for one in owners]]
    contacts: dict[str, Iterable[str]] = {
        Recipient.AMAZON: settings.AMAZON_SECURITY_CONTACTS,
        Recipient.WALMART: [settings.WALMART_SECURITY_CONTACT],
        Recipient.AUTHORITY: [settings.AUTHORITY_CONTACT],
    }
    return [[Way(address)] for address in contacts[duty.recipient] if address]


@transaction.atomic
def send_notice(
    *,
    actor: User,
    duty: NoticeDuty,
    sha256: str,
    now: datetime,
    seller_id: UUID | None = None,
) -> Notice:
    """Approve and send the notice that was just read, word by word.

    `sha256` is of the text the officer saw. Raises IncidentRefused.
    """
    officer_at(actor, duty.incident)
    incident = hold(duty.incident)
    draft = draft_of(duty, now=now, seller_id=seller_id)
    if draft.sha256 != sha256:
        raise IncidentRefused("The text changed since you read it. Read it again.")
    if wrong := checked(duty, draft.subject, draft.text):
        raise IncidentRefused(wrong)
    if duty.recipient == Recipient.SELLERS and seller_id is None:
        raise IncidentRefused("Say which seller is told.")
    return send(incident, duty, seller_id, actor=actor, now=now)


def send(
    incident: Incident,
    duty: NoticeDuty,
    seller_id: UUID | None,
    *,
    actor: User | None,
    now: datetime,
) -> Notice:
    """Seal the text and put it into the outbox. In the caller's transaction, which
    holds the incident."""
    duty.incident = incident
    ways = ways_to(duty, seller_id)
    if not ways or not ways[0]:
        raise IncidentRefused(
            "No address is known for this notice. Send it otherwise, with the text "
            "that is shown, and record the proof."
        )
    notice = seal(duty, seller_id, actor=actor, now=now)
    for way in ways[0]:
        take_way(notice, way, 1, now=now)
    note_fact(
        incident,
        "notice sent",
        actor=actor,
        now=now,
        recipient=duty.recipient,
        number=notice.number,
        kind=notice.kind,
        sha256=notice.sha256,
        real=is_real(incident),
    )
    return notice


def seal(
    duty: NoticeDuty, seller_id: UUID | None, *, actor: User | None, now: datetime
) -> Notice:
    """The draft, closed for good: it is claimed once, and the database agrees."""
    kept = draft_of(duty, now=now, seller_id=seller_id).notice
    notice = kept or begin(duty, now=now, seller_id=seller_id)
    content = notice.content.reveal()
    seal = {
        "sent_at": now,
        "sha256": fingerprint(content["subject"], content["text"]),
        "approved_by": actor.pk if actor else None,
    }
    try:
        with transaction.atomic():
            if kept is None:
                notice.save(force_insert=True)
            mine = Notice.objects.filter(pk=notice.pk, sent_at=None)
            claimed = mine.filter(superseded_at=None).update(**seal)
    except IntegrityError:
        claimed = 0
    if not claimed:
        raise IncidentRefused("Somebody sent this notice just now. Look again.")
    notice.refresh_from_db()
    return notice


@sensitive_variables("content", "address")
def take_way(notice: Notice, way: Way, number: int, *, now: datetime) -> Sending:
    """Send it on one way; the mail belongs to its clock, so that trouble is seen."""
    duty = notice.duty
    content = notice.content.reveal()
    address = recipient_of(duty.incident, way.address)
    mail = outbox.post(
        to=address,
        subject=content["subject"],
        text=content["text"],
        owner=duty.incident_id,
        now=now,
        urgent=True,
    )
    for clock in clocks.running().filter(subject_id=duty.pk):
        clock.mails = [*clock.mails, str(mail.pk)]
        clock.save(update_fields=["mails"])
    return Sending.objects.create(
        notice=notice,
        person_id=way.person_id,
        way=number,
        address="" if way.person_id else address,
        seal_id=duty.incident_id,
        is_real=is_real(duty.incident),
        mail_id=mail.pk,
        message_id=mail.message_id,
        queued_at=now,
    )


def unreached_sellers(duty: NoticeDuty) -> list[UUID]:
    """The affected sellers to whom no notice went yet, and could."""
    sent = set(sent_to_sellers(duty.incident).values_list("seller_id", flat=True))
    return [one for one in reachable_sellers(duty.incident) if one not in sent]
