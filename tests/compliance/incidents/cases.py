"""What the tests of incidents share: a case, a second officer, what left the house."""

from datetime import datetime
from typing import Any

from compliance.incidents.casework import NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.services import draft_of, open_incident, send_notice
from plugseller.accounts.models import User
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail

AMAZON = NoticeDuty.Recipient.AMAZON


def opened(actor: User | None, now: datetime, **fields: Any) -> Incident:
    given = {
        "title": "A key in a public place",
        "detected_by": Incident.Detected.PERSON,
        **fields,
    }
    return open_incident(actor=actor, now=now, **given)


def duty_of(incident: Incident, recipient: NoticeDuty.Recipient = AMAZON) -> NoticeDuty:
    return NoticeDuty.objects.select_related("incident").get(
        incident=incident, recipient=recipient
    )


def sent_by(officer: User, duty: NoticeDuty, now: datetime, **more: Any) -> Any:
    """The draft as it stands, read and sent."""
    draft = draft_of(duty, now=now, **more)
    return send_notice(actor=officer, duty=duty, sha256=draft.sha256, now=now, **more)


def mails() -> list[dict[str, str]]:
    """Every mail, opened."""
    return [one.content.reveal() for one in OutgoingMail.objects.order_by("posted_at")]


def notices_to(address: str) -> list[dict[str, str]]:
    urgent = OutgoingMail.objects.filter(urgent=True)
    return [told for one in urgent if (told := one.content.reveal())["to"] == address]


def deliver(now: datetime) -> int:
    """What the timetable does each minute: hand over what waits."""
    return outbox.send_due(now)
