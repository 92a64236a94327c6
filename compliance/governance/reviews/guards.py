"""What the database refuses about reviews, whoever asks it (GOV-1).

Sealed columns may be sealed anew under another key: what they say is in the hash.
"""

from typing import Any

from fernet_fields import EncryptedField

from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from plugseller.audit.guards import Guard, guard
from plugseller.custody.rules import RULES

_KEEP = RULES["incidents"].keep
_DAYS = _KEEP.days if _KEEP else 0
_LATER = ("warned", "signed_at", "signed_by", "hash")  # of a review that is open
_TABLE = Review._meta.db_table


def _differs(model: Any, but: tuple[str, ...] = ()) -> str:
    """Whether any column would change that isn't sealed."""
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not isinstance(field, EncryptedField) and field.name not in but
    ]
    return " OR ".join(f'OLD."{one}" IS DISTINCT FROM NEW."{one}"' for one in columns)


def _is_signed(review: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {_TABLE} r WHERE r.id = {review} "  # noqa: S608  a table of ours
        "AND r.signed_at IS NOT NULL)"
    )


def _stands_there(table: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} o WHERE o.id = NEW.id)"  # noqa: S608  the same


_SIGNED = "A review that was signed can't be changed."
_STAYS = "A review can't be deleted before its time of keeping is over."
_ONCE = "What was reviewed and decided can't be changed; decide again instead."

guard(
    Guard(
        "review_no_change",
        _TABLE,
        "UPDATE",
        f"(OLD.signed_at IS NOT NULL AND ({_differs(Review)})) "
        f"OR {_differs(Review, _LATER)}",
        _SIGNED,
    )
)
guard(
    Guard(
        "review_no_delete",
        _TABLE,
        "DELETE",
        "OLD.signed_at IS NULL OR OLD.signed_at > {kept}",
        _STAYS,
        _DAYS,
    )
)
guard(Guard("review_no_replace", _TABLE, "INSERT", _stands_there(_TABLE), _SIGNED))
for model, kept_from in ((ReviewItem, "made_at"), (ReviewDecision, "at")):
    table = model._meta.db_table
    name = str(model._meta.model_name)
    guard(Guard(f"{name}_no_change", table, "UPDATE", _differs(model), _ONCE))
    guard(
        Guard(
            f"{name}_no_delete",
            table,
            "DELETE",
            f"OLD.{kept_from} > {{kept}}",
            _STAYS,
            _DAYS,
        )
    )
    guard(
        Guard(
            f"{name}_no_late_one",
            table,
            "INSERT",
            f"{_stands_there(table)} OR {_is_signed('NEW.review_id')}",
            _SIGNED,
        )
    )
