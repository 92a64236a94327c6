"""The rooms' models, where Django looks for them."""

from compliance.clocks import Deadline
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.incidents.models import Incident, TimelineEntry
from compliance.policy.models import ControlResult
from compliance.retention.models import Purge, ShorterTime
from compliance.tasks import Task

__all__ = [
    "Certificate",
    "ControlResult",
    "Deadline",
    "DeletionRequest",
    "Incident",
    "LegalHold",
    "Outcome",
    "Purge",
    "ShorterTime",
    "Step",
    "Task",
    "TimelineEntry",
]
