"""What is told to officers, about whatever clock."""

from plugseller.accounts.services.officers import tell_officers

__all__ = ["tell_officers"]
