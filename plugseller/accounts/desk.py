"""Who stands before the page, at which seller, with which rights."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import identify


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person at one seller."""

    standing: Standing

    @property
    def user(self) -> User:
        return self.standing.user

    @property
    def seller(self) -> Seller:
        return self.standing.seller

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The seller's time zone: days on pages and in files are days there."""
        try:
            return zoneinfo.ZoneInfo(self.seller.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    def may(self, permission: Permission) -> bool:
        return self.standing.may(permission)

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

    @property
    def manages_members(self) -> bool:
        return self.may(Permission.MANAGE_MEMBERS)

    @property
    def has_keys(self) -> bool:
        """Whether the person may have API keys here; our own staff may not."""
        return not self.user.is_staff

    @property
    def sees_activity(self) -> bool:
        return self.may(Permission.VIEW_ACTIVITY)


def open_desk(
    request: HttpRequest, slug: str, permission: Permission | None = None
) -> Desk:
    """The seller of that name for the person asking.

    Without `permission` any right on the seller opens it. Http404 if the person holds
    none there, so that a foreign seller and an unknown one look the same;
    PermissionDenied if the person belongs to the seller but lacks this right. From
    here on the audit log knows in which role, or by which grant, the person acts.
    """
    standing = standing_at(request.user, slug, now=timezone.now())
    grant = standing.grant
    identify(standing.user, role=standing.role, grant_id=grant.pk if grant else None)
    if permission and not standing.may(permission):
        raise PermissionDenied
    return Desk(standing)


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
            template,
            {"desk": desk, "seller": desk.seller, **context},
            status=status,
        )
