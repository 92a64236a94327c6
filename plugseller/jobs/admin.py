"""Background work on the operator's desk; display only.

The package's own pages let a superuser schedule any function with any arguments, and
so read every seller's data through the worker (ACC-1).
"""

from typing import Any

import django_q.admin  # noqa: F401 - registers its own pages, which go
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django_q.models import Failure, OrmQ, Schedule, Success

from plugseller.custody.models import Backup, Replay
from plugseller.displayonly import DisplayOnly, roles_seeing
from plugseller.jobs import backups
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


@admin.register(Backup)
class BackupAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Whether backups are made and proved, and until when each can be opened."""

    seen_by = roles_seeing("backups")
    change_list_template = "admin/custody/backups.html"
    list_display = ("made_at", "state", "proof", "expires_at")
    fields = (
        *("made_at", "state", "proof", "trouble", "expires_at", "removed_at"),
        *("kind", "file", "bytes", "sha256", "rows", "audit_entry", "seconds"),
    )
    readonly_fields = ("state", "proof", "bytes", "rows", "audit_entry")
    list_filter = ("outcome", "verified")
    ordering = ("-made_at",)
    show_full_result_count = False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        now = timezone.now()
        standing = {
            "stand": backups.state(now),
            "horizon": backups.horizon(now),
            "wanted": backups.is_wanted(),
        }
        return super().changelist_view(request, {**standing, **(extra_context or {})})

    @admin.display(description="State", ordering="outcome")
    def state(self, row: Backup) -> str:
        failed = row.outcome == Backup.Outcome.FAILED
        return _standing("trouble" if failed else "", row.get_outcome_display())

    @admin.display(description="Put back to try it", ordering="verified_at")
    def proof(self, row: Backup) -> str:
        if row.verified_at is None:
            return "Not yet"
        on = date_format(row.verified_at, "j M Y")
        if row.verified:
            return _standing("in-order", f"Right, {on}")
        return _standing("trouble", f"Not right, {on}")

    @admin.display(description="Size", ordering="size")
    def bytes(self, row: Backup) -> str:
        return filesizeformat(row.size)

    @admin.display(description="Rows")
    def rows(self, row: Backup) -> str:
        return f"{sum(row.counts.values()):,} in {len(row.counts)} tables"

    @admin.display(description="Audit log up to entry")
    def audit_entry(self, row: Backup) -> str:
        return str(row.head.get("number", ""))


@admin.register(Replay)
class ReplayAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What was erased again after a database was put back; whom, nobody is told."""

    seen_by = roles_seeing("backups")
    list_display = fields = ("began_at", "state", "lines", "matched", "rows")
    readonly_fields = ("state", "lines")
    ordering = ("-began_at",)
    show_full_result_count = False

    @admin.display(description="State", ordering="ended_at")
    def state(self, row: Replay) -> str:
        if row.ended_at is None:
            return _standing("trouble", "Broken off, or under way")
        on = date_format(row.ended_at, "j M Y, H:i")
        return _standing("in-order", f"Finished {on} UTC")

    @admin.display(description="Lines of the deletion ledger")
    def lines(self, row: Replay) -> str:
        return f"{row.done - row.first:,} of {row.last - row.first:,}"


def _standing(how: str, told: str) -> str:
    return format_html('<span class="standing {}">{}</span>', how, told)
