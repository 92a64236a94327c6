"""`manage.py replay_deletions`: make a database forget again what the ledger names."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.audit.witness import WitnessTrouble
from plugseller.commands import Report, ReportCommand, asked
from plugseller.custody.ledger import LedgerBroken
from plugseller.custody.replay import ReplayTrouble, write_ledger_anew
from plugseller.jobs import backups

_CONFIRMED = "there is no copy"


class Command(ReportCommand):
    """Opens the gate; does nothing when it is open. Safe to kill and to repeat."""

    help = (
        "After a database was copied by hand, or a restore was broken off: erase again "
        "whatever the deletion ledger names."
    )
    requires_system_checks = ()  # they refuse until this is done

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--ledger-lost",
            action="store_true",
            help="write the ledger anew from the suppression list; has to be confirmed",
        )

    def report(self, **options: Any) -> Report:
        try:
            if options["ledger_lost"]:
                _confirm()
                write_ledger_anew()
            done = backups.finish(timezone.now())
        except (
            backups.BackupTrouble,
            LedgerBroken,
            ReplayTrouble,
            WitnessTrouble,
        ) as error:
            raise CommandError(str(error)) from error
        return Report(
            columns=("lines of the ledger", "found here", "rows erased"),
            rows=[
                {
                    "lines of the ledger": done.lines,
                    "found here": done.matched,
                    "rows erased": done.rows,
                }
            ],
            summary="The gate is open.",
        )


def _confirm() -> None:
    given = asked(
        "Without the ledger, what was erased after the backup isn't known and would "
        f"stay. Type “{_CONFIRMED}” to go on: "
    )
    if given != _CONFIRMED:
        raise CommandError("Nothing was changed: put back your copy of the ledger.")
