"""The rooms' models, where Django looks for them."""

from compliance.clocks import Deadline
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.governance.policies.models import Acknowledgement, PolicyVersion
from compliance.governance.registers.models import Risk, RiskSignOff, Supplier
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.governance.training.models import Training
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
    "Acknowledgement",
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
    "PolicyVersion",
    "Purge",
    "Review",
    "ReviewDecision",
    "ReviewItem",
    "Risk",
    "RiskSignOff",
    "RunbookStep",
    "Sending",
    "ShorterTime",
    "Step",
    "Supplier",
    "Task",
    "TimelineEntry",
    "Training",
]
