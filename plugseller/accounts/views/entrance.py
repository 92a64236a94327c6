"""Signing out, being refused, and the one door of the officers' desk."""

from datetime import datetime
from typing import Any

from allauth.account.internal.flows.logout import logout
from allauth.account.views import LogoutView
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from plugseller.accounts.adapters import LAST_FACTOR
from plugseller.accounts.devices import family
from plugseller.accounts.services import factors, signing_in


class SignOut(LogoutView):  # type: ignore[misc]  # no types
    """Ends the session; by POST only. Tells the browser to forget what it kept."""

    http_method_names = ("post", "options")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
        return response


sign_out = SignOut.as_view()


def to_the_sign_in(request: HttpRequest) -> HttpResponse:
    """The officers' desk has no page for passwords of its own.

    PermissionDenied for somebody who is signed in and doesn't belong there.
    """
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(reverse("admin:index"))


def to_the_password(request: HttpRequest) -> HttpResponse:
    """The page that changes a password, with its rules, its entry and its mail."""
    return redirect("account_change_password")


@login_required
def completes_nothing(request: HttpRequest) -> HttpResponse:
    """No page of the desk completes a name as it is typed. Django's own answer would
    tell people and sellers piece by piece, and leave no entry."""
    raise PermissionDenied


def locked_out(request: HttpRequest, *args: Any) -> HttpResponse:
    """The answer to whoever is locked out: the same with an account and without."""
    now = timezone.now()
    until: datetime = getattr(request, "locked_until", now)
    response = render(request, "account/locked_out.html", {"until": until}, status=429)
    response["Retry-After"] = str(max(int((until - now).total_seconds()), 1))
    return response


class Sessions(ListUserSessionsView):  # type: ignore[misc]  # no types
    """Where the person is signed in; ends one session, all others, or all."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super().get_context_data(**kwargs)
        for session in told["sessions"]:
            session.device = family(session.user_agent)
        return told

    def form_valid(self, form: Any) -> HttpResponse:
        request, person = self.request, self.request.user
        which = request.POST.get("end", "")
        if which == "all":
            signing_in.sign_out_everywhere(person=person)
            logout(request, show_message=False)
            messages.success(request, "You are signed out everywhere.")
            return redirect("account_login")
        if which == "others":
            here = request.session.session_key or ""
            signing_in.sign_out_everywhere(person=person, but=here)
            messages.success(request, "All other sessions are over.")
        else:
            mine = UserSession.objects.filter(user=person)
            number = int(which) if which.isdecimal() and len(which) < 19 else 0
            session = get_object_or_404(mine, pk=number)
            signing_in.end_session(person=person, session=session)
            messages.success(request, "That session is over.")
        return redirect("usersessions_list")


sessions_list = Sessions.as_view()


class RemoveKey(RemoveWebAuthnView):  # type: ignore[misc]  # no types
    """Like removing the app: never the last second factor."""

    def form_valid(self, form: Any) -> HttpResponse:
        if not factors.may_go(self.get_object()):
            messages.error(self.request, LAST_FACTOR)
            return redirect("mfa_index")
        answer: HttpResponse = super().form_valid(form)
        return answer


remove_key = RemoveKey.as_view()
