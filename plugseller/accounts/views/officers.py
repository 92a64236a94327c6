"""What officers do about people on their desk: each a form, a service, and back."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from plugseller.accounts import services
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.forms import InviteStaff
from plugseller.accounts.models import Lockout, User
from plugseller.accounts.roles import StaffRole


def _for_officers(view: Any) -> Any:
    """Only an officer, and only one who showed the second factor lately."""
    step: Any = confirmed(view)

    def opened(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not getattr(request.user, "is_officer", False):
            raise PermissionDenied
        answer: HttpResponseBase = step(request, **kwargs)
        return answer

    def page(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return admin.site.admin_view(opened)(request, **kwargs)

    return page


@_for_officers
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Another member of our staff; the link that sets up the account goes by mail."""
    form = InviteStaff(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            services.invite_staff(
                actor=_officer(request),
                email=told["email"],
                name=told["name"],
                role=StaffRole(told["role"]),
                now=timezone.now(),
            )
        except ValidationError as error:
            form.add_error("email", error.messages)
        else:
            messages.success(request, "Invited. The link in the mail holds 24 hours.")
            return redirect("admin:accounts_user_changelist")
    context = {
        **admin.site.each_context(request),
        "form": form,
        "title": "Invite staff",
    }
    return render(request, "admin/accounts/invite.html", context)


@_for_officers
@require_POST
def reset(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the second factors of somebody who lost them."""
    person = get_object_or_404(User, pk=pk)
    try:
        services.reset_factors(
            actor=_officer(request), person=person, now=timezone.now()
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, "The second factors are gone; the next sign-in sets up a new one."
        )
    return redirect("admin:accounts_user_change", pk)


@_for_officers
@require_POST
def lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a lockout early."""
    lockout = get_object_or_404(Lockout, pk=pk)
    try:
        services.lift_lockout(
            actor=_officer(request), lockout=lockout, now=timezone.now()
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "The lockout is over.")
    return redirect("admin:accounts_lockout_change", pk)


def _officer(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
