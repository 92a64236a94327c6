"""Which of the affected sellers can still be told, and why the others can't (INC-2).

With a seller the addresses of its people are erased, so after that nobody is left to
write to. It stays on the list, with the reason, and is owed no notice.
"""

from collections.abc import Collection
from uuid import UUID

from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from plugseller.accounts.models import Seller
from plugseller.custody.models import Tombstone
from plugseller.custody.services import stones_of


def reachable_sellers(incident: Incident) -> list[UUID]:
    """The affected sellers whose people are owed a notice."""
    affected = affected_sellers(incident)
    there = _there(affected)
    return [one for one in affected if one in there]


def unreachable(sellers: Collection[UUID]) -> dict[UUID, str]:
    """Those of the sellers that nobody can write to any more, each with the reason."""
    there = _there(sellers)
    gone = [one for one in sellers if one not in there]
    stones = stones_of(Tombstone.Kind.SELLER, gone) if gone else {}
    return {one: _why(stones.get(one)) for one in gone}


def _there(sellers: Collection[UUID]) -> set[UUID]:
    return set(Seller.objects.filter(pk__in=sellers).values_list("pk", flat=True))


def _why(stone: Tombstone | None) -> str:
    if stone is None:
        return "it isn't here any more, and no address of it is known."
    by = f" ({stone.request})" if stone.request else ""
    return f"it was deleted on {stone.made_at:%Y-%m-%d}{by}, and its addresses too."
