"""The officers' desk of this floor; each room has its own pages."""

from compliance.retention import admin as retention

__all__ = ["retention"]
