"""Which lines of a review somebody doesn't decide about: their own, and those that may
be about them without their knowing it (GOV-1, INC-1)."""

from collections.abc import Iterable
from uuid import UUID

from compliance.governance.reviews.choices import Sort
from compliance.governance.reviews.models import ReviewItem
from compliance.reviewing import hidden_from
from plugseller.accounts.models import User
from plugseller.audit.hiding import kept_from
from plugseller.audit.models import Entry

_SAID = "A line that another officer decides about"


def withheld(items: Iterable[ReviewItem], reader: User) -> set[UUID]:
    """The lines that aren't shown to the reader."""
    told = [one for one in items if one.sort in (Sort.FINDING, Sort.ENTRY)]
    if not told or not reader.is_staff:
        return set()
    drawn = [one.subject for one in told if one.sort == Sort.ENTRY]
    entries = kept_from(reader, Entry.objects.filter(pk__in=drawn))
    numbers = {str(pk) for pk in entries.values_list("pk", flat=True)}
    hidden = hidden_from(reader) | numbers
    return {one.pk for one in told if one.subject in hidden}


def left_to_others(items: Iterable[ReviewItem], reader: User) -> set[UUID]:
    """The lines that only others decide about."""
    items = list(items)
    own = {one.pk for one in items if one.person_id == reader.pk}
    return own | withheld(items, reader)


def masked(item: ReviewItem) -> ReviewItem:
    """The line as whoever it is withheld from sees it; not to be saved."""
    return ReviewItem(
        pk=item.pk,
        review_id=item.review_id,
        number=item.number,
        sort=item.sort,
        label=_SAID,
        made_at=item.made_at,
    )
