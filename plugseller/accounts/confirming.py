"""Dangerous steps ask for the second factor again, unless it was just shown (ACC-2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from plugseller.accounts.guard import has_second_factor

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]


def confirmed(view: View[Rest]) -> View[Rest]:
    """Open the view only to who showed a second factor in the last minutes.

    Others are led to the page that asks for it, and back; what they had sent is done
    then. Goes below `login_required`.
    """

    @wraps(view)
    def opened(
        request: HttpRequest, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponseBase:
        if is_confirmed(request, now=timezone.now()):
            return view(request, *args, **kwargs)
        return ask(request)

    return cast("View[Rest]", opened)


def is_confirmed(
    request: HttpRequest, *, now: datetime, by: tuple[str, ...] = ("mfa",)
) -> bool:
    """Whether this session showed a second factor (or what `by` says) lately."""
    shown = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("method") in by
    ]
    lasts = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    return bool(shown) and now.timestamp() - max(shown) < lasts.total_seconds()


def ask(request: HttpRequest) -> HttpResponseBase:
    """To the page that asks for the second factor, and then back to this request."""
    kinds: set[Any] = set(
        Authenticator.objects.filter(user_id=request.user.pk).values_list(
            "type", flat=True
        )
    )
    typed = Authenticator.Type.TOTP in kinds or Authenticator.Type.WEBAUTHN not in kinds
    page = "mfa_reauthenticate" if typed else "mfa_reauthenticate_webauthn"
    answer: HttpResponseBase = suspend_request(request, reverse(page))
    return answer


def guarded(view: Any) -> Any:
    """For views that change how somebody signs in: signed in, confirmed a short while
    ago, and done together with the audit entry or not at all."""
    return login_required(confirmed(transaction.atomic(view)))


def guarded_but_first(view: Any) -> Any:
    """Nobody can show a second factor before there is one: allauth then asks for the
    password, unless it was typed a short while ago."""
    whole: Any = transaction.atomic(view)
    later: Any = confirmed(whole)

    def opened(request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = (
            later(request) if has_second_factor(request.user) else whole(request)
        )
        return answer

    return login_required(opened)
