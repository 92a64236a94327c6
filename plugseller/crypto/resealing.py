"""Sealing an owner's values anew, so that the data key they had can go (ACC-3).

Every sealed field of every model is found by itself. What is sealed elsewhere (in
sessions, in a package's table) is made known by its room with `add_place`; a test of
the house finds whoever seals without saying where it ends up.

A replaced data key is destroyed when a count over all places finds nothing sealed
with it, and not before DATA_KEY_RESTS are over: somebody may have sealed with it a
moment before it was replaced and not have written yet.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from plugseller.audit.services import record
from plugseller.crypto.fields import SealedField, key_in, reseal
from plugseller.crypto.models import DataKey
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import rotate_data_key

_BATCH = 200  # rows in a transaction
Keys = Collection[UUID]


class Place(Protocol):
    """Somewhere sealed values lie."""

    @property
    def name(self) -> str:
        """What it is called in the audit log."""
        ...

    def count(self, owner: UUID, keys: Keys) -> int:
        """How many of the owner's values are sealed with these data keys."""
        ...

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        """Seal those anew, a transaction for each batch; how many after each.

        A value that was written meanwhile, or doesn't open, stays as it is.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of an owner's replaced data keys."""

    values: int  # sealed anew
    left: int  # still sealed with a replaced key
    destroyed: int  # replaced keys that are no more


_places: list[Place] = []


def add_place(place: Place) -> None:
    """Make a place known that is no sealed field."""
    _places.append(place)


def places() -> list[Place]:
    """All places there are."""
    fields = (
        Column(model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    )
    return [*fields, *_places]


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed field of a model."""

    model: type[models.Model]
    field: SealedField[Any, Any]

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    def count(self, owner: UUID, keys: Keys) -> int:
        return self._sealed_with(owner, keys).count()

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        last = None
        while True:
            with transaction.atomic():
                rows = self._sealed_with(owner, keys).order_by("pk")
                batch = list(
                    rows.filter(pk__gt=last)[:_BATCH] if last else rows[:_BATCH]
                )
                count = sum(_opens_and_reseals(row, self.field) for row in batch)
                note_resealed(owner, self.name, count)
            if not batch:
                return
            last = batch[-1].pk
            yield count

    def _sealed_with(self, owner: UUID, keys: Keys) -> models.QuerySet[Any]:
        rows = self.model._base_manager.annotate(sealed_with=key_in(self.field))
        return rows.filter(
            **{self.field.owner: owner}, sealed_with__in=[key.bytes for key in keys]
        )


def note_resealed(owner: UUID, place: str, count: int) -> None:
    """The audit entry of a batch, in its transaction."""
    if count:
        details = {"owner": str(owner), "place": place}
        record("data_key.resealed", rows=count, details=details)


def rotate_owner(
    owner: UUID, *, now: datetime, told: Callable[[int], object] = lambda values: None
) -> Resealed:
    """A new data key for an owner, and every value sealed with it."""
    rotate_data_key(owner, now=now)
    return finish_owner(owner, now=now, told=told)


def finish_owner(
    owner: UUID, *, now: datetime, told: Callable[[int], object] = lambda values: None
) -> Resealed:
    """Seal anew what replaced keys still seal, and destroy those that rested enough.

    Doing so again, or in two processes, is harmless; so is being killed midway.
    """
    replaced = DataKey.objects.filter(
        owner=owner, destroyed_at=None, retired_at__isnull=False
    )
    keys = list(replaced.values_list("pk", flat=True))
    values = 0
    for place in places() if keys else ():
        for count in place.reseal(owner, keys):
            values += count
            told(values)
    left = _count(owner, keys)
    rested = replaced.filter(retired_at__lte=now - settings.DATA_KEY_RESTS)
    return Resealed(values, left, sum(_destroy(key, now) for key in rested))


def _destroy(key: DataKey, now: datetime) -> int:
    """Destroy one replaced key if nothing is sealed with it; the row stays."""
    with transaction.atomic():
        if _count(key.owner, [key.pk]):
            return 0
        still = DataKey.objects.filter(
            pk=key.pk, destroyed_at=None, retired_at__isnull=False
        )
        count = still.update(wrapped=b"", destroyed_at=now)
        if count:
            details = {"owner": str(key.owner)}
            record("data_key.used_up", subject=key, rows=count, details=details)
    return count


def _count(owner: UUID, keys: Keys) -> int:
    return sum(place.count(owner, keys) for place in places()) if keys else 0


def _opens_and_reseals(row: models.Model, field: SealedField[Any, Any]) -> bool:
    try:
        return reseal(row, field)
    except Unopenable:
        return False  # its key stays, and the count of what is left tells of it
