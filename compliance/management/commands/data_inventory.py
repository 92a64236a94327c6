"""`manage.py data_inventory`: what is held, why, how long, and how much of it."""

import csv
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from compliance.retention.inventory import Held, inventory
from plugseller.commands import Report, ReportCommand

COLUMNS = (
    "holding",
    "class",
    "rule",
    "keep",
    "rows",
    "oldest",
    "overdue",
)


class Command(ReportCommand):
    """Counts only; no row of anybody is read."""

    help = "Every place where data lies: class, rule, rows, oldest row, overdue rows."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--csv", action="store_true", help="print CSV instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["csv"]:
            super().handle(*args, **options)
            return
        report = self.report(**options)
        lines = csv.DictWriter(self.stdout, (*COLUMNS, "why"), lineterminator="\n")
        lines.writeheader()
        lines.writerows(report.rows)

    def report(self, **options: Any) -> Report:
        found = inventory(timezone.now())
        return Report(
            columns=COLUMNS,
            rows=[_line(place) for place in found.places],
            facts={"at": found.at, "overdue": found.overdue},
            summary=f"{found.at:%Y-%m-%d %H:%M} UTC: {len(found.places)} places, "
            f"{found.overdue:,} rows overdue.",
        )


def _line(place: Held) -> dict[str, Any]:
    return {
        "holding": place.holding,
        "class": place.data_class,
        "rule": place.rule,
        "keep": place.keep,
        "rows": place.rows,
        "oldest": place.oldest,
        "overdue": place.overdue,
        "why": place.why,
    }
