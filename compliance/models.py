"""The rooms' models, where Django looks for them."""

from compliance.clocks import Deadline
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.incidents.models import Incident, TimelineEntry
from compliance.retention.models import Purge, ShorterTime
from compliance.tasks import Task

__all__ = [
    "Certificate",
    "Deadline",
    "DeletionRequest",
    "Incident",
    "LegalHold",
    "Outcome",
    "Purge",
    "Review",
    "ReviewDecision",
    "ReviewItem",
    "ShorterTime",
    "Step",
    "Task",
    "TimelineEntry",
]
