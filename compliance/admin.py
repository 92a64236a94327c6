"""The rooms' desks, their lines on its first page and their parts of the evidence pack,
where Django finds them."""

from compliance import groundevidence, groundfloor
from compliance.deletion import desk
from compliance.deletion import evidence as deletion_evidence
from compliance.deletion import lines as deletion_lines
from compliance.governance import lines as governance_lines
from compliance.governance import packing as governance_packing
from compliance.governance.policies import desk as policies
from compliance.governance.registers import desk as registers
from compliance.governance.reviews import desk as reviews
from compliance.governance.training import desk as trainings
from compliance.incidents import desk as incidents
from compliance.incidents import desk_lines, pack, parts
from compliance.incidents import desk_tasks as tasks
from compliance.policy import desk as policy
from compliance.questions import desk as questions
from compliance.questions import telling as questions_told
from compliance.retention import admin as retention
from compliance.retention import evidence as retention_evidence

__all__ = [
    "deletion_evidence",
    "deletion_lines",
    "desk",
    "desk_lines",
    "governance_lines",
    "governance_packing",
    "groundevidence",
    "groundfloor",
    "incidents",
    "pack",
    "parts",
    "policies",
    "policy",
    "questions",
    "questions_told",
    "registers",
    "retention",
    "retention_evidence",
    "reviews",
    "tasks",
    "trainings",
]
