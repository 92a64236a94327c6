"""The rooms' desks and their lines on its first page, where Django finds them."""

from compliance import groundfloor
from compliance.deletion import desk
from compliance.deletion import lines as deletion_lines
from compliance.governance import lines as governance_lines
from compliance.governance import packing as governance_packing
from compliance.governance.policies import desk as policies
from compliance.governance.registers import desk as registers
from compliance.governance.reviews import desk as reviews
from compliance.governance.training import desk as trainings
from compliance.retention import admin as retention

__all__ = [
    "deletion_lines",
    "desk",
    "governance_lines",
    "governance_packing",
    "groundfloor",
    "policies",
    "registers",
    "retention",
    "reviews",
    "trainings",
]
