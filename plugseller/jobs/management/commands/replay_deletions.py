"""`manage.py replay_deletions`: make a database forget again what the ledger names."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.jobs import backups
from plugseller.jobs.management.replaying import (
    confirm_lost_ledger,
    report_of,
    told_plainly,
)


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
                confirm_lost_ledger()
            done = backups.finish(timezone.now(), ledger_lost=options["ledger_lost"])
        return report_of(done, "The gate is open.")
