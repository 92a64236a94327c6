"""The rooms' desks and their lines on its first page, where Django finds them."""

from compliance import groundfloor
from compliance.deletion import desk
from compliance.deletion import lines as deletion_lines
from compliance.incidents import desk as incidents
from compliance.incidents import desk_lines, pack, parts
from compliance.incidents import desk_tasks as tasks
from compliance.retention import admin as retention

__all__ = [
    "deletion_lines",
    "desk",
    "desk_lines",
    "groundfloor",
    "incidents",
    "pack",
    "parts",
    "retention",
    "tasks",
]
