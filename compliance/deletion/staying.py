"""What a deletion leaves, and why: legal holds, and what they hang on."""

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import models

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services.holding import holds_on
from plugseller.crypto.fields import SealedField
from plugseller.shelves import HOLDINGS, Scope

KEYS = "crypto.DataKey"


@dataclass(frozen=True, slots=True)
class Stay:
    """Why something isn't erased now."""

    why: str  # in a sentence, without anybody's name
    review_at: datetime  # when the hold ends, or is looked at again


def stays(request: DeletionRequest, scope: Scope, now: datetime) -> dict[str, Stay]:
    """Holding -> why it isn't erased now: it is on hold itself, or rows or values that
    are on hold can't be read without it. Empty without a hold."""
    held = _on_hold(request, now)
    return _with_what_they_hang_on(held, scope) if held else {}


def _on_hold(request: DeletionRequest, now: datetime) -> dict[str, Stay]:
    found: dict[str, Stay] = {}
    for hold in holds_on(request, now).order_by("-ends_at"):
        stay = Stay(f"Legal hold: {hold.legal_basis}", hold.ends_at)
        for name in hold.holdings or HOLDINGS:
            if name in HOLDINGS and not HOLDINGS[name].stays:
                found.setdefault(name, stay)
    return found


def _with_what_they_hang_on(held: dict[str, Stay], scope: Scope) -> dict[str, Stay]:
    """A held order needs its connection and its seller; a held sealed value its key."""
    found = dict(held)
    waiting = [name for name in held if HOLDINGS[name].store.count(scope)]
    needed = {}
    for name in filter(_is_sealed, waiting):
        needed[KEYS] = name
    while waiting:
        name = waiting.pop()
        for below in _hangs_on(name) - found.keys():
            needed[below] = name
            found[below] = found[name]
            waiting.append(below)
    for below, name in needed.items():
        if below not in held:
            label = HOLDINGS[name].label
            why = f"“{label}” is on hold and can't be kept without it"
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
