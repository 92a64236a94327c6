"""`manage.py replay_deletions`: make a database forget again what the ledger names."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.commands import Report, ReportCommand, asked
from plugseller.custody.replay import write_ledger_anew
from plugseller.jobs import backups
from plugseller.jobs.management.replaying import report_of, told_plainly

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
        with told_plainly():
            if options["ledger_lost"]:
                _confirm()
                write_ledger_anew()
            done = backups.finish(timezone.now())
        return report_of(done, "The gate is open.")


def _confirm() -> None:
    given = asked(
        "Without the ledger, what was erased after the backup isn't known and would "
        f"stay. Type “{_CONFIRMED}” to go on: "
    )
    if given != _CONFIRMED:
        raise CommandError("Nothing was changed: put back your copy of the ledger.")
