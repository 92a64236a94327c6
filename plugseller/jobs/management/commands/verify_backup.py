"""`manage.py verify_backup`: does a backup hold what it should?"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.jobs import backups
from plugseller.jobs.backups import places


class Command(ReportCommand):
    """Exit status 1 if the backup can't be read or holds something else."""

    help = (
        "Put a backup back to a scratch place and compare the rows of each table and "
        "the end of the audit log; the newest one unless a file is named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--keys", type=Path, help="where the data keys' file is")

    def report(
        self, *, file: Path | None = None, keys: Path | None = None, **options: Any
    ) -> Report:
        file = file or next(reversed(places.backups()), None)
        if file is None:
            raise CommandError("There is no backup in BACKUP_FOLDER yet.")
        found = backups.verify(
            file, keys or places.keys_file_of(file), now=timezone.now()
        )
        return Report(
            columns=("difference",),
            rows=[{"difference": one} for one in found.differences],
            facts={
                "file": str(file),
                "holds": found.holds,
                "tables": found.tables,
                "rows_compared": found.rows,
                "head": found.head,
            },
            summary=(
                f"{file} holds what it should: {found.rows:,} rows of {found.tables} "
                f"tables, the audit log up to entry {found.head}."
                if found.holds
                else f"{file} does NOT hold what it should."
            ),
            failed=not found.holds,
        )
