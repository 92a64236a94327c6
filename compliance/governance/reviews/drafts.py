"""What a review is made of before it is written: items, as they are found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from compliance.governance.reviews.models import ReviewItem

Sort = ReviewItem.Sort


@dataclass(frozen=True, slots=True)
class Draft:
    """An item of a review that begins. Names nobody."""

    sort: Sort
    subject: str
    label: str
    person_id: UUID | None = None
    seller_id: UUID | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
