"""Who stands before the page, at which seller, with which rights."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from plugseller.accounts.models import Grant, Seller, User
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import identify
from plugseller.displayonly import roles_seeing


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
    def grants(self) -> tuple[Grant, ...]:
        """What opened the seller to one of our staff; empty for its own people."""
        return self.standing.grants

    def grant_id(self, permission: Permission | None = None) -> UUID | None:
        """The grant an audit entry names for what was done by this right."""
        grant = self.standing.grant_for(permission)
        return grant.pk if grant else None

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


def officer_of(request: HttpRequest) -> User:
    """The officer who asks; PermissionDenied for anybody else."""
    if not isinstance(request.user, User) or not request.user.is_officer:
        raise PermissionDenied
    return request.user


def staff_of(request: HttpRequest, page: str) -> User:
    """The member of our staff who asks, if a page of the desk is their work.

    `page` stands in displayonly's table. PermissionDenied for anybody else.
    """
    person = request.user
    if not isinstance(person, User) or person.staff_role not in roles_seeing(page):
        raise PermissionDenied
    return person


def open_desk(
    request: HttpRequest, slug: str, permission: Permission | None = None
) -> Desk:
    """The seller of that name for the person asking.

    Without `permission` any right on the seller opens it. Http404 if the person holds
    none there, so that a foreign seller and an unknown one look the same;
    PermissionDenied if the person belongs to the seller but lacks this right. From
    here on the audit log knows in which role, or by which grant, the person acts.
    """
    desk = Desk(standing_at(request.user, slug, now=timezone.now()))
    identify(desk.user, role=desk.standing.role, grant_id=desk.grant_id(permission))
    if permission and not desk.may(permission):
        raise PermissionDenied
    return desk


def still_may(desk: Desk, *permissions: Permission) -> None:
    """Stop a file that is under way when its reader has lost a right meanwhile.

    Raises PermissionDenied.
    """
    reader = User.objects.get(pk=desk.user.pk)
    standing = standing_at(reader, desk.seller.slug, now=timezone.now())
    ends = standing.seller.frozen_parts != desk.seller.frozen_parts
    if ends or not standing.rights.issuperset(permissions):
        raise PermissionDenied("The right to export ended while the file was read.")


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
