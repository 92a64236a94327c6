"""Which way an incident may go: the table, and nothing beside it (INC-1)."""

from django.core.exceptions import ValidationError

from compliance.incidents.models import Incident

Status = Incident.Status

WAYS: dict[Status, tuple[Status, ...]] = {
    Status.DETECTED: (Status.TRIAGED, Status.DISMISSED, Status.MERGED),
    Status.TRIAGED: (Status.CONTAINED, Status.DISMISSED, Status.MERGED),
    Status.CONTAINED: (Status.ERADICATED, Status.TRIAGED, Status.MERGED),
    Status.ERADICATED: (Status.RECOVERED, Status.CONTAINED),
    Status.RECOVERED: (Status.REVIEWED, Status.ERADICATED),
    Status.REVIEWED: (Status.CLOSED, Status.RECOVERED),
    # Opened again: with the clock it had (INC-3).
    Status.CLOSED: (Status.TRIAGED,),
    Status.DISMISSED: (Status.TRIAGED,),
    Status.MERGED: (Status.TRIAGED,),  # split off again
}


class IncidentRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


def may_become(incident: Incident, status: Status) -> bool:
    return status in WAYS[Status(incident.status)]


def move(incident: Incident, status: Status, **fields: object) -> None:
    """Let the incident go there, if it still stands where this copy says.

    Raises IncidentRefused. The caller writes the timeline.
    """
    if not may_become(incident, status):
        raise IncidentRefused(
            f"{incident.reference} is {incident.get_status_display().lower()}: it "
            f"can't become “{status.label}”. Nothing was changed."
        )
    still = Incident.objects.filter(pk=incident.pk, status=incident.status)
    if not still.update(status=status, **fields):
        raise IncidentRefused("Somebody changed this incident just now. Look again.")
    incident.refresh_from_db()
