"""API keys: one's own, and those of the team's machines."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from plugseller.accounts import services
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.models import ApiToken
from plugseller.accounts.roles import FOR_TOKENS, Permission
from plugseller.accounts.services.tokens import grantable_to

_ENDED_SHOWN = timedelta(days=30)  # how long an ended key stays on the page


class TokenForm(forms.Form):
    """What a new key is for, what it may see, and how long it lasts."""

    label = forms.CharField(
        max_length=80, label="Name", help_text="So that you know it again later."
    )
    kind = forms.ChoiceField(
        choices=ApiToken.Kind.choices,
        label="For",
        help_text="Personal: only you see it. Machine: whoever manages the team can "
        "renew and end it too.",
    )
    permissions = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        error_messages={"required": "Tick at least one."},
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=settings.API_TOKEN_LONGEST.days,
        initial=90,
        label="Days until it ends",
        help_text=f"{settings.API_TOKEN_LONGEST.days} at most. It is renewed by hand.",
    )

    def __init__(self, data: Any = None, *, desk: Desk) -> None:
        super().__init__(data, label_suffix="")
        held = grantable_to(desk.standing)
        permissions: Any = self.fields["permissions"]
        permissions.choices = [(p.value, p.label) for p in FOR_TOKENS if p in held]
        if not desk.manages_members:
            self.fields["kind"].widget = forms.HiddenInput()
            self.fields["kind"].initial = ApiToken.Kind.PERSONAL.value


@login_required
@require_safe
@confirmed
def token_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The keys somebody answers for, those that end first at the top."""
    desk, now = _desk(request, slug), timezone.now()
    shown = _own(desk).exclude(revoked_at__lt=now - _ENDED_SHOWN)
    shown = shown.exclude(expiry__lt=now - _ENDED_SHOWN)
    tokens = list(shown.select_related("user").order_by("expiry", "id"))
    context = {
        "live": [
            (token, token.ends_within(settings.API_TOKEN_WARNING, now=now))
            for token in tokens
            if token.is_live(now)
        ],
        "ended": [token for token in tokens if not token.is_live(now)],
        "now": now,
    }
    return show(request, desk, "accounts/api_tokens.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
@sensitive_variables("shown")
def token_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a key. The answer shows it, and nothing shows it again."""
    desk = _desk(request, slug)
    form = TokenForm(request.POST if request.method == "POST" else None, desk=desk)
    if request.method == "POST" and form.is_valid():
        try:
            token, shown = services.make_token(
                actor=desk.user,
                seller=desk.seller,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            return _shown_once(request, desk, token, shown)
    status = 400 if form.errors else 200
    return show(
        request, desk, "accounts/api_token_new.html", {"form": form}, status=status
    )


@login_required
@require_POST
@confirmed
@sensitive_variables("shown")
def token_rotate(request: HttpRequest, slug: str, token: UUID) -> HttpResponse:
    """Put a new key in the place of one; both work for a while."""
    desk = _desk(request, slug)
    old = get_object_or_404(_own(desk), pk=token)
    try:
        new, shown = services.rotate_token(
            actor=desk.user, token=old, now=timezone.now()
        )
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
        return redirect("api_tokens", slug)
    old.refresh_from_db()
    return _shown_once(request, desk, new, shown, old_until=old.expiry)


@login_required
@require_POST
@confirmed
def token_revoke(request: HttpRequest, slug: str, token: UUID) -> HttpResponse:
    """End a key at once."""
    desk = _desk(request, slug)
    ending = get_object_or_404(_own(desk), pk=token)
    services.revoke_token(actor=desk.user, token=ending, now=timezone.now())
    messages.success(
        request, f"The key {ending.label} has ended. No program can use it any more."
    )
    return redirect("api_tokens", slug)


def _desk(request: HttpRequest, slug: str) -> Desk:
    """The seller's desk, for its own people. Staff see by grant, and have no keys."""
    desk = open_desk(request, slug)
    if desk.user.is_staff:
        raise PermissionDenied
    return desk


def _own(desk: Desk) -> QuerySet[ApiToken]:
    """One's own keys at this seller, and machines' for who manages the team."""
    theirs = Q(user=desk.user)
    if desk.may(Permission.MANAGE_MEMBERS):
        theirs |= Q(kind=ApiToken.Kind.MACHINE)
    return ApiToken.objects.filter(theirs, seller=desk.seller).select_related("seller")


@sensitive_variables("shown")
def _shown_once(
    request: HttpRequest,
    desk: Desk,
    token: ApiToken,
    shown: str,
    old_until: datetime | None = None,
) -> HttpResponse:
    """The page with the key. It stands in no session and no address."""
    context = {"token": token, "shown": shown, "old_until": old_until}
    response = show(request, desk, "accounts/api_token_shown.html", context)
    response["Cache-Control"] = "no-store, private"
    return response
