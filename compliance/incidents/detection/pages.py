"""What a rule saw, in plain words, on the page of the incident it opened."""

from datetime import datetime
from typing import Any

from compliance.incidents.detection.models import Detection
from compliance.incidents.detection.rules import BY_NAME
from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.sections import section
from compliance.instants import seen_by
from plugseller.accounts.models import User

_ENTRIES = 20


def context(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    cases = incident.cases
    found = list(Detection.objects.filter(incident__in=cases))
    fired = TimelineEntry.objects.filter(incident__in=cases, what="rule fired")
    fired = fired.order_by("-noted_at")
    entries = [number for one in fired[:5] for number in one.details.get("entries", ())]
    return {
        "found": [
            {
                "rule": BY_NAME.get(one.rule),
                "name": one.rule,
                "hits": one.hits,
                "first": seen_by(reader, one.first_at),
                "last": seen_by(reader, one.last_at),
            }
            for one in found
        ],
        "entries": sorted(set(entries))[-_ENTRIES:],
    }


section("detection", "admin/compliance/incident/_detection.html", context)
