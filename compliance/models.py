"""The rooms' models, where Django looks for them."""

from compliance.clocks import Deadline
from compliance.deletion.models import (
    Certificate,
    DeletionRequest,
    LegalHold,
    Outcome,
    Step,
)
from compliance.retention.models import Purge, ShorterTime

__all__ = [
    "Certificate",
    "Deadline",
    "DeletionRequest",
    "LegalHold",
    "Outcome",
    "Purge",
    "ShorterTime",
    "Step",
]
