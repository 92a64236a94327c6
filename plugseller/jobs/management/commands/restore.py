"""`manage.py restore FILE`: put a backup back into an empty place."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from plugseller.commands import Report, ReportCommand, asked
from plugseller.jobs import backups
from plugseller.jobs.backups import places
from plugseller.jobs.management.replaying import (
    confirm_lost_ledger,
    report_of,
    told_plainly,
)


class Command(ReportCommand):
    """Nothing is served before the deletion ledger is replayed, which is part of it."""

    help = (
        "Put a backup back where no database is, and make it forget again what was "
        "erased since. The keys, the period's key, the ledger and the witness must be "
        "in their places."
    )
    requires_system_checks = ()  # there is no database yet

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--keys", type=Path, help="where the data keys' file is")
        parser.add_argument(
            "--over",
            action="store_true",
            help="replace the database that is there; its name has to be typed",
        )
        parser.add_argument(
            "--ledger-lost",
            action="store_true",
            help="complete what is left of the ledger from the backup's suppression "
            "list; has to be confirmed",
        )

    def report(self, **options: Any) -> Report:
        file: Path = options["file"]
        keys: Path = options["keys"] or places.keys_file_of(file)
        with told_plainly():
            if options["over"] and not places.kind().is_empty():
                _confirm()
            if options["ledger_lost"]:
                confirm_lost_ledger()
            done = backups.restore(
                file,
                keys,
                now=timezone.now(),
                over=options["over"],
                ledger_lost=options["ledger_lost"],
                say=self._say(quiet=options["json"]),
            )
        return report_of(
            done, "The backup is back and served. See `manage.py verify_audit`."
        )

    def _say(self, *, quiet: bool) -> Any:
        return (lambda line: None) if quiet else self.stdout.write


def _confirm() -> None:
    name = Path(str(connection.settings_dict["NAME"])).name
    if asked(f"Everything in {name} will be gone. Type its name to go on: ") != name:
        raise CommandError("That isn't its name: nothing was changed.")
