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
from compliance.incidents.affected.models import AffectedList
from compliance.incidents.casework import (
    Arming,
    Decision,
    Notice,
    NoticeDuty,
    RunbookStep,
    Sending,
)
from compliance.incidents.containment.models import Measure
from compliance.incidents.detection.models import (
    Canary,
    DayOfReads,
    Detection,
    Reading,
    SeenPath,
)
from compliance.incidents.evidence.models import EntryLink, EvidenceFile
from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.review.models import PostReview
from compliance.policy.models import ControlResult
from compliance.questions.models import Question
from compliance.retention.models import Purge, ShorterTime
from compliance.tasks import Task

__all__ = [
    "Acknowledgement",
    "AffectedList",
    "Arming",
    "Canary",
    "Certificate",
    "ControlResult",
    "DayOfReads",
    "Deadline",
    "Decision",
    "DeletionRequest",
    "Detection",
    "EntryLink",
    "EvidenceFile",
    "Incident",
    "LegalHold",
    "Measure",
    "Notice",
    "NoticeDuty",
    "Outcome",
    "PolicyVersion",
    "PostReview",
    "Purge",
    "Question",
    "Reading",
    "Review",
    "ReviewDecision",
    "ReviewItem",
    "Risk",
    "RiskSignOff",
    "RunbookStep",
    "SeenPath",
    "Sending",
    "ShorterTime",
    "Step",
    "Supplier",
    "Task",
    "TimelineEntry",
    "Training",
]
