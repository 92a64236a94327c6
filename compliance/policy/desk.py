"""The register on the officers' desk: each promise, its controls, what they found."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compliance.policy.models import ControlResult
from compliance.policy.promises import BY_ID
from compliance.policy.services import run_for
from compliance.policy.standing import looks, standings
from plugseller.displayonly import DisplayOnly, roles_seeing
from plugseller.shelves import CONTROLS, Control

_SHOWN = 50  # results of one control; the list has them all


@admin.register(ControlResult)
class ControlResultAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What controls found, the newest first."""

    seen_by = roles_seeing("controls")
    change_list_template = "admin/compliance/controls.html"
    list_display = ("at", "promise", "name", "verdict", "sentence")
    list_filter = ("verdict", "promise", "name")
    ordering = ("-id",)
    show_full_result_count = False
    fields = readonly_fields = (
        "name",
        "promise",
        "verdict",
        "sentence",
        "evidence",
        "at",
        "took",
    )

    def get_urls(self) -> list[URLPattern]:
        def ours(address: str, view: Any, name: str) -> URLPattern:
            wrapped: Callable[..., HttpResponse] = self.admin_site.admin_view(view)
            return path(address, wrapped, name=name)

        return [
            ours("register/", require_safe(self.register), "policy_register"),
            ours("register/<str:name>/", require_safe(self.control), "policy_control"),
            ours("register/<str:name>/run/", require_POST(self.run), "policy_run"),
            *super().get_urls(),
        ]

    def register(self, request: HttpRequest) -> HttpResponse:
        """Every promise and how it stands."""
        title = "Promises and their controls"
        found = standings(timezone.now())
        return self._page(request, "register", title, standings=found)

    def control(self, request: HttpRequest, name: str) -> HttpResponse:
        """One control: how it stands, its history, its evidence."""
        control = _known(name)
        [looked] = looks([control], timezone.now())
        history = ControlResult.objects.filter(name=name)[:_SHOWN]
        return self._page(
            request,
            "control",
            control.label,
            looked=looked,
            promise=BY_ID.get(control.promise),
            history=history,
        )

    def run(self, request: HttpRequest, name: str) -> HttpResponse:
        """The button "Run now"."""
        self._refuse(request)
        control, officer = _known(name), request.user
        result = run_for(actor=officer, control=control, now=timezone.now())  # type: ignore[arg-type]  # signed in: of our staff
        level = messages.ERROR if result.failed else messages.SUCCESS
        messages.add_message(request, level, f"{result.verdict}: {result.sentence}")
        return redirect("admin:policy_control", name)

    def _page(
        self, request: HttpRequest, template: str, title: str, **context: object
    ) -> HttpResponse:
        self._refuse(request)
        return render(
            request,
            f"admin/compliance/policy/{template}.html",
            {
                **self.admin_site.each_context(request),
                "title": title,
                "opts": self.opts,
                **context,
            },
        )

    def _refuse(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _known(name: str) -> Control:
    if name not in CONTROLS:
        raise Http404
    return CONTROLS[name]
