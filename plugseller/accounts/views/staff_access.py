"""What a seller sees of our staff's access, and how either side ends it (ACC-1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import AccessReport, Grant, Seller
from plugseller.accounts.reads import Read, entries_under, reads_under, sentence_of
from plugseller.accounts.roles import Permission, Role, StaffRole
from plugseller.accounts.services import GrantRefused, drop_grant, revoke_grant
from plugseller.audit.models import Entry

Row = TypeVar("Row", bound=Model)

_GRANTS, _ENTRIES, _REPORTS = 25, 100, 12  # on a page
_ROLES = {**dict(StaffRole.choices), **dict(Role.choices)}
_TONES = {"live": "wait", "waiting": "wait", "revoked": "bad"}


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant as the seller sees it: by role, never by name."""

    grant: Grant
    state: Grant.State
    reads: list[Read]

    @property
    def role(self) -> str:
        return _ROLES.get(self.grant.role, "Staff")

    @property
    def tone(self) -> str:
        return _TONES.get(self.state, "")

    @property
    def goes_on(self) -> bool:
        """Whether there is still something to end."""
        return self.state in (Grant.State.LIVE, Grant.State.WAITING)

    @property
    def until(self) -> datetime | None:
        return self.grant.ended_at or self.grant.ends_at


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the audit log under a grant."""

    entry: Entry

    @property
    def what(self) -> str:
        return sentence_of(self.entry.event)

    @property
    def role(self) -> str:
        return _ROLES.get(self.entry.role, "")

    @property
    def details(self) -> str:
        """ "filters: status, q": how the page was asked for, where one was read."""
        read = self.entry.action == Entry.Action.ACCESS
        told: dict[str, object] = (self.entry.additional_data or {}) if read else {}
        return "; ".join(
            f"{key}: {', '.join(map(str, v)) if isinstance(v, list) else v}"
            for key, v in told.items()
            if v not in ([], "", None)
        )


@login_required
@require_safe
def grant_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every grant there ever was on this seller, and what was read under it."""
    desk = open_desk(request, slug, Permission.VIEW_ACTIVITY)
    every = Grant.objects.filter(seller=desk.seller).order_by("-asked_at", "pk")
    page = _page(request, every, _GRANTS)
    reports = AccessReport.objects.filter(seller=desk.seller)
    context = {
        "page": page,
        "rows": _rows(desk.seller, list(page.object_list)),
        "reports": list(reports[:_REPORTS]),
    }
    return show(request, desk, "accounts/staff_access.html", context)


@login_required
@require_safe
def grant_detail(request: HttpRequest, slug: str, grant: UUID) -> HttpResponse:
    """One grant, and each thing done under it."""
    desk = open_desk(request, slug, Permission.VIEW_ACTIVITY)
    found = _own(desk, grant)
    page = _page(request, entries_under(desk.seller, [found.pk]), _ENTRIES)
    context = {
        "row": _rows(desk.seller, [found])[0],
        "page": page,
        "lines": [Line(entry) for entry in page.object_list],
    }
    return show(request, desk, "accounts/staff_access_grant.html", context)


@login_required
@require_POST
@confirmed
def end(request: HttpRequest, slug: str, grant: UUID) -> HttpResponse:
    """The seller ends a grant, or says no before it begins."""
    desk = open_desk(request, slug, Permission.MANAGE_MEMBERS)
    found = _own(desk, grant)
    try:
        revoke_grant(actor=desk.user, grant=found, now=timezone.now())
    except GrantRefused:
        messages.info(request, "It was over already. Nothing is open by it.")
    else:
        messages.success(request, "Ended. Our staff see nothing by it any more.")
    return redirect("staff_access", slug)


@login_required
@require_POST
def drop(request: HttpRequest, grant: UUID) -> HttpResponse:
    """One of our staff gives access back, from the banner over the seller's pages."""
    found = get_object_or_404(Grant, pk=grant, person=request.user)
    try:
        drop_grant(actor=found.person, grant=found, now=timezone.now())
    except GrantRefused:
        messages.info(request, "It was over already.")
    else:
        messages.success(request, f"Given back. {found.seller.name} is closed to you.")
    return redirect("home")


def _own(desk: Desk, grant: UUID) -> Grant:
    return get_object_or_404(Grant, pk=grant, seller=desk.seller)


def _rows(seller: Seller, grants: list[Grant]) -> list[GrantRow]:
    now = timezone.now()
    reads = reads_under(seller, [grant.pk for grant in grants])
    return [
        GrantRow(grant, grant.state_at(now), reads.get(grant.pk, []))
        for grant in grants
    ]


def _page(request: HttpRequest, rows: QuerySet[Row], size: int) -> Page[Row]:
    return Paginator(rows, size).get_page(request.GET.get("page"))
