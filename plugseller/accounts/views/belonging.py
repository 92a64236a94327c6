"""How a person comes to a seller: by an invitation, or by making one."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from plugseller.accounts import services
from plugseller.accounts.mailboxes import proven_by
from plugseller.accounts.models import Invitation, User
from plugseller.accounts.teamforms import SellerForm, tell


@login_required
@require_POST
def invitation_accept(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """Take the role that was offered."""
    user, found = _theirs(request, invitation)
    try:
        membership = services.accept_invitation(
            actor=user, invitation=found, now=timezone.now()
        )
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(
            request,
            f"You belong to {found.seller.name} now, as "
            f"{membership.get_role_display()}.",
        )
    return redirect("home")


@login_required
@require_POST
def invitation_decline(request: HttpRequest, invitation: UUID) -> HttpResponse:
    """Don't take it."""
    user, found = _theirs(request, invitation)
    try:
        services.decline_invitation(actor=user, invitation=found, now=timezone.now())
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(request, f"You declined the invitation to {found.seller}.")
    return redirect("home")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def seller_new(request: HttpRequest) -> HttpResponse:
    """Make a seller, and own it."""
    user = request.user
    if not isinstance(user, User) or user.is_staff:
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else None
    form = SellerForm(sent, initial={"time_zone": user.time_zone}, label_suffix="")
    if sent is not None and form.is_valid():
        try:
            made = services.open_seller(
                actor=user, now=timezone.now(), **form.cleaned_data
            )
        except ValidationError as refusal:
            tell(form, refusal)
        else:
            messages.success(
                request, f"{made.name} is yours. Connect an account to begin."
            )
            return redirect("home")
    status = 400 if form.errors else 200
    return render(request, "accounts/seller_new.html", {"form": form}, status=status)


def _theirs(request: HttpRequest, invitation: UUID) -> tuple[User, Invitation]:
    """Http404 for an invitation of another address and for an unknown one."""
    user = request.user
    if isinstance(user, User):
        theirs = Invitation.objects.filter(email__in=proven_by(user))
        if found := theirs.select_related("seller").filter(pk=invitation).first():
            return user, found
    raise Http404("No such invitation.")
