"""What the parts of this room put on an incident's page, in the order of work."""

# isort: off
from compliance.incidents.detection import pages as detection
from compliance.incidents.containment import pages as containment
from compliance.incidents.affected import pages as affected
from compliance.incidents.evidence import pages as evidence
from compliance.incidents.review import pages as review

# isort: on
from compliance.incidents import parts_packed

__all__ = [
    "affected",
    "containment",
    "detection",
    "evidence",
    "parts_packed",
    "review",
]
