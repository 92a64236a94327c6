"""A member of our staff comes by a link, once, and chooses a password."""

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from plugseller.accounts.forms import FirstPassword
from plugseller.accounts.services import staff

_KEY = "set_up_key"  # in the session


@require_safe
def open_set_up(request: HttpRequest, key: str) -> HttpResponse:
    """Take the key out of the address at once: it goes into no history and no log
    of a later page. Opening uses nothing up, so a mail scanner doesn't either."""
    if staff.link_of(key, now=timezone.now()) is None:
        return _gone(request)
    logout(request)
    request.session[_KEY] = key
    return redirect("set_up")


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Choose the first password; the second factor follows after signing in."""
    link = staff.link_of(request.session.get(_KEY, ""), now=timezone.now())
    if link is None:
        return _gone(request)
    form = FirstPassword(request.POST or None, person=link.user)
    if request.method == "POST" and form.is_valid():
        password = form.cleaned_data["password1"]
        try:
            staff.use_set_up_link(link=link, password=password, now=timezone.now())
        except ValidationError:
            return _gone(request)
        request.session.flush()
        messages.success(request, "Your password is set. Sign in with it now.")
        return redirect("account_login")
    told = {"form": form, "person": link.user}
    return render(request, "account/set_up.html", told)


def _gone(request: HttpRequest) -> HttpResponse:
    """The same for a link that was used, is too old, or never was."""
    request.session.pop(_KEY, None)
    return render(request, "account/set_up_gone.html", status=404)
