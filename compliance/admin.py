"""The rooms' desks and their lines on its first page, where Django finds them."""

from compliance import groundfloor
from compliance.deletion import desk
from compliance.deletion import lines as deletion_lines
from compliance.governance.reviews import desk as reviews
from compliance.retention import admin as retention

__all__ = ["deletion_lines", "desk", "groundfloor", "retention", "reviews"]
