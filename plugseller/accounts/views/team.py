"""The team of a seller: who belongs to it, in which role, who is invited; and going."""

from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, Max, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from plugseller.accounts import services
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import Membership
from plugseller.accounts.roles import Permission, Role
from plugseller.accounts.services.members import other_owners
from plugseller.accounts.teamforms import ROLES, InviteForm, RoleForm, tell

_MANAGE = Permission.MANAGE_MEMBERS
_PROOFS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@login_required
@require_safe
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """Members, what waits, and whom to invite."""
    desk = open_desk(request, slug, _MANAGE)
    return _team_page(request, desk, InviteForm(label_suffix=""), now=timezone.now())


@login_required
@require_POST
@confirmed
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Send an invitation."""
    desk, now = open_desk(request, slug, _MANAGE), timezone.now()
    form = InviteForm(request.POST, label_suffix="")
    if form.is_valid():
        try:
            made = services.invite(
                actor=desk.user, seller=desk.seller, now=now, **form.cleaned_data
            )
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            messages.success(
                request,
                f"{made.email} is invited as {made.get_role_display()}. The mail says "
                "to sign in or sign up with this address.",
            )
            return redirect("team", slug)
    return _team_page(request, desk, form, now=now)


@login_required
@require_POST
@confirmed
def invitation_take_back(
    request: HttpRequest, slug: str, invitation: UUID
) -> HttpResponse:
    """Withdraw an invitation nobody has accepted yet."""
    desk = open_desk(request, slug, _MANAGE)
    found = get_object_or_404(desk.seller.invitations, pk=invitation)
    try:
        services.take_back_invitation(
            actor=desk.user, invitation=found, now=timezone.now()
        )
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, f"The invitation of {found.email} is taken back.")
    return redirect("team", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def member_role(request: HttpRequest, slug: str, member: UUID) -> HttpResponse:
    """Give a member another role."""
    desk = open_desk(request, slug, _MANAGE)
    found = _member(desk, member)
    sent = request.POST if request.method == "POST" else None
    form = RoleForm(sent, initial={"role": found.role}, label_suffix="")
    if sent is not None and form.is_valid():
        try:
            services.change_role(
                actor=desk.user,
                membership=found,
                role=form.cleaned_data["role"],
                now=timezone.now(),
            )
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            found.refresh_from_db()
            messages.success(
                request,
                f"{found.user.known_as} is {found.get_role_display()} now, and was "
                "signed out everywhere.",
            )
            return redirect("team", slug)
    context = {"member": found, "form": form, "roles": ROLES}
    status = 400 if form.errors else 200
    return show(request, desk, "accounts/team_role.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def member_remove(request: HttpRequest, slug: str, member: UUID) -> HttpResponse:
    """Say what removing does, and do it."""
    desk = open_desk(request, slug, _MANAGE)
    found = _member(desk, member)
    trouble = ""
    if request.method == "POST":
        try:
            services.remove_member(
                actor=desk.user, membership=found, now=timezone.now()
            )
        except ValidationError as refusal:
            trouble = " ".join(refusal.messages)
        else:
            messages.success(
                request, f"{found.user.known_as} doesn't belong to the team any more."
            )
            return redirect("team", slug)
    context = {"member": found, "trouble": trouble, **_what_ends(found)}
    status = 400 if trouble else 200
    return show(request, desk, "accounts/team_remove.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def leave_seller(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what leaving does, and do it."""
    desk = open_desk(request, slug)
    found = Membership.objects.filter(seller=desk.seller, user=desk.user).first()
    if found is None:  # our staff have no role to give back
        raise PermissionDenied
    trouble = ""
    if request.method == "POST":
        try:
            services.leave_seller(
                actor=desk.user, seller=desk.seller, now=timezone.now()
            )
        except ValidationError as refusal:
            trouble = " ".join(refusal.messages)
        else:
            logout(request)
            messages.success(request, f"You have left {desk.seller.name}.")
            return redirect("account_login")
    last = found.role == Role.OWNER and not other_owners(found).exists()
    context = {"trouble": trouble, "last_owner": last, **_what_ends(found)}
    status = 400 if trouble else 200
    return show(request, desk, "accounts/team_leave.html", context, status=status)


def _member(desk: Desk, member: UUID) -> Membership:
    people = desk.seller.memberships.select_related("user", "seller")
    return get_object_or_404(people, pk=member)


def _what_ends(membership: Membership) -> dict[str, object]:
    person, seller = membership.user, membership.seller
    tokens = person.auth_token_set.filter(seller=seller, revoked_at=None)
    return {
        "tokens": list(tokens.values_list("label", flat=True)),
        "invited": seller.invitations.filter(
            invited_by=person, ended_at=None, expires_at__gt=timezone.now()
        ).count(),
    }


def _team_page(
    request: HttpRequest, desk: Desk, form: InviteForm, *, now: datetime
) -> HttpResponse:
    waiting = desk.seller.invitations.filter(ended_at=None).select_related("invited_by")
    context = {
        "members": _members(desk),
        "waiting": waiting.filter(expires_at__gt=now),
        "missed": waiting.filter(expires_at__lte=now),
        "form": form,
        "roles": ROLES,
        "now": now,
    }
    status = 400 if form.errors else 200
    return show(request, desk, "accounts/team.html", context, status=status)


def _members(desk: Desk) -> list[Membership]:
    """Owners first; with whether they hold a second factor, and when last seen."""
    proofs = Authenticator.objects.filter(user=OuterRef("user"), type__in=_PROOFS)
    sessions = UserSession.objects.filter(user=OuterRef("user")).order_by()
    last = sessions.values("user").annotate(last=Max("last_seen_at")).values("last")
    found = desk.seller.memberships.select_related("user").annotate(
        has_factor=Exists(proofs), seen_at=Subquery(last)
    )
    ranks = list(Role)
    return sorted(
        found, key=lambda one: (ranks.index(Role(one.role)), one.since, one.pk)
    )
