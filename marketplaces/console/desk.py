"""Who stands before the page, at which seller, with which rights."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from plugseller.accounts.models import Seller, SellerUserObjectPermission, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import seller_for


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person at one seller."""

    user: User
    seller: Seller
    rights: frozenset[str]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The seller's time zone: days on pages and in files are days there."""
        try:
            return zoneinfo.ZoneInfo(self.seller.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    def may(self, permission: Permission) -> bool:
        return permission.value in self.rights

    @property
    def sees_orders(self) -> bool:
        return self.may(Permission.VIEW_ORDERS)

    @property
    def sees_catalog(self) -> bool:
        return self.may(Permission.VIEW_CATALOG)

    @property
    def sees_inventory(self) -> bool:
        return self.may(Permission.VIEW_INVENTORY)

    @property
    def sees_prices(self) -> bool:
        return self.may(Permission.VIEW_PRICES)

    @property
    def exports(self) -> bool:
        return self.may(Permission.EXPORT_DATA)

    @property
    def manages_connections(self) -> bool:
        return self.may(Permission.MANAGE_CONNECTIONS)


def open_desk(
    request: HttpRequest, slug: str, permission: Permission | None = None
) -> Desk:
    """The seller of that name for the person asking.

    Without `permission` any right on the seller opens it. Http404 if the person holds
    none there, so that a foreign seller and an unknown one look the same;
    PermissionDenied if the person belongs to the seller but lacks this right.
    """
    user = request.user
    if not isinstance(user, User):
        raise Http404
    held = SellerUserObjectPermission.objects.filter(
        user=user, content_object__slug=slug
    ).values_list("permission__codename", flat=True)
    rights = frozenset(held)
    if not rights:
        raise Http404
    if permission and permission.value not in rights:
        raise PermissionDenied
    opening = permission.value if permission else min(rights)
    return Desk(user=user, seller=seller_for(user, slug, opening), rights=rights)


def show(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """The page, with every time told in the seller's zone."""
    with timezone.override(desk.zone):
        return render(
            request,
            f"marketplaces/{template}",
            {"desk": desk, "seller": desk.seller, **context},
            status=status,
        )


def sellers_of(user: object) -> list[Seller]:
    """Every seller on which the person holds any right, by name."""
    if not isinstance(user, User):
        return []
    held = SellerUserObjectPermission.objects.filter(user=user).values("content_object")
    return list(Seller.objects.filter(pk__in=held).order_by("name", "slug"))
