"""What every signed-in person passes before any page (ACC-2).

A session that lasted too long is over. Whoever has no second factor yet reaches only
the pages that set one up; whose password is too old, only the page that changes it.
Behind that stand the gates that the floors above put on the shelf: who isn't through
reaches the gate's page and their own account, whatever pages there come to be.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from plugseller.accounts import passwords, sessions
from plugseller.accounts.models import User
from plugseller.problems import is_programs, problem
from plugseller.shelves import GATES

_ALWAYS = frozenset({"account_logout", "desk_sign_out", "security_txt", "readyz"})
SETTING_UP = _ALWAYS | {
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_set_password",
}
"""Names of the pages that are open before a second factor is set up."""

RENEWING = _ALWAYS | {
    "account_change_password",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
}
"""Names of the pages that are open while the password is too old."""

OWN_ACCOUNT = (
    SETTING_UP
    | RENEWING
    | {
        "account_email",
        "mfa_index",
        "mfa_deactivate_totp",
        "mfa_list_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "usersessions_list",
        "favicon",
    }
)
"""Names of the pages that are open before a gate."""

_FACTOR = "Set up a second factor first, in a browser."
_PASSWORD = "Your password is too old. Change it first, in a browser."  # noqa: S105


class Guard:
    """Turns a request away that isn't ready to be answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        return self._turned_away(request, user) or self.get_response(request)

    def _turned_away(self, request: HttpRequest, user: User) -> HttpResponse | None:
        now = timezone.now()
        if sessions.is_over(request.session, user, now=now):
            logout(request)
            if is_programs(request):
                return problem(401, "The session is over. Sign in again.")
            messages.info(request, "Your session is over. Sign in again to go on.")
            back = {"next": request.get_full_path()} if request.method == "GET" else {}
            return redirect(f"{reverse('account_login')}?{urlencode(back)}")
        sessions.note_use(request.session, now=now)
        page = _page(request)
        if not has_second_factor(user):
            missing, lead, open_now = _FACTOR, "mfa_activate_totp", SETTING_UP
        elif passwords.is_too_old(user, now=now):
            missing, lead, open_now = _PASSWORD, "account_change_password", RENEWING
        else:
            return _before_a_gate(request, user, page)
        if page in open_now:
            return None
        return problem(403, missing) if is_programs(request) else redirect(lead)


def _before_a_gate(request: HttpRequest, user: User, page: str) -> HttpResponse | None:
    """What is open is listed, so that a page nobody thought of is shut."""
    if page in OWN_ACCOUNT:
        return None
    for gate in GATES.values():
        if page == gate.page or not gate.shuts(user):
            continue
        if is_programs(request):
            return problem(403, gate.sentence)
        return render(request, "accounts/gate.html", {"gate": gate}, status=403)
    return None


def has_second_factor(user: User | AnonymousUser) -> bool:
    """Whether the person can prove more than a password. Recovery codes alone don't
    count: they come with a factor and go with it."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


def _page(request: HttpRequest) -> str:
    """Its name with the namespace: what is open is named without one."""
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
