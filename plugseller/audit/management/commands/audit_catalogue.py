"""manage.py audit_catalogue: every kind of thing that is logged."""

from typing import Any

from plugseller.commands import Report, ReportCommand
from plugseller.shelves import EVENTS


class Command(ReportCommand):
    """The catalogue, as the apps' `events.py` fill it."""

    help = "List every event that the audit log knows, for people or as evidence."

    def report(self, **options: Any) -> Report:
        return Report(
            columns=["event", "kind", "sentence", "by"],
            rows=[
                {
                    "event": event.name,
                    "kind": event.kind.value,
                    "sentence": event.sentence,
                    "by": [who.value for who in event.by],
                }
                for event in sorted(EVENTS.values(), key=lambda event: event.name)
            ],
            facts={"events": len(EVENTS)},
            summary=f"{len(EVENTS)} events.",
        )
