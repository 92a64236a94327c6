"""What the database refuses about reviews, whoever asks it (GOV-1).

What sealed columns say is in the hash.
"""

from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.insertonly import KEPT, differs, stands_there
from plugseller.audit.guards import Guard, guard

_LATER = ("warned", "signed_at", "signed_by", "hash")  # of a review that is open
_TABLE = Review._meta.db_table


def _is_signed(review: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {_TABLE} r WHERE r.id = {review} "  # noqa: S608  a table of ours
        "AND r.signed_at IS NOT NULL)"
    )


_SIGNED = "A review that was signed can't be changed."
_STAYS = "A review can't be deleted before its time of keeping is over."
_ONCE = "What was reviewed and decided can't be changed; decide again instead."

guard(
    Guard(
        "review_no_change",
        _TABLE,
        "UPDATE",
        f"(OLD.signed_at IS NOT NULL AND ({differs(Review)})) "
        f"OR {differs(Review, _LATER)}",
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
        KEPT,
    )
)
guard(Guard("review_no_replace", _TABLE, "INSERT", stands_there(_TABLE), _SIGNED))
for model, kept_from in ((ReviewItem, "made_at"), (ReviewDecision, "at")):
    table = model._meta.db_table
    name = str(model._meta.model_name)
    guard(Guard(f"{name}_no_change", table, "UPDATE", differs(model), _ONCE))
    guard(
        Guard(
            f"{name}_no_delete",
            table,
            "DELETE",
            f"OLD.{kept_from} > {{kept}}",
            _STAYS,
            KEPT,
        )
    )
    guard(
        Guard(
            f"{name}_no_late_one",
            table,
            "INSERT",
            f"{stands_there(table)} OR {_is_signed('NEW.review_id')}",
            _SIGNED,
        )
    )
