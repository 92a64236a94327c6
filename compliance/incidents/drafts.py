"""What a notice says, from the record; and what none may say (INC-2).

The texts are in `templates/mail/incidents/`; the first line is the subject. A notice
holds nobody's personal data and no secret; what is for one marketplace doesn't name the
other; what is for sellers speaks for us only.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from compliance.incidents.casework import Notice, NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.services.timeline import LONGEST_TEXT
from plugseller.accounts.models import Seller, User

Recipient = NoticeDuty.Recipient
FACTS = ("what", "window", "entry_path", "containment", "root_cause")
_UNKNOWN = "It isn't established yet; a follow-up tells it."
_NEXT_UPDATE = timedelta(hours=24)
_LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+")
_SECRET = re.compile(
    r"(Atz[ra]\||amzn1\.oa2|AKIA[0-9A-Z]{12}|-----BEGIN|eyJ[\w-]{8,}\.|[\w+/=-]{40,})"
)
_ON_BEHALF = re.compile(r"(on behalf of|in the name of)\s+(amazon|walmart)", re.I)
_OTHERS = {
    Recipient.AMAZON: ("walmart",),
    Recipient.WALMART: ("amazon",),
    Recipient.SELLERS: (),
    Recipient.AUTHORITY: (),
}


def drafted(
    duty: NoticeDuty, kind: Notice.Kind, *, now: datetime, seller: Seller | None = None
) -> tuple[str, str]:
    """Subject and text of the notice, with the facts on file at that instant.

    A fact that may not stand in it is left out, as one that isn't established.
    """
    incident = duty.incident
    recipient = Recipient(duty.recipient)
    told = {
        **_told(incident, recipient),
        "incident": incident,
        "kind": kind.value,
        "kind_label": kind.label,
        "seller": seller,
        "application": _application(recipient),
        "contact": settings.INCIDENT_CONTACT,
        "support": settings.CONTACT_ADDRESS,
        "detected": _utc(incident.detected_at),
        "contained": _utc(incident.contained_at) if incident.contained_at else "",
        "next_update": _utc(now + _NEXT_UPDATE),
        "status": _status(incident),
    }
    text = render_to_string(f"mail/incidents/{recipient.value}.txt", told)
    subject, _, body = re.sub(r"\n{3,}", "\n\n", text).strip().partition("\n")
    return subject.strip()[:_LONGEST_SUBJECT], body.strip()


def _told(incident: Incident, recipient: NoticeDuty.Recipient) -> dict[str, Any]:
    facts = incident.facts.reveal() if incident.facts else {}
    told = {}
    for name in FACTS:
        fact = str(facts.get(name, "")).strip()
        told[name] = _UNKNOWN if not fact or troubles(recipient, fact) else fact
    told["data"] = ", ".join(incident.data_kinds) or _UNKNOWN
    return told


def _status(incident: Incident) -> str:
    if incident.status == Incident.Status.DETECTED:
        return "Suspected; it is being looked at."
    return str(incident.get_status_display())


def _application(recipient: NoticeDuty.Recipient) -> str:
    told = settings.MARKETPLACE_APPS.get(recipient.value, {})
    return str(told.get("application_id", "")) or "not registered"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def troubles(recipient: NoticeDuty.Recipient, text: str) -> list[str]:
    """Why a text may not go to that recipient; a sentence each."""
    found = []
    ours = {settings.INCIDENT_CONTACT, settings.CONTACT_ADDRESS}
    addresses = {one.rstrip(".,;:)") for one in _ADDRESS.findall(text)}
    if addresses - ours or _names_of_staff(text):
        found.append("It names a person or an address. Say it without.")
    if _SECRET.search(text):
        found.append("Something in it looks like a key or a token. Take it out.")
    if any(other in text.lower() for other in _OTHERS[recipient]):
        found.append("It names another marketplace. Each is told of its own data only.")
    if _ON_BEHALF.search(text):
        found.append("It speaks for a marketplace. A notice speaks for us only.")
    return found


def _names_of_staff(text: str) -> bool:
    """Whether somebody of ours who works on cases is named in full."""
    names = User.objects.exclude(staff_role="").values_list("name", flat=True)
    return any(name and " " in name and name in text for name in names)


def checked(recipient: NoticeDuty.Recipient, subject: str, text: str) -> list[str]:
    """What has to be mended before the text may be kept; a sentence each."""
    found = troubles(recipient, f"{subject}\n{text}")
    if not subject.strip() or len(subject) > _LONGEST_SUBJECT:
        found.append(f"Give it a subject of 1 to {_LONGEST_SUBJECT} characters.")
    if not text.strip() or len(text) > LONGEST_TEXT:
        found.append(f"Write a text of 1 to {LONGEST_TEXT:,} characters.")
    return found


def fingerprint(subject: str, text: str) -> str:
    """The SHA-256 of what is sent: the subject, an empty line, the text, in UTF-8."""
    return sha256(f"{subject}\n\n{text}".encode()).hexdigest()
