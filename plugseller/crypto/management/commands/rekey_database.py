"""`manage.py rekey_database`: the embedded database under a new key."""

from typing import Any

from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.crypto.rekeying import rekey_database


class Command(ReportCommand):
    help = "Encrypt the embedded database under a new key; the service is stopped."
    requires_system_checks = ()  # a leaked key must be replaceable at any time

    def report(self, **options: Any) -> Report:
        done = rekey_database(now=timezone.now())
        row = {
            "tables": done.copied.tables,
            "rows": done.copied.rows,
            "bytes": done.copied.bytes,
        }
        if done.adopted:
            told = "Copy the new database key to where you keep keys."
        else:
            told = (
                "Now set DATABASE_KEY to what NEXT_DATABASE_KEY holds, unset the "
                "latter, and start every process again."
            )
        return Report(columns=tuple(row), rows=[row], summary=told)
