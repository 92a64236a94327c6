"""What happens to incidents; pages, the desk, jobs and commands call these."""

from compliance.incidents.services.opening import open_incident
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused

__all__ = ["IncidentRefused", "note_fact", "open_incident"]
