"""Background work on the operator's desk; display only.

The package's own pages let a superuser schedule any function with any arguments, and
so read every seller's data through the worker (ACC-1).
"""

import django_q.admin  # noqa: F401 - registers its own pages, which go
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from plugseller.displayonly import DisplayOnly, roles_seeing
from plugseller.jobs.models import OutgoingMail, Run

for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Schedule)
class ScheduleAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """The timetable."""

    seen_by = roles_seeing("timetable")
    list_display = fields = ("name", "func", "schedule_type", "minutes", "next_run")
    ordering = ("name",)


@admin.register(Success, Failure)
class TaskAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What ran, and when; not what it was given or gave back."""

    seen_by = roles_seeing("work")
    list_display = fields = ("name", "func", "started", "stopped", "attempt_count")
    list_filter = ("func",)
    ordering = ("-stopped",)
    show_full_result_count = False


@admin.register(Run)
class RunAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What the timetable ran, and how each run ended."""

    seen_by = roles_seeing("work")
    list_display = fields = (
        "name",
        "started_at",
        "beat_at",
        "ended_at",
        "outcome",
        "rows",
        "note",
    )
    list_filter = ("outcome", "name")
    ordering = ("-started_at", "-pk")
    show_full_result_count = False


@admin.register(OutgoingMail)
class MailAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Whether mail goes out; not to whom, nor what it says."""

    seen_by = roles_seeing("mails")
    list_display = fields = (
        "id",
        "state",
        "attempts",
        "trouble",
        "posted_at",
        "try_at",
        "done_at",
    )
    list_filter = ("state",)
    ordering = ("-posted_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        return super().get_queryset(request).defer("content")
