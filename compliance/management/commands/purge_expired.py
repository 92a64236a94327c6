"""`manage.py purge_expired`: remove what was kept long enough."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from compliance.retention.services import WITHIN, Occupied, nothing_overdue, purge
from plugseller.commands import Report, ReportCommand
from plugseller.jobs.clock import ClockInDoubt, refuse_in_doubt


class Command(ReportCommand):
    """Exit status 1 if something overdue is left. Can be killed, and run again."""

    help = "Remove what was kept longer than the rules allow; --dry-run tells only."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, remove nothing"
        )
        parser.add_argument(
            "--minutes",
            type=float,
            default=WITHIN.total_seconds() / 60,
            help="stop after so long; the next run goes on",
        )

    def report(self, **options: Any) -> Report:
        now, dry = timezone.now(), bool(options["dry_run"])
        within = timedelta(minutes=options["minutes"])
        try:
            if not dry:
                refuse_in_doubt(now)
            done = purge(now, dry_run=dry, within=within)
        except Occupied as occupied:
            raise CommandError(
                "Another worker is purging. Nothing was done; try again later."
            ) from occupied
        except ClockInDoubt as doubt:
            raise CommandError(str(doubt)) from doubt
        left = [] if dry else nothing_overdue(now)
        rows = sum(one.rows for one in done)
        if dry:
            summary = f"{rows:,} rows would go."
        elif left:
            overdue = sum(one.rows for one in left)
            summary = f"{rows:,} rows went, {overdue:,} are left. Run it again."
        else:
            summary = f"{rows:,} rows went. Nothing overdue is left."
        return Report(
            columns=("holding", "label", "rule", "rows", "trouble"),
            rows=[asdict(one) for one in done],
            facts={"at": now, "dry_run": dry, "overdue": [asdict(one) for one in left]},
            summary=summary,
            failed=bool(left),
        )
