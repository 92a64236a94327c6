"""Counts for pages: made at once where every table is short, else in the background.

What was counted in the background is kept for a day, shown with its time, and counted
anew when somebody looks an hour later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django_q.tasks import async_task

from compliance.retention.inventory import Inventory, counted, inventory, listed
from plugseller.accounts.models import Seller
from plugseller.custody.services import in_order
from plugseller.shelves import HOLDINGS, Scope

SHORT = 10_000  # rows of a table that are counted while somebody waits
_FRESH = timedelta(hours=1)
_KEPT = 86_400  # seconds
_TRY_AGAIN = 600  # seconds; then the job seems to be lost
_ALL = "all"  # instead of a seller's id


@dataclass(frozen=True, slots=True)
class Place:
    """How many rows of a seller lie in one place."""

    label: str
    data_class: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What is held of a seller; `at` is None while nothing has been counted."""

    at: datetime | None
    places: list[Place]  # the fullest first; no empty one

    @property
    def rows(self) -> int:
        return sum(place.count for place in self.places)


def held_of(seller: Seller, now: datetime) -> Figures:
    """What is held of a seller, by the newest figures there are.

    Nothing is asked for where it is to be deleted: it would name the seller anew.
    """
    if _are_short():
        return Figures(now, _places(_count(seller.pk)))
    at, counts = cache.get(_key(seller.pk)) or (None, {})
    if seller.frozen_at is None and _are_wanted(seller.pk, at, now):
        async_task("compliance.jobs.count_held", str(seller.pk))
    return Figures(at, _places(counts))


def all_held(now: datetime) -> Inventory | None:
    """Everything that is held, by the newest figures there are; None before any."""
    if _are_short():
        return inventory(now)
    at, counts = cache.get(_key(_ALL)) or (None, {})
    if _are_wanted(_ALL, at, now):
        async_task("compliance.jobs.count_everything")
    return listed(at, counts) if at else None


def count_held(seller_id: UUID, now: datetime) -> None:
    """Count what is held of a seller that stays, and keep the figures; the job."""
    counts = _count(seller_id)
    if Seller.objects.filter(pk=seller_id, frozen_at=None).exists():
        cache.set(_key(seller_id), (now, counts), _KEPT)


def count_everything(now: datetime) -> None:
    """Count what is held at all, and keep the figures; the job."""
    cache.set(_key(_ALL), (now, counted(now)), _KEPT)


def _are_short() -> bool:
    """Whether each table is so short that counting takes no time; one statement."""
    quote = connection.ops.quote_name
    tables = sorted({model._meta.db_table for model in apps.get_models()})
    looks = [
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM {quote(table)} LIMIT {SHORT + 1}) AS x)"  # noqa: S608  names of models
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(looks))
        longest: int = max(cursor.fetchone())
    return longest <= SHORT


def _are_wanted(of: object, at: datetime | None, now: datetime) -> bool:
    """Whether to have them counted anew: they are old, and nobody asked just now."""
    if at is not None and now - at < _FRESH:
        return False
    return bool(cache.add(f"{_key(of)}:asked", 1, _TRY_AGAIN))


def _key(of: object) -> str:
    return f"held:{of}"


def _count(seller_id: UUID) -> dict[str, int]:
    scope = Scope(seller_id=seller_id)
    return {one.name: one.store.count(scope) for one in in_order() if not one.stays}


def _places(counts: dict[str, int]) -> list[Place]:
    found = [
        Place(HOLDINGS[name].label, HOLDINGS[name].data_class.value, count)
        for name, count in counts.items()
        if count and name in HOLDINGS
    ]
    return sorted(found, key=lambda place: -place.count)
