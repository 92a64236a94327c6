"""No table without a decision what it holds, how long and how it goes (SCOPE-1)."""

from typing import Any

from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from plugseller.custody.gate import has_tables, why_shut
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS


@checks.register(checks.Tags.models)
def check_holdings(**kwargs: Any) -> list[checks.CheckMessage]:
    """Each table, ours or a package's, is a holding with a retention rule."""
    return [*_without_holding(), *_without_rule()]


@checks.register(checks.Tags.security)
def check_gate(**kwargs: Any) -> list[checks.CheckMessage]:
    """No command works on a database that was put back and didn't forget again.

    Those that have to (`init`, `restore`, `replay_deletions`) ask for no checks; a
    server starts, and answers 503. Where there is no database yet nothing is shut.
    """
    try:
        connection.ensure_connection()
    except (DatabaseError, ImproperlyConfigured):
        return []
    if not has_tables() or not (why := why_shut()):
        return []
    return [
        checks.Error(
            why,
            hint="Until then nothing is served and no job runs (RET-2).",
            id="custody.E003",
        )
    ]


def _without_holding() -> list[checks.CheckMessage]:
    tables = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and model._meta.managed
    }
    return [
        checks.Error(
            f"Nobody decided what {label} holds, how long and how it goes.",
            hint="Register it with `hold(...)` in its app's custody.py; a package's "
            "table belongs into the custody.py of the app that uses it.",
            id="custody.E001",
        )
        for label in sorted(tables - set(HOLDINGS))
    ]


def _without_rule() -> list[checks.CheckMessage]:
    return [
        checks.Error(
            f"{holding.name} has no retention rule: there is none named "
            f"{holding.rule!r}.",
            hint=f"Take one of custody/rules.py: {', '.join(RULES)}.",
            id="custody.E002",
        )
        for holding in HOLDINGS.values()
        if holding.rule not in RULES
    ]
