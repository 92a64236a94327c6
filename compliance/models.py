"""The rooms' models, where Django looks for them."""

from compliance.clocks import Deadline
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.incidents.casework import (
    Arming,
    Decision,
    Notice,
    NoticeDuty,
    RunbookStep,
    Sending,
)
from compliance.incidents.models import Incident, TimelineEntry
from compliance.retention.models import Purge, ShorterTime
from compliance.tasks import Task

__all__ = [
    "Arming",
    "Certificate",
    "Deadline",
    "Decision",
    "DeletionRequest",
    "Incident",
    "LegalHold",
    "Notice",
    "NoticeDuty",
    "Outcome",
    "Purge",
    "RunbookStep",
    "Sending",
    "ShorterTime",
    "Step",
    "Task",
    "TimelineEntry",
]
