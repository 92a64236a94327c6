"""The fence: a query on a seller's table begins with who asks, or it refuses (USE-1).

`Order.objects.visible_to(user)`, `.of_seller(seller)` and, where work crosses sellers
by its nature, `.across_sellers(reason="...")`. A bare `Order.objects.all()` raises.
Django itself (unique checks, related managers, cascades) uses the second manager,
`unfenced`, which is `Meta.default_manager_name`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self, TypeVar
from uuid import UUID

from django.db import models
from django.http import Http404
from django.utils import timezone
from guardian.shortcuts import get_objects_for_user

from plugseller.accounts.models import (
    ApiToken,
    Grant,
    Membership,
    Seller,
    SellerUserObjectPermission,
    User,
)
from plugseller.accounts.models.grants import live_at
from plugseller.accounts.roles import GRANTABLE, WHILE_FROZEN, Permission

Row = TypeVar("Row", bound=models.Model)


class Unfenced(RuntimeError):
    """A query on a seller's table that didn't say for whom it asks."""


def sellers_visible_to(user: Any, permission: str) -> models.QuerySet[Seller]:
    """Sellers on which the person holds the right by name.

    Our staff hold it by a live grant alone, a seller's people by their role;
    superusers get nothing.
    """
    if not isinstance(user, User) or not user.is_active:
        return Seller.objects.none()
    if user.is_staff:
        live = live_grants(user, now=timezone.now())
        opened = [grant.seller_id for grant in live if permission in _opened_by(grant)]
        return Seller.objects.filter(pk__in=opened)
    found: models.QuerySet[Seller] = get_objects_for_user(
        user,
        f"accounts.{permission}",
        Seller,
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    return found if permission in WHILE_FROZEN else found.filter(frozen_at=None)


def live_grants(user: User, *, now: datetime) -> models.QuerySet[Grant]:
    """The grants that open something to the person at this instant."""
    return Grant.objects.filter(
        live_at(now), person=user, person__is_active=True, seller__frozen_at=None
    )


def _opened_by(grant: Grant) -> frozenset[str]:
    """Its rights; what no grant may open stays shut, whatever stands in the row."""
    return frozenset(grant.permissions).intersection(GRANTABLE)


def people_with(seller: Seller | UUID, permission: Permission) -> models.QuerySet[User]:
    """The people of a seller who hold the right on it; with it they run the place."""
    held = SellerUserObjectPermission.objects.filter(
        content_object=seller, permission__codename=permission.value
    )
    return User.objects.filter(
        pk__in=held.values("user"), is_active=True, staff_role=""
    ).order_by("pk")


class FencedQuerySet(models.QuerySet[Row]):
    """A queryset that answers only after it was told for whom."""

    _open = False

    def visible_to(self, user: User) -> Self:
        """Rows of sellers on which the person holds the model's `view_permission`."""
        permission: Permission = self.model.view_permission  # type: ignore[attr-defined]
        seen = sellers_visible_to(user, permission)
        own = self._opened().filter(seller__in=seen)
        return own._without(seen) if hasattr(self.model, "part_of") else own

    def of_seller(self, seller: Seller | UUID, *, frozen: bool = False) -> Self:
        """Rows of a seller that somebody was already allowed to open.

        With `frozen` also those nobody reads any more, because their connection is to
        be deleted: for the file that its owner takes along.
        """
        own = self._opened().filter(seller=seller)
        if frozen or not hasattr(self.model, "part_of"):
            return own
        if not isinstance(seller, Seller):
            return own._without(Seller.objects.filter(pk=seller))
        return own._without([seller])

    def across_sellers(self, *, reason: str) -> Self:
        """Rows of all sellers, for work that has no person in front of it."""
        if not reason:
            raise Unfenced("across_sellers() needs a reason.")
        return self._opened()

    def _without(self, sellers: Iterable[Seller]) -> Self:
        """Without the parts of these sellers that nobody reads any more.

        They stand in the seller's row, which whoever asks has at hand: so a query looks
        the same, and is found by the same index, wherever nothing is to be deleted.
        """
        parts = [part for seller in sellers for part in seller.frozen_parts]
        if not parts:
            return self
        return self.exclude(**{f"{self.model.part_of}__in": parts})  # type: ignore[attr-defined]

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


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may do at one seller right now, and on what ground."""

    user: User
    seller: Seller
    rights: frozenset[str]  # values of roles.Permission
    role: str  # "owner" of a seller's person, "support" of ours
    grants: tuple[Grant, ...] = ()  # what opened the seller to our staff
    token: ApiToken | None = None  # what the person's program came with

    def may(self, permission: Permission) -> bool:
        return permission.value in self.rights

    def grant_for(self, permission: Permission | None = None) -> Grant | None:
        """The grant by which one of our staff uses the right: of several the one that
        lasts longest. None for a seller's people.

        Without `permission`, for what any right opens, the longest of all.
        """
        for grant in self.grants:
            if permission is None or permission in _opened_by(grant):
                return grant
        return None


def standing_at(
    user: Any, slug: str, *, now: datetime, token: ApiToken | None = None
) -> Standing:
    """How the person, or the person's program with `token`, stands at that seller.

    The one place that decides it, once for each request. Http404 if there is no right
    at all: a foreign seller and an unknown one look the same.
    """
    if isinstance(user, User) and user.is_active:
        stands = _of_staff if user.is_staff else _of_member
        standing = stands(user, slug, now)
        if standing and token is not None:
            standing = _narrowed(standing, token, now)
        if standing and standing.seller.exports_stopped_at is not None:
            left = standing.rights - {Permission.EXPORT_DATA.value}
            standing = replace(standing, rights=left)
        if standing and standing.rights:
            return standing
    raise Http404("No such seller.")


def _of_member(user: User, slug: str, now: datetime) -> Standing | None:
    """Begins with the person's rights: a foreign seller takes no query more than an
    unknown one, so their times are the same as well."""
    role = Membership.objects.filter(
        user=user, seller=models.OuterRef("content_object")
    ).values("role")[:1]
    held = SellerUserObjectPermission.objects.filter(
        user=user, content_object__slug=slug
    ).annotate(role=models.Subquery(role))
    rows = list(held.values_list("permission__codename", "role", "content_object"))
    if not rows:
        return None
    _, role_held, seller_id = rows[0]
    seller = Seller.objects.get(pk=seller_id)
    rights = frozenset(codename for codename, _, _ in rows)
    if seller.frozen_at is not None:
        rights = _left_while_frozen(rights)
    return Standing(user, seller, rights, role=role_held or "")


def _left_while_frozen(rights: frozenset[str]) -> frozenset[str]:
    leaves = Permission.REQUEST_DELETION in rights
    return rights.intersection(WHILE_FROZEN if leaves else ())


def _of_staff(user: User, slug: str, now: datetime) -> Standing | None:
    live = live_grants(user, now=now).filter(seller__slug=slug)
    grants = tuple(live.select_related("seller").order_by("-ends_at", "pk"))
    if not grants:
        return None
    rights = frozenset[str]().union(*map(_opened_by, grants))
    return Standing(user, grants[0].seller, rights, user.staff_role, grants)


def _narrowed(standing: Standing, token: ApiToken, now: datetime) -> Standing:
    """A program may do what its token says and its person may do, never more."""
    own = token.seller_id == standing.seller.pk and token.is_live(now)
    opens = own and standing.seller.frozen_at is None
    rights = standing.rights & frozenset(token.permissions if opens else ())
    return replace(standing, rights=rights, token=token)


def sellers_of(user: Any) -> list[Seller]:
    """Every seller at which the person holds any right, by name."""
    if not isinstance(user, User) or not user.is_active:
        return []
    found = Seller.objects.order_by("name", "slug")
    if user.is_staff:
        live = live_grants(user, now=timezone.now())
        return list(found.filter(pk__in=live.values("seller")))
    held = SellerUserObjectPermission.objects.filter(user=user)
    leaves = held.filter(permission__codename=Permission.REQUEST_DELETION)
    open_to = models.Q(frozen_at=None) | models.Q(
        pk__in=leaves.values("content_object")
    )
    return list(found.filter(open_to, pk__in=held.values("content_object")))
