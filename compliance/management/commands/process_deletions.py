"""`manage.py process_deletions`: carry out the deletion requests that are due."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from compliance.deletion.execution import process_due
from plugseller.commands import Report, ReportCommand
from plugseller.jobs.clock import ClockInDoubt, refuse_in_doubt


class Command(ReportCommand):
    """Exit status 1 if one failed, or if something was found after one."""

    help = (
        "Carry out every deletion request that is due, up to the certificate. Safe to "
        "kill and to run again, also beside a worker; the timetable does the same."
    )

    def report(self, **options: Any) -> Report:
        now = timezone.now()
        try:
            refuse_in_doubt(now)
        except ClockInDoubt as doubt:
            raise CommandError(str(doubt)) from doubt
        done = process_due(now)
        failed = [one for one in done if one.failed]
        return Report(
            columns=("request", "outcome", "rows", "found", "trouble"),
            rows=[
                {
                    "request": one.reference,
                    "outcome": one.outcome,
                    "rows": one.rows,
                    "found": one.found,
                    "trouble": one.trouble,
                }
                for one in done
            ],
            summary=(
                f"{len(failed)} of {len(done)} need somebody; they stay open and are "
                "tried again."
                if failed
                else f"{len(done)} requests were due."
            ),
            failed=bool(failed),
        )
