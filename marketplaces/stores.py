"""How rows of Marketplace Information age, where a column alone doesn't say (RET-1)."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Exists, Min, OuterRef, Q

from marketplaces.models import Listing, Order, OrderItem, Price, Product
from plugseller.custody.erasers import Rows, delete_where, went_along

_ORDERS = 3_000  # at once, with their lines
_AT_ONCE = 500  # listings, with what hangs on them


class Orders(Rows):
    """Orders go with their lines, the oldest first: along an index, of which a batch
    takes the beginning away. Lines alone would leave their orders to be passed again
    and again."""

    def purge(
        self, before: datetime, *, at_most: int, of_seller: UUID | None = None
    ) -> int:
        oldest = self._old(before, of_seller).order_by("placed_at", "pk")
        going = list(oldest.values_list("pk", flat=True)[: min(at_most, _ORDERS)])
        went_along(OrderItem, delete_where(OrderItem, "order", going))
        return self.remove(going)


class LinesOfOrders(Rows):
    """Lines age with their orders, and go with them."""

    def purge(
        self, before: datetime, *, at_most: int, of_seller: UUID | None = None
    ) -> int:
        return 0

    def _old(
        self, before: datetime, of_seller: UUID | None
    ) -> "models.QuerySet[models.Model]":
        orders = Order._base_manager.filter(placed_at__lt=before)
        if of_seller is not None:
            orders = orders.filter(seller=of_seller)
        return self._all().filter(order__in=orders.values("pk"))

    def oldest(self) -> datetime | None:
        first: datetime | None = Order._base_manager.aggregate(at=Min("placed_at"))[
            "at"
        ]
        return first


class History(Rows):
    """What was so before. The newest line stays as long as what it is about: it says
    since when the present holds, and the next sync would write it anew."""

    def __init__(
        self,
        model: type[models.Model],
        *,
        of: type[models.Model],
        key: Iterable[str],
        **paths: Any,
    ) -> None:
        same = {name: OuterRef(name) for name in ("connection", *key)}
        newer = model._base_manager.filter(**same, pk__gt=OuterRef("pk"))
        present = of._base_manager.filter(**same)
        over = Q(Exists(newer)) | ~Q(Exists(present))
        super().__init__(model, only=over, **paths)

    def oldest(self) -> datetime | None:
        """Of all lines, also those that stay: telling them apart would take seconds."""
        first: datetime | None = self._all().aggregate(at=Min(self._age))["at"]
        return first


class Listings(Rows):
    """A listing whose time is over takes its prices along, and its product, if nothing
    else is a listing of that."""

    def purge(
        self, before: datetime, *, at_most: int, of_seller: UUID | None = None
    ) -> int:
        rows = self._old(before, of_seller).order_by("connection", "market", "pk")
        going = list(rows[: min(at_most, _AT_ONCE)])
        for (account, market), alike in groupby(going, key=_store):
            _remove_all(account, market, list(alike))
        return len(going)


def _store(listing: Any) -> tuple[UUID, str]:
    return listing.connection_id, listing.market


def _remove_all(account: UUID, market: str, listings: list[Listing]) -> None:
    place = {"connection": account, "market": market}
    of_place = Listing._base_manager.filter(**place)
    prices = Price._base_manager.filter(**place, sku__in=[one.sku for one in listings])
    went_along(Price, _delete(prices))
    _delete(Listing._base_manager.filter(pk__in=[one.pk for one in listings]))
    told = {one.product_id for one in listings if one.product_id}
    still = of_place.filter(product_id__in=told).values_list("product_id", flat=True)
    gone = told - set(still)
    products = Product._base_manager.filter(**place, external_id__in=gone)
    went_along(Product, _delete(products))


def _delete(rows: "models.QuerySet[Any]") -> int:
    return rows._raw_delete(using=rows.db) or 0  # None if there is nothing
