"""The desk's pages about people, sellers and access, one file a subject."""

from plugseller.accounts.admin import grants, people

__all__ = ["grants", "people"]
