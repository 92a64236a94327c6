"""The officers' desk for reviews: the list with its clocks, and one review's page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from compliance import countdown
from compliance.governance.reviews import desk_steps
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.telling import with_open_counts
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import roles_seeing

_SOON = timedelta(days=2)


class ReviewState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "open": "Open",
        "overdue": "Overdue",
        "soon": "Due within 2 days",
        "signed": "Signed",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        unsigned = queryset.filter(signed_at=None)
        return {
            "open": unsigned,
            "overdue": unsigned.filter(due_at__lte=now),
            "soon": unsigned.filter(due_at__lte=now + _SOON),
            "signed": queryset.filter(signed_at__isnull=False),
        }


@admin.register(Review)
class ReviewAdmin(WithWork):
    """Reviews: those that are open, the most urgent first, then those signed."""

    seen_by = roles_seeing("reviews")
    list_display = ("review", "time_left", "due_at", "undecided", "ends", "signed_at")
    list_filter = (ReviewState, "kind")
    ordering = (F("signed_at").desc(nulls_first=True), "due_at", "pk")
    show_full_result_count = False
    fields = readonly_fields = (
        "review",
        "period",
        "due_at",
        "time_left",
        "seed",
        "signed_at",
        "signer",
        "hash",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        found: QuerySet[Review] = super().get_queryset(request)
        return with_open_counts(found.defer("note"))

    @admin.display(description="Review", ordering="kind")
    def review(self, review: Review) -> str:
        return desk_steps.title_of(review)

    @admin.display(description="Clock", ordering="due_at")
    def time_left(self, review: Review) -> str:
        return clock(review, timezone.now())

    @admin.display(description="Open lines")
    def undecided(self, review: Review) -> str:
        return f"{review.left} of {review.total}"  # type: ignore[attr-defined]  # annotated

    @admin.display(description="Looks at")
    def period(self, review: Review) -> str:
        return f"{review.begins:%Y-%m-%d %H:%M} to {review.ends:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="Signed by")
    def signer(self, review: Review) -> str:
        return desk_steps.signer_of(review)

    def get_urls(self) -> list[URLPattern]:
        def ours(address: str, view: Callable[..., Any], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(address, wrapped, name=f"compliance_review_{name}")

        return [
            ours("<uuid:pk>/decide/", desk_steps.take_decisions, "decide"),
            ours("<uuid:pk>/keep/", desk_steps.keep_all, "keep"),
            ours("<uuid:pk>/sign/", desk_steps.sign, "sign"),
            *super().get_urls(),
        ]

    def beside(self, request: HttpRequest, row: Review) -> dict[str, Any]:
        return desk_steps.page_of(request, row)


def clock(review: Review, now: datetime) -> str:
    """The time that is left, red when there is none; or that it was signed."""
    if review.signed_at is None:
        return countdown.clock(review.due_at, is_open=True, now=now, soon=_SOON)
    late = review.signed_at >= review.due_at
    if late and review.signed_by is not None:
        return format_html('<strong class="overdue">{}</strong>', "signed late")
    return "signed"
