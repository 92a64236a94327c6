"""manage.py flush: Django's command to empty all tables, refused (ACC-2).

Only Django's own tests may: they empty a made-up database between two tests.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as Flush

from plugseller.audit import triggers


class Command(Flush):
    """Refuses wherever somebody's data could be."""

    help = "Refused: the audit log is append-only."

    def handle(self, **options: Any) -> None:
        if settings.PLUGSELLER_ENV != "test":
            raise CommandError(
                "The audit log is append-only, so this database can't be emptied. To "
                "start anew, make a new installation with another PLUGSELLER_HOME."
            )
        triggers.lift(options["database"])
        try:
            # Auditlog's own unused table refers to those that are emptied.
            super().handle(**{**options, "allow_cascade": True})
        finally:
            triggers.install(options["database"])
