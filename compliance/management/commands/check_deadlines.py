"""`manage.py check_deadlines`: every promise with a date, for whoever watches us."""

from typing import Any

from django.utils import timezone

from compliance.checking import check_clocks
from plugseller.commands import Report, ReportCommand


class Command(ReportCommand):
    """Exit status 1 if one is overdue, or if nobody can have heard of one."""

    help = "Show every clock that runs; fails when one is overdue or warns nobody."

    def report(self, **options: Any) -> Report:
        now = timezone.now()
        found = check_clocks(now)
        wrong = sum(clock.is_wrong for clock in found)
        rows = [
            {
                "duty": clock.deadline.duty,
                "about": clock.deadline.label,
                "due": clock.deadline.due_at,
                "days left": clock.deadline.left(now).total_seconds() / 86_400,
                "state": clock.state,
                "trouble": clock.trouble,
            }
            for clock in found
        ]
        return Report(
            columns=("duty", "about", "due", "days left", "state", "trouble"),
            rows=rows,
            summary=f"{len(found)} clocks run, {wrong} need somebody now.",
            failed=bool(wrong),
        )
