"""A text that is in force is never changed and never removed (GOV-2)."""

from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from compliance.governance.policies import texts
from compliance.governance.policies.models import PolicyVersion

_HINT = "Put the file back as it was, and give the new text the next number (GOV-2)."


@checks.register(checks.Tags.security)
def check_texts(**kwargs: Any) -> list[checks.CheckMessage]:
    """Each version that was in force has its file, with the text it had.

    Where there is no database yet, nothing was in force.
    """
    try:
        tables = connection.introspection.table_names()
    except (DatabaseError, ImproperlyConfigured):
        return []
    if PolicyVersion._meta.db_table not in tables:
        return []
    return [
        checks.Error(said, hint=_HINT, id=f"governance.{number}")
        for version in PolicyVersion.objects.all()
        for number, said in _trouble(version)
    ]


def changed() -> list[PolicyVersion]:
    """Versions whose text isn't the one that was in force."""
    return [one for one in PolicyVersion.objects.all() if _trouble(one)]


def _trouble(version: PolicyVersion) -> list[tuple[str, str]]:
    text = texts.find(version.name, version.number)
    if text is None:
        return [("E002", f"The text of the policy {version} is gone.")]
    if text.sha256 != version.sha256:
        return [("E001", f"The policy {version} was changed under its old number.")]
    return []
