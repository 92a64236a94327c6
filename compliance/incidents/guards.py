"""What the database refuses about the record of an incident, whoever asks it (INC-1,
INC-2): to rewrite its timeline, what was sent and what became of it, what two officers
decided, and what was learned. It goes with the incident alone, when its time is over.

What sealed columns say is in the hash of what was sent.
"""

from typing import Any

from compliance.incidents.casework import Decision, Notice, Sending
from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.review.models import PostReview
from compliance.insertonly import KEPT, differs, stands_there
from plugseller.audit.guards import Guard, guard

_EARLY = (
    f"NOT EXISTS (SELECT 1 FROM {Incident._meta.db_table} i "  # noqa: S608  a table of ours
    "WHERE i.id = OLD.seal_id AND i.ended_at <= {kept})"
)


def _any(*conditions: str) -> str:
    return " OR ".join(f"({one})" for one in conditions)


def _once(model: Any, *names: str) -> str:
    """Whether something changes that was written in already; the first one tells."""
    others = tuple(
        one.name for one in model._meta.concrete_fields if one.name not in names
    )
    return f'OLD."{names[0]}" IS NOT NULL AND ({differs(model, others)})'


def _guarded(model: Any, changes: str, says: str) -> None:
    table, name = model._meta.db_table, model._meta.model_name
    guard(Guard(f"{name}_no_change", table, "UPDATE", changes, says))
    guard(Guard(f"{name}_no_delete", table, "DELETE", _EARLY, says, KEPT))
    guard(Guard(f"{name}_no_replace", table, "INSERT", stands_there(table), says))


_guarded(
    TimelineEntry,
    differs(TimelineEntry),
    "What happened in an incident is only ever added. Note another fact.",
)
_guarded(
    PostReview,
    differs(PostReview),
    "A review of an incident stays as it was written. Write another one.",
)
_guarded(
    Decision,
    _any(
        differs(Decision, ("signed_by", "signed_at", "refused_by", "refused_at")),
        _once(Decision, "signed_at", "signed_by"),
        _once(Decision, "refused_at", "refused_by", "signed_at", "signed_by"),
    ),
    "What officers decided stays. Ask for another decision.",
)
_guarded(
    Notice,
    _any(
        differs(
            Notice,
            (
                *("edited_by", "edited_at", "approved_by"),
                *("sent_at", "sha256", "superseded_at"),
            ),
        ),
        f"(OLD.sent_at IS NOT NULL OR OLD.superseded_at IS NOT NULL) "
        f"AND ({differs(Notice)})",
    ),
    "What was sent stays as it is. What is new is another notice.",
)
_guarded(
    Sending,
    _any(
        differs(
            Sending,
            (
                *("state", "trouble", "accepted_at", "answer"),
                *("delivered_at", "bounced_at", "noted_by"),
            ),
        ),
        _once(Sending, "accepted_at", "answer"),
        f"(OLD.delivered_at IS NOT NULL OR OLD.bounced_at IS NOT NULL) "
        f"AND ({differs(Sending)})",
    ),
    "How a notice was sent, and what came of it, stays as it is.",
)
