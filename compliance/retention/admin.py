"""Retention on the officers' desk: what is held, and what went. Counts, no rows."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from compliance.models import Purge
from compliance.retention.figures import all_held
from plugseller.displayonly import DisplayOnly, roles_seeing


@admin.register(Purge)
class PurgeAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What retention removed, place by place."""

    seen_by = roles_seeing("retention")
    change_list_template = "admin/compliance/purges.html"
    list_display = fields = (
        "holding",
        "rule",
        "began_at",
        "ended_at",
        "rows",
        "broken_off",
    )
    list_filter = ("rule", "broken_off")
    ordering = ("-began_at", "holding")
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        shown: Any = self.admin_site.admin_view(require_safe(self.inventory))
        return [
            path("inventory/", shown, name="data_inventory"),
            *super().get_urls(),
        ]

    def inventory(self, request: HttpRequest) -> HttpResponse:
        """Every place where data lies, and how much of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "What we hold",
            "found": all_held(timezone.now()),
            "opts": self.opts,
        }
        return render(request, "admin/compliance/inventory.html", context)
