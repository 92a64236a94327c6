"""Trainings on the officers' desk: who is due, what was recorded, and the form."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from compliance.governance.desk import (
    DayField,
    StaffField,
    form_page,
    given,
    opened,
)
from compliance.governance.people import Stands, names, personnel
from compliance.governance.training import services
from compliance.governance.training.models import Training
from plugseller.accounts.models import User
from plugseller.displayonly import DisplayOnly, roles_seeing


class TrainingForm(forms.Form):
    person = StaffField(
        label="Who", help_text="Nobody records their own: another officer does."
    )
    course = forms.ChoiceField(label="Course", choices=Training.Course.choices)
    taken_on = DayField(label="Taken on")
    evidence = forms.CharField(
        label="Evidence",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How you know: a certificate's number, or that you held the course. "
        "It is sealed, and shown to officers.",
    )


@admin.register(Training)
class TrainingAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Every training; above them, when each of us is due."""

    seen_by = roles_seeing("trainings")
    change_list_template = "admin/compliance/governance/list.html"
    change_form_template = "admin/compliance/governance/page.html"
    list_display = ("short", "role", "course", "taken_on", "expires_on")
    list_filter = ("course", "role")
    ordering = ("-taken_on", "pk")
    show_full_result_count = False
    fields = readonly_fields = (
        "who",
        "role",
        "course",
        "taken_on",
        "expires_on",
        "how_known",
        "recorded_at",
        "recorder",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("evidence")

    @admin.display(description="Person", ordering="person_id")
    def short(self, training: Training) -> str:
        return str(training.person_id)[:8]

    @admin.display(description="Person")
    def who(self, training: Training) -> str:
        return names({training.person_id})[training.person_id]

    @admin.display(description="Evidence")
    def how_known(self, training: Training) -> str:
        return str(training.evidence.reveal())

    @admin.display(description="Recorded by")
    def recorder(self, training: Training) -> str:
        return names({training.recorded_by})[training.recorded_by]

    def get_urls(self) -> list[URLPattern]:
        record = path(
            "record/", opened(self, record_page), name="compliance_training_record"
        )
        return [record, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "title": "Trainings",
            "desk_caption": f"When each of us is due: {services.YEARLY.label}",
            "desk_people": due_list(timezone.now()),
            "desk_tools": [
                ("Record a training", reverse("admin:compliance_training_record"))
            ],
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})


def due_list(now: datetime) -> list[Stands]:
    """Each of us with the day they are due, who is late first; two queries."""
    people = list(personnel())
    dues = services.dues(people)
    return [
        Stands(one, _told(dues[one.pk], now), late=dues[one.pk] <= now)
        for one in sorted(people, key=lambda one: dues[one.pk])
    ]


def _told(due_at: datetime, now: datetime) -> str:
    if due_at <= now:
        return f"Overdue since {due_at:%Y-%m-%d}"
    return f"Due by {due_at:%Y-%m-%d}"


def record_page(request: HttpRequest) -> HttpResponse:
    """Record that somebody else of us was trained."""

    def do(officer: User, told: dict[str, Any], now: datetime) -> None:
        services.record_training(actor=officer, now=now, **told)

    return form_page(
        request,
        TrainingForm(given(request)),
        do,
        model=Training,
        title="Record a training",
        says="A record can't be changed or removed. It counts for 12 months.",
    )
