"""`manage.py jobs`: how the timetable stands."""

from typing import Any

from django.utils import timezone

from plugseller.commands import Report, ReportCommand
from plugseller.jobs.overview import Standing, standings


class Command(ReportCommand):
    """Exit status 1 if a job needs somebody: long overdue, or failing repeatedly."""

    help = "Each job's last run, its outcome and duration, and when the next is due."

    def report(self, **options: Any) -> Report:
        found = standings(timezone.now())
        needy = [one for one in found if one.needs_somebody]
        summary = f"{len(needy)} of {len(found)} jobs need somebody." if needy else ""
        return Report(
            columns=("job", "last run", "outcome", "seconds", "rows", "next", "state"),
            rows=[_line(one) for one in found],
            facts={"failed": [one.name for one in needy]},
            summary=summary,
            failed=bool(needy),
        )


def _line(one: Standing) -> dict[str, Any]:
    state = "overdue" if one.overdue else "waiting"
    if one.failures and not one.overdue:
        state = f"failed {one.failures} times" if one.failures > 1 else "failed"
    return {
        "job": one.name,
        "last run": one.started_at,
        "outcome": f"{one.outcome} ({one.note})" if one.note else one.outcome,
        "seconds": one.seconds,
        "rows": one.rows,
        "next": one.next_at,
        "state": state,
    }
