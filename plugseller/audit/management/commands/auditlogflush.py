"""manage.py auditlogflush: django-auditlog's command to delete all entries, refused."""

from typing import Any, Never

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plugseller.audit.append import AppendOnly


class Command(BaseCommand):
    """Refuses; the audit log has no such switch."""

    help = "Refused: the audit log is append-only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-y", "--yes", action="store_true")
        parser.add_argument("-t", "--truncate", action="store_true")
        parser.add_argument("-b", "--before-date")

    def handle(self, *args: Any, **options: Any) -> Never:
        raise CommandError(str(AppendOnly()))
