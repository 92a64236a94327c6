"""Staff access on the desk: asked for, decided about, reviewed (ACC-1).

The page itself is for reading; each step is a service's, like everywhere.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from plugseller.accounts.confirming import confirmed
from plugseller.accounts.grant_forms import AskForm, BreakGlassForm
from plugseller.accounts.models import Grant, User
from plugseller.accounts.models.grants import live_at, to_review_at, waiting_at
from plugseller.accounts.services import (
    GrantRefused,
    approve_grant,
    break_glass,
    drop_grant,
    refuse_grant,
    request_grant,
    review_grant,
)
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import roles_seeing


class GrantState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "waiting": "Waits for a decision",
        "live": "Open now",
        "review": "Waits for review",
        "over": "Over",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        wanted = {
            "waiting": waiting_at(now),
            "live": live_at(now),
            "review": to_review_at(now),
            "over": ~waiting_at(now) & ~live_at(now),
        }
        return {name: queryset.filter(state) for name, state in wanted.items()}


@admin.register(Grant)
class GrantAdmin(WithWork):
    """Officers see everybody's, others their own."""

    seen_by = roles_seeing("grants")
    list_display = ("seller", "who", "role", "state", "asked_at", "ends_at", "ticket")
    list_filter = (GrantState,)
    list_select_related = ("seller", "person")
    ordering = ("-asked_at",)
    show_full_result_count = False
    fields = readonly_fields = (
        "state",
        "short_name",
        "who",
        "role",
        "may",
        "reason",
        "ticket",
        "hours",
        "break_glass",
        "asked_at",
        "approved",
        "starts_at",
        "ends_at",
        "ended_at",
        "review_due_at",
        "reviewed",
        "reviewed_at",
        "review",
    )

    @admin.display(description="State")
    def state(self, grant: Grant) -> str:
        return grant.state_at(timezone.now()).label

    @admin.display(description="Seller")
    def short_name(self, grant: Grant) -> str:
        """Without the link that Django makes, which isn't everybody's to follow."""
        return grant.seller.slug

    @admin.display(description="Person")
    def who(self, grant: Grant) -> str:
        return grant.person.email

    @admin.display(description="May")
    def may(self, grant: Grant) -> str:
        return ", ".join(grant.opens)

    @admin.display(description="Approved by")
    def approved(self, grant: Grant) -> str:
        return grant.approved_by.email if grant.approved_by else "nobody"

    @admin.display(description="Reviewed by")
    def reviewed(self, grant: Grant) -> str:
        return grant.reviewed_by.email if grant.reviewed_by else "nobody"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        every: QuerySet[Grant] = super().get_queryset(request)
        related = every.select_related("seller", "person", "approved_by", "reviewed_by")
        return (
            related if _is_officer(request) else related.filter(person=_person(request))
        )

    def get_urls(self) -> list[URLPattern]:
        def ours(address: str, view: Callable[..., Any], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(address, wrapped, name=f"accounts_grant_{name}")

        return [
            ours("ask/", _ask, "ask"),
            ours("break-glass/", _break_glass, "break_glass"),
            ours("<uuid:pk>/approve/", _approve, "approve"),
            ours("<uuid:pk>/refuse/", _refuse, "refuse"),
            ours("<uuid:pk>/review/", _review, "review"),
            ours("<uuid:pk>/drop/", _drop, "drop"),
            *super().get_urls(),
        ]

    def beside(self, request: HttpRequest, row: Grant) -> dict[str, Any]:
        return _steps_of(request, row)


def _steps_of(request: HttpRequest, grant: Grant) -> dict[str, Any]:
    """What this person may do about it now; the template shows a button for each."""
    now = timezone.now()
    own = grant.person_id == request.user.pk
    decides = _is_officer(request) and not own
    return {
        "grant": grant,
        "may_decide": decides and grant.is_waiting(now),
        "may_review": decides and grant.waits_for_review(now),
        "may_drop": own and (grant.is_waiting(now) or grant.is_live(now)),
        "may_open": own and grant.is_live(now),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def _ask(request: HttpRequest) -> HttpResponse:
    form = AskForm(request.POST if request.method == "POST" else None)

    def send(given: dict[str, Any]) -> Grant:
        return request_grant(actor=_person(request), now=timezone.now(), **given)

    said = "Asked. Nothing is open until another officer approves; you get a mail."
    return _form_page(request, form, send, said, title="Ask for access")


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def _break_glass(request: HttpRequest) -> HttpResponse:
    if not _is_officer(request):
        raise PermissionDenied
    form = BreakGlassForm(request.POST if request.method == "POST" else None)

    def send(given: dict[str, Any]) -> Grant:
        return break_glass(actor=_person(request), now=timezone.now(), **given)

    said = "The seller is open to you. Every officer and the owners were mailed."
    return _form_page(
        request, form, send, said, title="Open a seller in an emergency", alone=True
    )


def _form_page(
    request: HttpRequest,
    form: forms.Form,
    send: Callable[[dict[str, Any]], Grant],
    said: str,
    **context: Any,
) -> HttpResponse:
    if form.is_valid():
        try:
            made = send(form.cleaned_data)
        except GrantRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, said)
            return redirect("admin:accounts_grant_change", made.pk)
    whole = {
        **admin.site.each_context(request),
        "form": form,
        "opts": Grant._meta,
        **context,
    }
    status = 400 if form.errors else 200
    return render(request, "admin/accounts/grant/ask.html", whole, status=status)


@require_POST
@confirmed
def _approve(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    hours = _hours(request.POST.get("hours", ""))
    said = "Approved. The access began now."
    return _step(request, pk, approve_grant, said, hours=hours)


def _hours(written: str) -> int | None:
    """As many as asked for if nothing was written; 0, which is refused, for what is no
    number of hours."""
    if not written:
        return None
    is_number = written.isascii() and written.isdecimal() and len(written) <= 2
    return int(written) if is_number else 0


@require_POST
@confirmed
def _refuse(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    return _step(request, pk, refuse_grant, "Refused. Nothing was opened.")


@require_POST
@confirmed
def _review(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    written = request.POST.get("review", "")
    return _step(request, pk, review_grant, "The review is kept.", review=written)


@require_POST
def _drop(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    return _step(request, pk, drop_grant, "Given back. The seller is closed to you.")


def _step(
    request: HttpRequest,
    pk: UUID,
    service: Callable[..., Grant],
    said: str,
    **given: str | int | None,
) -> HttpResponse:
    """Call the service about a grant this person sees on the desk."""
    seen = Grant.objects.filter(pk=pk)
    if not _is_officer(request):
        seen = seen.filter(person=_person(request))
    grant = get_object_or_404(seen.select_related("seller", "person"))
    try:
        service(actor=_person(request), grant=grant, now=timezone.now(), **given)
    except GrantRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("admin:accounts_grant_change", pk)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _is_officer(request: HttpRequest) -> bool:
    return _person(request).is_officer
