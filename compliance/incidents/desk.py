"""The officers' desk for incidents (INC-1): the list with its clocks, and the page.

Who is barred from a case doesn't find it here. Nothing is changed but by the buttons.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from compliance.incidents import desk_notices, desk_presses, desk_steps
from compliance.incidents.casework import Decision, NoticeDuty
from compliance.incidents.desk_shown import SOON, clock_of, work
from compliance.incidents.models import Incident
from compliance.incidents.services.people import hidden_from
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import roles_seeing

OPEN = ~Q(status__in=Incident.ENDED)


def due_by(found: QuerySet[Incident], instant: Any) -> QuerySet[Incident]:
    """Those of which a notice is owed by that instant."""
    owed = NoticeDuty.objects.filter(
        incident=OuterRef("pk"), is_needed=True, met_at=None
    )
    by = Q()
    for recipient, lasts in NoticeDuty.WITHIN.items():
        mine = Exists(owed.filter(recipient=recipient))
        by |= Q(mine, detected_at__lte=instant - lasts)
    return found.filter(OPEN).filter(by)


class IncidentState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "open": "Open",
        "new": "Nobody has looked at it",
        "overdue": "A notice is overdue",
        "soon": "A notice is due within 6 hours",
        "decide": "Waits for a second officer",
        "ended": "Ended",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        asked = Decision.objects.filter(
            incident=OuterRef("pk"), signed_at=None, refused_at=None
        )
        return {
            "open": queryset.filter(OPEN),
            "new": queryset.filter(status=Incident.Status.DETECTED),
            "overdue": due_by(queryset, now),
            "soon": due_by(queryset, now + SOON),
            "decide": queryset.filter(Exists(asked)),
            "ended": queryset.exclude(OPEN),
        }


@admin.register(Incident)
class IncidentAdmin(WithWork):
    """Incidents, the newest detection first."""

    seen_by = roles_seeing("incidents")
    list_display = ("name", "time_left", "title", "status", "severity", "detected_at")
    list_filter = (IncidentState, "is_drill", "status", "severity", "kind")
    ordering = ("-detected_at",)
    show_full_result_count = False
    fields = readonly_fields = (
        "reference",
        "title",
        "status",
        "kind",
        "severity",
        "detected",
        "entered",
        "involved",
        "data",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        found: QuerySet[Incident] = super().get_queryset(request)
        if isinstance(request.user, User):
            found = found.exclude(pk__in=hidden_from(request.user))
        return found.defer("facts").prefetch_related("duties")

    @admin.display(description="Incident", ordering="reference")
    def name(self, incident: Incident) -> str:
        drill = format_html('<span class="drill">{}</span> ', "Drill")
        return format_html(
            "{}{}", drill if incident.is_drill else "", incident.reference
        )

    @admin.display(description="Clock", ordering="detected_at")
    def time_left(self, incident: Incident) -> str:
        duties = list(incident.duties.all())
        for duty in duties:
            duty.incident = incident
        return clock_of(incident, duties, timezone.now())

    @admin.display(description="Detected")
    def detected(self, incident: Incident) -> str:
        how = incident.get_detected_by_display()
        rule = f", {incident.rule}" if incident.rule else ""
        return f"{incident.detected_at:%Y-%m-%d %H:%M:%S} UTC ({how}{rule})"

    @admin.display(description="Entered")
    def entered(self, incident: Incident) -> str:
        return f"{incident.entered_at:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="Amazon Information")
    def involved(self, incident: Incident) -> str:
        shops = ", ".join(one.title() for one in incident.marketplaces)
        return f"{incident.get_amazon_display()}. Marketplaces: {shops or 'not known'}"

    @admin.display(description="Kinds of data")
    def data(self, incident: Incident) -> str:
        return ", ".join(incident.data_kinds) or "not known yet"

    def get_urls(self) -> list[URLPattern]:
        def ours(address: str, view: Callable[..., Any], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(address, wrapped, name=f"compliance_incident_{name}")

        notices, steps = desk_notices, desk_steps
        sending = "<uuid:pk>/sending/<uuid:sending_id>/<slug:step>/"
        return [
            ours("open/", steps.open_here, "open"),
            ours("arming/", notices.arming, "arming"),
            ours("<uuid:pk>/do/<slug:step>/", steps.take_step, "step"),
            ours("<uuid:pk>/words/", desk_presses.show_words, "words"),
            ours(
                "<uuid:pk>/decisions/<uuid:decision>/<slug:step>/",
                desk_presses.decide,
                "decision",
            ),
            ours(
                "<uuid:pk>/runbook/<uuid:step_id>/<slug:step>/",
                desk_presses.runbook,
                "runbook",
            ),
            ours(
                "<uuid:pk>/notices/<slug:recipient>/<slug:step>/",
                notices.notice,
                "notice",
            ),
            ours("<uuid:pk>/sent/<uuid:notice_id>/", notices.sent_notice, "sent"),
            ours(sending, notices.sending, "sending"),
            ours("<uuid:pk>/verbs/<slug:verb>/", steps.do_verb, "verb"),
            *super().get_urls(),
        ]

    def beside(self, request: HttpRequest, row: Incident) -> dict[str, Any]:
        return work(row, officer_of(request), timezone.now())
