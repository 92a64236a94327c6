"""The rooms' desks, their lines on its first page and their parts of the evidence pack,
where Django finds them."""

from compliance import groundevidence, groundfloor
from compliance.deletion import desk
from compliance.deletion import evidence as deletion_evidence
from compliance.deletion import lines as deletion_lines
from compliance.retention import admin as retention
from compliance.retention import evidence as retention_evidence

__all__ = [
    "deletion_evidence",
    "deletion_lines",
    "desk",
    "groundevidence",
    "groundfloor",
    "retention",
    "retention_evidence",
]
