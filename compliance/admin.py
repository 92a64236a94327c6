"""The rooms' desks, where Django looks for them."""

from compliance.deletion import desk
from compliance.governance.reviews import desk as reviews
from compliance.retention import admin as retention

__all__ = ["desk", "retention", "reviews"]
