"""`manage.py credentials`: every credential, whose it is and when it is due (ACC-3)."""

from typing import Any

from django.utils import timezone

from compliance.credentials.rows import Item, inventory
from plugseller.commands import Report, ReportCommand
from plugseller.shelves import Standing

COLUMNS = (
    "state",
    "kind",
    "which",
    "owner",
    "created",
    "last_used",
    "due",
    "trouble",
)


class Command(ReportCommand):
    """Exit status 1 if one is overdue or doesn't work."""

    help = "Print the inventory of credentials, the worst first; no secret is in it."

    def report(self, **options: Any) -> Report:
        now = timezone.now()
        items = inventory(now)
        bad = sum(item.is_bad for item in items)
        soon = sum(item.standing is Standing.SOON for item in items)
        return Report(
            COLUMNS,
            [_row(item) for item in items],
            facts={"credentials": len(items), "bad": bad, "soon": soon},
            summary=f"{len(items)} credentials: {bad} overdue or in trouble, "
            f"{soon} due within 30 days.",
            failed=bad > 0,
        )


def _row(item: Item) -> dict[str, Any]:
    row = item.row
    return {
        "state": item.standing.value,
        "kind": row.kind,
        "which": row.label,
        "owner": row.owner,
        "created": row.created_at,
        "last_used": row.last_used_at,
        "due": row.due_at,
        "trouble": row.trouble,
        "note": row.note,
        "source": item.source,
        "subject": row.subject_id,
    }
