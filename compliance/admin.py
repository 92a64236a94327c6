"""The rooms' desks, where Django looks for them."""

from compliance.deletion import desk

__all__ = ["desk"]
