"""What a notice says, from the record; and what none may say (INC-2).

The texts are in `templates/mail/incidents/`; the first line is the subject. A notice
holds nobody's personal data and no secret; what is for one marketplace doesn't name the
other; what is for sellers speaks for us only.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string

from compliance.incidents.casework import Notice, NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from compliance.incidents.services.timeline import LONGEST_TEXT
from plugseller.accounts.models import Membership, Seller, User

Recipient = NoticeDuty.Recipient
FACTS = ("what", "window", "entry_path", "containment", "root_cause")
_UNKNOWN = "It isn't established yet; a follow-up tells it."
_UPDATES = timedelta(hours=24)  # one is promised at least so often
_AT_LEAST = timedelta(hours=12)  # from a notice to the update it promises
_LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+")
_SECRET = re.compile(
    r"Atz[ra]\||amzn1\.oa2|A[KS]IA[0-9A-Z]{12}|-----BEGIN|eyJ[\w-]{8,}\.|[\w+/=-]{40,}"
    r"|\b(?:sk|pk|rk|whsec)_\w{6,}|\bsk-[\w-]{16,}|\bplug_\w{8,}|\bgh[opsur]_\w{16,}"
    r"|\bgithub_pat_\w{8,}|\bxox[abprs]-[\w-]{8,}|\bAIza[\w-]{20,}"
)
# "password hunter2", "API key: x9-y", "secret=word"; not "Passwords: unaffected" or
# "the token of INC-2026-00001", "the password was changed 2026-11-24".
_TOLD_SECRET = re.compile(
    r"\b(?:password|passwd|passphrase|pwd|pin|secret|token|api[ _-]?key)s?"
    r"(?:\s*=\s*\S{3,}|(?:\s*:\s*|\s+(?:(?:is|was)\s+)?)['\"“]?"
    r"(?!(?:INC|DEL)-|\d{4}-\d\d)(?=\S*[\d!#$%^&*_])(?=\S*[A-Za-z])\S{5,})",
    re.I,
)
# International, or a trunk 0 and groups; never the digits of dates and references.
_PHONE = re.compile(
    r"(?<![\w+])(?:\+|00)[1-9](?:[\s()./-]{0,2}\d){7,14}(?![\w])"
    r"|(?<![\w.:-])\(?0[1-9]\d{1,4}\)?[ /-]\d{3,4}(?:[ -]?\d{2,4}){1,2}(?![\w:-])"
    r"|(?<![\w.:-])\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[ .-]\d{4}(?![\w:-])"
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
        "next_update": _utc(_next_update(incident, now)),
        "status": _status(incident),
    }
    text = render_to_string(f"mail/incidents/{recipient.value}.txt", told)
    subject, _, body = re.sub(r"\n{3,}", "\n\n", text).strip().partition("\n")
    return subject.strip()[:_LONGEST_SUBJECT], body.strip()


def _told(incident: Incident, recipient: NoticeDuty.Recipient) -> dict[str, Any]:
    facts = incident.facts.reveal() if incident.facts else {}
    sellers = affected_sellers(incident)
    told = {}
    for name in FACTS:
        fact = str(facts.get(name, "")).strip()
        told[name] = (
            _UNKNOWN if not fact or troubles(recipient, fact, sellers) else fact
        )
    told["data"] = ", ".join(incident.data_kinds) or _UNKNOWN
    return told


def _next_update(incident: Incident, now: datetime) -> datetime:
    """By whole days from the detection, so that a draft that is being read stays the
    same from one minute to the next."""
    days = (now + _AT_LEAST - incident.detected_at) // _UPDATES + 1
    return incident.detected_at + days * _UPDATES


def _status(incident: Incident) -> str:
    if incident.status == Incident.Status.DETECTED:
        return "Suspected; it is being looked at."
    return str(incident.get_status_display())


def _application(recipient: NoticeDuty.Recipient) -> str:
    told = settings.MARKETPLACE_APPS.get(recipient.value, {})
    return str(told.get("application_id", "")) or "not registered"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def troubles(
    recipient: NoticeDuty.Recipient, text: str, sellers: Iterable[UUID] = ()
) -> list[str]:
    """Why a text may not go to that recipient; a sentence each. `sellers` are those
    that are affected, whose people mustn't be named."""
    found = []
    ours = {settings.INCIDENT_CONTACT, settings.CONTACT_ADDRESS}
    addresses = {one.rstrip(".,;:)") for one in _ADDRESS.findall(text)}
    if addresses - ours or _names_somebody(text, sellers):
        found.append("It names a person or an address. Say it without.")
    if _PHONE.search(text):
        found.append("Something in it looks like a phone number. Take it out.")
    if _SECRET.search(text) or _TOLD_SECRET.search(text):
        found.append("Something in it looks like a key or a token. Take it out.")
    if any(other in text.lower() for other in _OTHERS[recipient]):
        found.append("It names another marketplace. Each is told of its own data only.")
    if _ON_BEHALF.search(text):
        found.append("It speaks for a marketplace. A notice speaks for us only.")
    return found


def _names_somebody(text: str, sellers: Iterable[UUID]) -> bool:
    """Whether somebody of ours who works on cases, or of an affected seller, is named
    in full."""
    sellers = list(sellers)
    theirs = Membership.objects.filter(seller__in=sellers)
    shops = Seller.objects.filter(pk__in=sellers).values("name")  # may be named
    people = User.objects.filter(
        ~Q(staff_role="") | Q(pk__in=theirs.values("user_id"))
    ).exclude(Q(name="") | Q(name__in=shops))
    folded = " ".join(text.split()).casefold()
    names = (" ".join(name.split()) for name in people.values_list("name", flat=True))
    return any(
        " " in name and re.search(rf"\b{re.escape(name.casefold())}\b", folded)
        for name in names
    )


def checked(duty: NoticeDuty, subject: str, text: str) -> list[str]:
    """What has to be mended before the text may be kept; a sentence each."""
    told = f"{subject}\n{text}"
    sellers = affected_sellers(duty.incident)
    found = troubles(Recipient(duty.recipient), told, sellers)
    if not subject.strip() or len(subject) > _LONGEST_SUBJECT:
        found.append(f"Give it a subject of 1 to {_LONGEST_SUBJECT} characters.")
    if not text.strip() or len(text) > LONGEST_TEXT:
        found.append(f"Write a text of 1 to {LONGEST_TEXT:,} characters.")
    return found


def fingerprint(subject: str, text: str) -> str:
    """The SHA-256 of what is sent: the subject, an empty line, the text, in UTF-8."""
    return sha256(f"{subject}\n\n{text}".encode()).hexdigest()
