"""The rooms' desks, where Django looks for them."""

from compliance.deletion import desk
from compliance.policy import desk as policy
from compliance.retention import admin as retention

__all__ = ["desk", "policy", "retention"]
