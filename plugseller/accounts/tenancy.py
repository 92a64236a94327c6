"""The fence: a query on a seller's table begins with who asks, or it refuses (USE-1).

`Order.objects.visible_to(user)`, `.of_seller(seller)` and, where work crosses sellers
by its nature, `.across_sellers(reason="...")`. A bare `Order.objects.all()` raises.
Django itself (unique checks, related managers, cascades) uses the second manager,
`unfenced`, which is `Meta.default_manager_name`.
"""

from collections.abc import Iterator
from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import models
from django.http import Http404
from guardian.shortcuts import get_objects_for_user

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Permission

Row = TypeVar("Row", bound=models.Model)


class Unfenced(RuntimeError):
    """A query on a seller's table that didn't say for whom it asks."""


def sellers_visible_to(user: Any, permission: str) -> models.QuerySet[Seller]:
    """Sellers on which the person holds the right by name; superusers get nothing."""
    if not getattr(user, "is_active", False):
        return Seller.objects.none()
    found: models.QuerySet[Seller] = get_objects_for_user(
        user,
        f"accounts.{permission}",
        Seller,
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    return found


class FencedQuerySet(models.QuerySet[Row]):
    """A queryset that answers only after it was told for whom."""

    _open = False

    def visible_to(self, user: User) -> Self:
        """Rows of sellers on which the person holds the model's `view_permission`."""
        permission: Permission = self.model.view_permission  # type: ignore[attr-defined]
        return self._opened().filter(seller__in=sellers_visible_to(user, permission))

    def of_seller(self, seller: Seller | UUID) -> Self:
        """Rows of a seller that somebody was already allowed to open."""
        return self._opened().filter(seller=seller)

    def across_sellers(self, *, reason: str) -> Self:
        """Rows of all sellers, for work that has no person in front of it."""
        if not reason:
            raise Unfenced("across_sellers() needs a reason.")
        return self._opened()

    def _opened(self) -> Self:
        clone = self._chain()  # type: ignore[attr-defined]
        clone._open = True
        return clone  # type: ignore[no-any-return]

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone._open = self._open
        return clone  # type: ignore[no-any-return]

    def _check(self) -> None:
        if not self._open:
            raise Unfenced(
                f"A query on {self.model.__name__} must begin with visible_to(user), "
                "of_seller(seller) or across_sellers(reason=...)."
            )

    def _fetch_all(self) -> None:
        self._check()
        super()._fetch_all()

    def iterator(self, chunk_size: int | None = None) -> Iterator[Row]:
        self._check()
        return super().iterator(chunk_size)

    def count(self) -> int:
        self._check()
        return super().count()

    def exists(self) -> bool:
        self._check()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check()
        return super().delete()


def seller_for(user: Any, slug: str, permission: str) -> Seller:
    """The seller of that name, if the person holds the right on it.

    Http404 otherwise: a foreign seller and an unknown one look the same.
    """
    try:
        return sellers_visible_to(user, permission).get(slug=slug)
    except Seller.DoesNotExist:
        raise Http404("No such seller.") from None
