"""Signing out, and the one door of the officers' desk."""

from typing import Any

from allauth.account.views import LogoutView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


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
