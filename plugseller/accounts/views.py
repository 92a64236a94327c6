"""Signing in and out."""

from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from plugseller.accounts.forms import SignInForm


class SignIn(LoginView):
    """The one page that takes a password; Django checks `next` against our host."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(LogoutView):
    """Ends the session; by POST only. Tells the browser to forget what it kept."""

    def dispatch(self, *args: object, **kwargs: object) -> HttpResponse:
        response = super().dispatch(*args, **kwargs)  # type: ignore[arg-type]
        response["Clear-Site-Data"] = '"cache"'
        return response


sign_in = SignIn.as_view()
sign_out = SignOut.as_view()


def to_the_sign_in(request: HttpRequest) -> HttpResponse:
    """The operator's desk has no page for passwords of its own.

    PermissionDenied for somebody who is signed in and doesn't belong there.
    """
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect_to_login(reverse("admin:index"))
