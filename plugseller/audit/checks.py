"""What would let the audit log be changed, lose entries or hold what it must not."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags
from django.db import DatabaseError, connections

from plugseller.audit import pruning, triggers
from plugseller.audit.diff import unsafe_registrations


@checks.register(Tags.security)
def check_fields(**kwargs: Any) -> list[CheckMessage]:
    """No sealed, secret or personal field is written into entries."""
    return [
        checks.Error(
            f"{field} would be written into the audit log.",
            hint="Name the fields to be logged with `audited(...)` in `audited.py`.",
            id="audit.E001",
        )
        for field in unsafe_registrations()
    ]


@checks.register(Tags.security)
def check_keep(**kwargs: Any) -> list[CheckMessage]:
    """Entries are kept for at least 12 months, by the one rule there is."""
    if hasattr(settings, "AUDIT_KEEP"):
        said, hint = "AUDIT_KEEP is set, and nothing reads it", "Remove it"
    elif pruning.KEEP < pruning.LEAST:
        said, hint = f"The rule says {pruning.KEEP.days} days", "Change the rule"
    else:
        return []
    return [
        checks.Error(
            f"{said}; the audit log is kept for at least {pruning.LEAST.days} days.",
            hint=f"{hint}: how long it is kept stands in audit/pruning.py.",
            id="audit.E003",
        )
    ]


@checks.register(Tags.database)
def check_database(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """The triggers are there in each database that is checked."""
    return [found for using in databases or () for found in check_triggers(using)]


@checks.register(Tags.security, deploy=True)
def check_deployed(**kwargs: Any) -> list[CheckMessage]:
    """The same with `check --deploy`, which asks no database by itself."""
    return check_triggers("default")


def check_triggers(using: str) -> list[CheckMessage]:
    """Findings about one database; none before its first `migrate`."""
    connection = connections[using]
    try:
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
        gone = triggers.missing(using) if set(triggers.GUARDED) <= set(tables) else []
    except DatabaseError:
        return [
            checks.Error(
                "The database can't be asked whether its audit log is append-only.",
                hint="Run the check where the database can be reached.",
                id="audit.E004",
            )
        ]
    if not gone:
        return []
    return [
        checks.Error(
            "The database would let audit entries be changed: it lacks "
            + ", ".join(gone)
            + ".",
            hint="Run `manage.py migrate`, then `manage.py verify_audit`.",
            id="audit.E002",
        )
    ]
