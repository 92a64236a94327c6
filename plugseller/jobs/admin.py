"""Background work on the operator's desk; display only.

The package's own pages let a superuser schedule any function with any arguments, and
so read every seller's data through the worker (ACC-1).
"""

import django_q.admin  # noqa: F401 - registers its own pages, which go
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

from plugseller.displayonly import DisplayOnly

for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Schedule)
class ScheduleAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """The timetable."""

    list_display = fields = ("name", "func", "schedule_type", "minutes", "next_run")
    ordering = ("name",)


@admin.register(Success, Failure)
class TaskAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What ran, and when; not what it was given or gave back."""

    list_display = fields = ("name", "func", "started", "stopped", "attempt_count")
    list_filter = ("func",)
    ordering = ("-stopped",)
    show_full_result_count = False
