"""manage.py prune_audit: remove the months of the audit log whose time is over."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from plugseller.audit.pruning import KEEP, PruningRefused, prune
from plugseller.audit.witness import WitnessTrouble
from plugseller.commands import Report, ReportCommand


class Command(ReportCommand):
    """Removes whole months only, and leaves a signed anchor in their place."""

    help = "Remove the months of the audit log whose time is over."

    def report(self, **options: Any) -> Report:
        try:
            pruned = prune(timezone.now())
        except (PruningRefused, WitnessTrouble) as error:
            raise CommandError(str(error)) from error
        count, through = (pruned.entries, pruned.through) if pruned else (0, None)
        return Report(
            columns=["removed", "through"],
            rows=[{"removed": count, "through": through}],
            facts={"kept_days": KEEP.days},
            summary="" if pruned else "Nothing was due.",
        )
