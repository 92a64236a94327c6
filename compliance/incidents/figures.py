"""How fast we were: what a drill is for, and what a review of a real case asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.incidents.casework import NoticeDuty
from compliance.incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Figures:
    """Minutes from the detection; None for what hasn't happened."""

    to_triage: int | None
    to_contain: int | None
    to_notify: int | None  # until Amazon's, or else Walmart's, server took the notice


def figures_of(incident: Incident) -> Figures:
    """The figures of one incident."""
    return Figures(
        _minutes(incident, incident.triaged_at),
        _minutes(incident, incident.contained_at),
        _minutes(incident, _notified_at(incident)),
    )


def _notified_at(incident: Incident) -> datetime | None:
    marketplaces = (NoticeDuty.Recipient.AMAZON, NoticeDuty.Recipient.WALMART)
    met = NoticeDuty.objects.filter(incident=incident, recipient__in=marketplaces)
    first = met.exclude(met_at=None).order_by("recipient").first()
    return first.met_at if first else None


def _minutes(incident: Incident, until: datetime | None) -> int | None:
    if until is None:
        return None
    return max(until - incident.detected_at, timedelta()) // timedelta(minutes=1)
