"""Risks and suppliers on the officers' desk: lists with clocks, and the steps."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from compliance.countdown import clock
from compliance.governance.desk import opened
from compliance.governance.people import names
from compliance.governance.registers import desk_steps
from compliance.governance.registers.models import Risk, RiskSignOff, Supplier
from plugseller.deskpages import WithWork
from plugseller.displayonly import roles_seeing

_SOON = timedelta(days=14)
Tools = list[tuple[str, str]]


class OpenFilter(admin.SimpleListFilter):
    """Those that are looked after, those that are late, and the rest."""

    title = "state"
    parameter_name = "state"
    ended = "closed_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("overdue", "Overdue"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        still = queryset.filter(**{self.ended: None})
        found = {
            "open": still,
            "overdue": still.filter(review_at__lte=timezone.now()),
            "ended": queryset.exclude(**{self.ended: None}),
        }
        return found.get(self.value() or "", queryset)


class EndedFilter(OpenFilter):
    ended = "ended_at"


class Register(WithWork):
    """What both lists share: a clock, an owner, buttons above and on each page."""

    seen_by = roles_seeing("registers")
    change_list_template = "admin/compliance/governance/list.html"
    change_form_template = "admin/compliance/governance/page.html"
    ordering = ("review_at", "pk")
    show_full_result_count = False

    @admin.display(description="Next review", ordering="review_at")
    def time_left(self, row: Risk | Supplier) -> str:
        now = timezone.now()
        return clock(row.review_at, is_open=row.is_open, now=now, soon=_SOON)

    @admin.display(description="Owner")
    def owner(self, row: Risk | Supplier) -> str:
        return names({row.owner_id})[row.owner_id]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"desk_tools": self.tools()}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def beside(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"desk_tools": self.steps(row) if row.is_open else []}

    def tools(self) -> Tools:
        """What can be done about the list."""
        raise NotImplementedError

    def steps(self, row: Any) -> Tools:
        """What can be done about one that is open."""
        raise NotImplementedError

    def ours(self, address: str, view: Callable[..., Any], name: str) -> URLPattern:
        whole = f"compliance_{self.opts.model_name}_{name}"
        pattern: URLPattern = path(address, opened(self, view), name=whole)
        return pattern


def _step(name: str, *args: object) -> str:
    return reverse(f"admin:compliance_{name}", args=args)


@admin.register(Risk)
class RiskAdmin(Register):
    """Risks and exceptions, the next to be reviewed first."""

    list_display = ("title", "kind", "rating", "treatment", "time_left")
    list_filter = (OpenFilter, "kind", "treatment")
    fields = readonly_fields = (
        "title",
        "kind",
        "owner",
        "likelihood",
        "impact",
        "rating",
        "treatment",
        "what_is_done",
        "opened_at",
        "reviewed_at",
        "review_at",
        "ends_at",
        "time_left",
        "closed_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("plan")

    @admin.display(description="What is done about it")
    def what_is_done(self, risk: Risk) -> str:
        return str(risk.plan.reveal())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        last = RiskSignOff.objects.first()
        signed = f"signed off {last.signed_at:%Y-%m-%d}" if last else "never signed off"
        return super().changelist_view(request, {"title": f"Risks: {signed}"})

    def tools(self) -> Tools:
        return [
            ("Add a risk or an exception", _step("risk_open")),
            ("Sign the register off", _step("risk_sign_off")),
        ]

    def steps(self, row: Risk) -> Tools:
        return [
            ("Review", _step("risk_review", row.pk)),
            ("Close", _step("risk_close", row.pk)),
        ]

    def get_urls(self) -> list[URLPattern]:
        return [
            self.ours("open/", desk_steps.open_risk, "open"),
            self.ours("sign-off/", desk_steps.sign_off, "sign_off"),
            self.ours("<uuid:pk>/review/", desk_steps.review_risk, "review"),
            self.ours("<uuid:pk>/close/", desk_steps.close_risk, "close"),
            *super().get_urls(),
        ]


@admin.register(Supplier)
class SupplierAdmin(Register):
    """Suppliers, the next to be assessed first."""

    list_display = ("name", "country", "assessed_on", "time_left")
    list_filter = (EndedFilter,)
    fields = readonly_fields = (
        "name",
        "reaches",
        "country",
        "owner",
        "added_at",
        "assessed_on",
        "review_at",
        "time_left",
        "ended_at",
    )

    def tools(self) -> Tools:
        return [("Add a supplier", _step("supplier_open"))]

    def steps(self, row: Supplier) -> Tools:
        return [
            ("Assessed", _step("supplier_review", row.pk)),
            ("Works for us no more", _step("supplier_close", row.pk)),
        ]

    def get_urls(self) -> list[URLPattern]:
        return [
            self.ours("open/", desk_steps.add_supplier, "open"),
            self.ours("<uuid:pk>/review/", desk_steps.assess_supplier, "review"),
            self.ours("<uuid:pk>/close/", desk_steps.end_supplier, "close"),
            *super().get_urls(),
        ]
