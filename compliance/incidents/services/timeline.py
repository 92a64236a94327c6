"""What every service about an incident shares: each fact is written down (INC-1)."""

from datetime import datetime, timedelta
from typing import Any

from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User
from plugseller.audit.services import record

LONGEST_TEXT = 10_000
_OLDEST = timedelta(days=3650)


def note_fact(
    incident: Incident,
    what: str,
    *,
    actor: User | None,
    now: datetime,
    at: datetime | None = None,
    text: str = "",
    **details: Any,
) -> TimelineEntry:
    """Write down that something happened, here and in the audit log.

    `at` is when it happened, if that was before now; `text` is what a person wrote and
    is sealed; `details` are ids, counts and instants, nothing personal. In the caller's
    transaction, best as its last writing. Raises IncidentRefused for a text that is too
    long or a time that hasn't come.
    """
    if len(text) > LONGEST_TEXT:
        raise IncidentRefused(f"Write at most {LONGEST_TEXT:,} characters.")
    if at is not None and at > now:
        raise IncidentRefused("That time hasn't come yet. Choose a time up to now.")
    entry = TimelineEntry.objects.create(
        incident=incident,
        at=at or now,
        noted_at=now,
        what=what,
        actor_id=actor.pk if actor else None,
        details=details,
        text=text or None,
        seal_id=incident.pk,
    )
    record(
        "incident.step",
        actor=actor,
        subject=incident,
        details={"reference": incident.reference, "step": what, **details},
    )
    return entry


def checked_detection(detected_at: datetime, now: datetime) -> datetime:
    """A detection can be learned of later, and never happens later than now.

    Raises IncidentRefused.
    """
    if detected_at.tzinfo is None:
        raise IncidentRefused("Say in which time zone it was detected.")
    if detected_at > now:
        raise IncidentRefused("It can't have been detected in the future.")
    if detected_at < now - _OLDEST:
        raise IncidentRefused("That detection is more than ten years old. Check it.")
    return detected_at
