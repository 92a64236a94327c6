"""What a run has done so far, as its row of SyncRun tells it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from marketplaces.contract import Page
from marketplaces.models import SyncRun
from marketplaces.sync.asking import Effort
from marketplaces.sync.bookkeeping import update_row
from marketplaces.sync.writer import Written

_MOST_PATHS = 200  # kept in `unknown`: enough to see that a marketplace has changed


@dataclass(slots=True)
class Tally:
    """Counts; saved in the transaction of the page they are of."""

    pages: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # path -> times
    unknown: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> times

    def with_page(self, page: Page, written: Written, gone: int) -> "Tally":
        """These counts and the page's; this one stays, should the page not be kept."""
        return Tally(
            pages=self.pages + 1,
            new=self.new + written.new,
            changed=self.changed + written.changed,
            unchanged=self.unchanged + written.unchanged,
            gone=self.gone + gone,
            dropped=self.dropped + Counter(page.dropped),
            unknown=self.unknown | set(page.unknown),
            skipped=self.skipped
            + written.skipped
            + Counter(row.reason for row in page.skipped),
        )

    def columns(self, effort: Effort) -> dict[str, Any]:
        """The counts by the fields of SyncRun."""
        return {
            "calls": effort.calls,
            "pages": self.pages,
            "rows_new": self.new,
            "rows_changed": self.changed,
            "rows_unchanged": self.unchanged,
            "rows_gone": self.gone,
            "rows_skipped": self.skipped.total(),
            "fields_dropped": self.dropped.total(),
            "dropped": dict(self.dropped),
            "unknown": sorted(self.unknown)[:_MOST_PATHS],
            "skipped": dict(self.skipped),
            "throttled_seconds": round(effort.waited, 3),
        }

    def save(self, run_id: int, effort: Effort) -> None:
        """Write the counts into the run's row."""
        update_row(SyncRun, run_id, self.columns(effort))
