"""What may be decided about what, and when it is enough (GOV-1): the tables."""

from collections.abc import Iterable
from typing import TypeAlias

from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem

Sort: TypeAlias = ReviewItem.Sort
Choice: TypeAlias = ReviewDecision.Choice
Kind: TypeAlias = Review.Kind

_LOOKED_AT = (Choice.IN_ORDER, Choice.FINDING)
_LOGGED = (Choice.EXPECTED, Choice.ASK, Choice.FINDING)
MAY: dict[Sort, tuple[Choice, ...]] = {
    Sort.STAFF: (Choice.KEEP, Choice.CHANGE, Choice.REMOVE),
    Sort.GRANT: (Choice.KEEP, Choice.REMOVE),
    Sort.SERVICE: (Choice.KEEP, Choice.CHANGE, Choice.REMOVE),
    Sort.SELLER: (Choice.KEEP, Choice.ASK),
    Sort.MEMBER: (Choice.KEEP, Choice.CHANGE, Choice.REMOVE),
    Sort.TOKEN: (Choice.KEEP, Choice.REMOVE),
    Sort.ENTRY: _LOGGED,
    Sort.FINDING: _LOGGED,
    Sort.CONTROL: _LOOKED_AT,
    Sort.HOLDING: _LOOKED_AT,
    Sort.SUPPLIER: _LOOKED_AT,
    Sort.QUESTION: _LOOKED_AT,
}
# What a button decides about every line without a flag. Not in the reviews of logs:
# there each line was drawn to be looked at.
AT_ONCE: dict[str, Choice] = {
    Kind.ACCESS: Choice.KEEP,
    Kind.MEMBERS: Choice.KEEP,
    Kind.CONTROLS: Choice.IN_ORDER,
    Kind.INVENTORY: Choice.IN_ORDER,
}
WITH_NOTE = (Choice.ASK, Choice.FINDING)  # these say what


def newest(item: ReviewItem) -> ReviewDecision | None:
    """The decision that counts; without a query where decisions were fetched along."""
    decisions = list(item.decisions.all())
    return decisions[-1] if decisions else None


def is_open(item: ReviewItem, decision: ReviewDecision | None) -> bool:
    """Whether it still has to be decided. A question about an entry is no answer."""
    if decision is None:
        return True
    return decision.choice == Choice.ASK and item.sort != Sort.SELLER


def items_of(review: Review) -> list[ReviewItem]:
    """Every item with its decisions, in two queries."""
    return list(review.items.prefetch_related("decisions"))


def open_ones(items: Iterable[ReviewItem]) -> list[ReviewItem]:
    return [one for one in items if is_open(one, newest(one))]
