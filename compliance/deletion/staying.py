"""What a deletion leaves, and why: legal holds, and what they hang on."""

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import models
from django.db.models import Q

from compliance.deletion.models import DeletionRequest, LegalHold
from plugseller.crypto.fields import SealedField
from plugseller.shelves import HOLDINGS, Scope

KEYS = "crypto.DataKey"


@dataclass(frozen=True, slots=True)
class Stay:
    """Why something isn't erased now."""

    why: str  # in a sentence, without anybody's name
    review_at: datetime | None = None  # when the hold ends or is looked at again


def standing_holds(
    request: DeletionRequest, now: datetime
) -> models.QuerySet[LegalHold]:
    """Holds that two people agreed on, that nobody released and whose time isn't up."""
    stands = Q(approved_at__isnull=False, released_at=None, ends_at__gt=now)
    return LegalHold.objects.filter(stands, request=request)


def held_back(request: DeletionRequest, now: datetime) -> dict[str, Stay]:
    """Holding -> why it isn't erased now; empty without a hold."""
    found: dict[str, Stay] = {}
    for hold in standing_holds(request, now):
        stay = Stay(f"Legal hold: {hold.legal_basis}.", hold.ends_at)
        for name in hold.holdings or HOLDINGS:
            if name in HOLDINGS and not HOLDINGS[name].stays:
                found.setdefault(name, stay)
    return found


def with_what_they_hang_on(held: dict[str, Stay], scope: Scope) -> dict[str, Stay]:
    """Those, and the rows that must stay because held rows hang on them.

    A held order needs its connection and its seller; a held sealed value its key.
    """
    found = dict(held)
    waiting = [name for name in held if HOLDINGS[name].store.count(scope)]
    needed = [(name, KEYS) for name in waiting if _is_sealed(name)]
    while waiting:
        name = waiting.pop()
        hangs_on = [below for below in _hangs_on(name) if below not in found]
        needed += [(name, below) for below in hangs_on]
        waiting += hangs_on
        found |= {below: found[name] for below in hangs_on}
    for name, below in needed:
        if below not in held:
            label = HOLDINGS[name].label
            why = f"“{label}” is on hold and can't be read without it."
            found[below] = Stay(why, found[name].review_at)
    return found


def _is_sealed(name: str) -> bool:
    model = _model(name)
    fields = model._meta.concrete_fields if model else ()
    return any(isinstance(field, SealedField) for field in fields)


def _hangs_on(name: str) -> set[str]:
    """Holdings of rows that rows there can't be without."""
    model = _model(name)
    found = set()
    for field in model._meta.concrete_fields if model else ():
        if isinstance(field, models.ForeignKey) and not field.null:
            found.add(field.related_model._meta.label)
    return {one for one in found if one in HOLDINGS and not HOLDINGS[one].stays}


def _model(name: str) -> type[models.Model] | None:
    try:
        return apps.get_model(name)
    except (LookupError, ValueError):  # a place that is no table
        return None
