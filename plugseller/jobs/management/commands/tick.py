"""`manage.py tick`: what is due on the timetable, for installations that use cron."""

from dataclasses import asdict
from typing import Any

from django.conf import settings

from plugseller.commands import Report, ReportCommand
from plugseller.jobs.timetable import run_queued, tick


class Command(ReportCommand):
    """Exit status 1 if a piece of work failed; the others ran all the same."""

    help = "Do what is due on the timetable; run it each minute from cron."

    def report(self, **options: Any) -> Report:
        done = tick(ends_hung=True)
        if not settings.JOB_WORKERS:
            done += run_queued()
        ran = [asdict(piece) for piece in done]
        return Report(
            columns=("name", "outcome"),
            rows=ran,
            failed=any(piece["failed"] for piece in ran),
        )
