"""The rooms' desks, where Django looks for them."""

from compliance.deletion import desk
from compliance.incidents import desk as incidents
from compliance.incidents import desk_lines, pack
from compliance.incidents import desk_tasks as tasks
from compliance.retention import admin as retention

__all__ = ["desk", "desk_lines", "incidents", "pack", "retention", "tasks"]
