"""The officers' desk for deletion requests: to read in the order of work (RET-2).

Officers see requests and what became of them, never a seller's orders. Nothing is
changed but by the buttons, and there is no way to act on several requests at once.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from compliance.clocks import DUTIES, Deadline, visible_to
from compliance.countdown import clock
from compliance.deletion import desk_steps
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import needs_second_person
from compliance.deletion.services.holding import of_same_data
from compliance.deletion.services.letters import spoken
from compliance.deletion.services.steps import OPEN, seller_of
from compliance.deletion.states import Status
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import DisplayOnly, roles_seeing

_SOON = timedelta(days=5)


class RequestState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "open": "Open",
        "overdue": "Overdue",
        "soon": "Due within 5 days",
        "decide": "Wait for an officer",
        "ended": "Ended",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        waits = (Status.RECEIVED, Status.VERIFIED)
        return {
            "open": queryset.filter(OPEN),
            "overdue": queryset.filter(OPEN, due_at__lte=now),
            "soon": queryset.filter(OPEN, due_at__lte=now + _SOON),
            "decide": queryset.filter(status__in=waits),
            "ended": queryset.exclude(OPEN),
        }


@admin.register(DeletionRequest)
class DeletionRequestAdmin(WithWork):
    """Requests, the most urgent first."""

    seen_by = roles_seeing("deletion requests")
    list_display = ("reference", "time_left", "status", "source", "kind", "received_at")
    list_filter = (RequestState, "status", "source")
    ordering = ("due_at",)
    show_full_result_count = False
    fields = readonly_fields = (
        "reference",
        "status",
        "door",
        "scope",
        "who_asked",
        "identity",
        "verified_at",
        "second_person",
        "received_at",
        "due_at",
        "time_left",
        "starts_at",
        "began_at",
        "keys_destroyed_at",
        "erased_at",
        "ended_at",
        "reason",
        "joined",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeletionRequest]:
        found: QuerySet[DeletionRequest] = super().get_queryset(request)
        return found.defer("contact").select_related("joined_to")

    @admin.display(description="Clock", ordering="due_at")
    def time_left(self, request: DeletionRequest) -> str:
        return clock(
            request.due_at, is_open=request.is_open, now=timezone.now(), soon=_SOON
        )

    @admin.display(description="Came by")
    def door(self, request: DeletionRequest) -> str:
        labels = dict(DeletionRequest.Source.choices)
        also = [labels.get(source, source) for source in request.also_from]
        return "; also ".join([request.get_source_display(), *also])

    @admin.display(description="Is about")
    def scope(self, request: DeletionRequest) -> str:
        seller = seller_of(request)
        of = f" of {seller.slug}" if seller else ""
        kind = str(request.get_kind_display())
        what = request.what if request.what == kind else f"{kind}: {request.what}"
        return f"{what}{of}"

    @admin.display(description="Who asked")
    def who_asked(self, request: DeletionRequest) -> str:
        """Sealed; the button opens it where an answer needs it, and that is logged."""
        if request.requested_by:
            return "A user of ours; sealed"
        return "Sealed" if request.contact else "Nobody: it came by itself"

    @admin.display(description="Second person")
    def second_person(self, request: DeletionRequest) -> str:
        if not needs_second_person(request):
            return "not needed"
        if request.status != Status.VERIFIED:
            return "needed"
        if request.starts_at is None:
            return "awaited; an owner objected, so it doesn't begin by itself"
        return f"awaited; without it begins on {spoken(request.starts_at, UTC)}"

    @admin.display(description="About the same data")
    def joined(self, request: DeletionRequest) -> str:
        if request.joined_to:
            return f"joined to {request.joined_to.reference}, which shares its date"
        others = list(request.joined.values_list("reference", flat=True))
        return f"joined to this one: {', '.join(others)}" if others else "none"

    def get_urls(self) -> list[URLPattern]:
        def ours(address: str, view: Callable[..., Any], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(address, wrapped, name=f"compliance_deletionrequest_{name}")

        return [
            ours("record/", desk_steps.record_request, "record"),
            ours("<uuid:pk>/who-asked/", desk_steps.show_requester, "requester"),
            ours("<uuid:pk>/do/<slug:step>/", desk_steps.take_step, "step"),
            ours("<uuid:pk>/certificate/", desk_steps.certificate_file, "certificate"),
            ours("hold/<uuid:pk>/<slug:step>/", desk_steps.take_hold_step, "hold"),
            *super().get_urls(),
        ]

    def beside(self, request: HttpRequest, row: DeletionRequest) -> dict[str, Any]:
        return _work(row, request.user)


def _work(request: DeletionRequest, reader: Any) -> dict[str, Any]:
    """What the page shows below the request itself, in the order of work."""
    now = timezone.now()
    steps = list(request.steps.all())
    officers = User.objects.in_bulk({one.actor_id for one in steps if one.actor_id})
    return {
        "about": request,
        "desk_steps": desk_steps.offered(request, reader),
        "has_contact": bool(request.contact),
        "is_overdue": request.is_overdue(now),
        "holds": [
            {
                "hold": hold,
                "stands": hold.stands_at(now),
                "may_approve": hold.waits_at(now) and hold.asked_by != reader.pk,
                "may_release": hold.released_at is None and hold.ends_at > now,
            }
            for hold in of_same_data(request).select_related("request")
        ],
        "steps": [
            {"step": step, "by": _by(officers.get(step.actor_id), step.actor_id)}
            for step in steps
        ],
        "outcomes": list(request.outcomes.all()),
        "certificates": list(request.certificates.all()),
    }


def _by(person: User | None, actor_id: Any) -> str:
    """Our own staff by name, a seller's people by what they are: requests outlive
    them, and their names are what is deleted."""
    if actor_id is None:
        return "by itself"
    return person.email if person and person.is_staff else "who asked, or an owner"


@admin.register(Deadline)
class DeadlineAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Every clock: those that run, the most urgent first, then those that ended."""

    seen_by = roles_seeing("deadlines")
    list_display = ("promise", "label", "due_at", "time_left", "warned", "escalated_at")
    list_filter = ("duty",)
    ordering = ("-ended_at", "due_at")
    show_full_result_count = False
    fields = readonly_fields = (
        "promise",
        "label",
        "started_at",
        "due_at",
        "time_left",
        "warned",
        "acted_at",
        "escalated_at",
        "met_at",
        "ended_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deadline]:
        return visible_to(officer_of(request))

    @admin.display(description="Promise", ordering="duty")
    def promise(self, deadline: Deadline) -> str:
        found = DUTIES.get(deadline.duty)
        return found.duty.label if found else deadline.duty

    @admin.display(description="Clock", ordering="due_at")
    def time_left(self, deadline: Deadline) -> str:
        now = timezone.now()
        if deadline.was_late:
            return format_html('<strong class="overdue">{}</strong>', "met late")
        return clock(deadline.due_at, is_open=deadline.is_running, now=now, soon=_SOON)
