"""`manage.py backup`: an encrypted backup, made while everything goes on."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.custody.ledger import LedgerBroken
from plugseller.jobs import backups
from plugseller.jobs.backups import places


class Command(ReportCommand):
    """Exit status 1 if no backup could be made; earlier ones stay as they are."""

    help = (
        "Make an encrypted backup in BACKUP_FOLDER and BACKUP_KEYS_FOLDER; the job "
        "does so daily. --expire ends those whose time is over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--expire",
            action="store_true",
            help="make none; destroy the keys of those whose time is over",
        )

    def report(self, **options: Any) -> Report:
        try:
            return _expire() if options["expire"] else _make()
        except (backups.BackupTrouble, LedgerBroken) as error:
            raise CommandError(str(error)) from error


def _make() -> Report:
    made = backups.make(timezone.now())
    file = places.folder() / made.file
    return Report(
        columns=("file", "bytes", "tables", "rows", "seconds", "expires"),
        rows=[
            {
                "file": str(file),
                "keys_file": str(places.keys_file_of(file)),
                "bytes": made.size,
                "sha256": made.sha256,
                "tables": len(made.counts),
                "rows": sum(made.counts.values()),
                "seconds": made.seconds,
                "expires": made.expires_at,
            }
        ],
        summary=f"The data keys are in {places.keys_file_of(file)}.",
    )


def _expire() -> Report:
    ended = backups.expire(timezone.now())
    return Report(
        columns=("keys destroyed", "files removed", "records closed"),
        rows=[
            {
                "keys destroyed": ended.periods,
                "files removed": ended.files,
                "records closed": ended.backups,
            }
        ],
    )
