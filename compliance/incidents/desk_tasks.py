"""The officers' desk for tasks: what is to be done by whom and by when (INC-1, GOV-1).

Tasks of a case that somebody is barred from aren't shown to them.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compliance.countdown import clock
from compliance.incidents.desk_shown import SOON
from compliance.incidents.services.people import hidden_from
from compliance.tasks import Task, accept_open, finish_task, hand_over
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import roles_seeing


class TaskState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "open": "Open",
        "mine": "Mine",
        "overdue": "Overdue",
        "done": "Done",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        still = queryset.filter(done_at=None)
        return {
            "open": still,
            "mine": still.filter(owner_id=request.user.pk),
            "overdue": still.filter(due_at__lte=now),
            "done": queryset.exclude(done_at=None),
        }


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label="What was done", max_length=500, widget=forms.Textarea
    )


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(label="To whom", queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["owner"]
        choice.queryset = officers()
        choice.label_from_instance = lambda one: one.email


class WhyForm(forms.Form):
    why = forms.CharField(
        label="Why it may stay open", max_length=500, widget=forms.Textarea
    )


STEPS: dict[str, tuple[str, type[forms.Form], Callable[..., object]]] = {
    "done": ("Done", OutcomeForm, finish_task),
    "hand-over": ("Hand over", OwnerForm, hand_over),
    "accept": ("Accept that it stays open", WhyForm, accept_open),
}


@admin.register(Task)
class TaskAdmin(WithWork):
    """Tasks: the open ones first, the most urgent of them at the top."""

    seen_by = roles_seeing("tasks")
    list_display = ("title", "time_left", "source", "owner", "due_at")
    list_filter = (TaskState, "source")
    ordering = ("done_at", "due_at")
    show_full_result_count = False
    fields = readonly_fields = (
        *("title", "source", "time_left", "owner", "opened_at", "due_at"),
        *("done_at", "outcome", "left_open_at", "left_open_why"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        found: QuerySet[Task] = super().get_queryset(request)
        if not isinstance(request.user, User):
            return found.none()
        owner = User.objects.filter(pk=OuterRef("owner_id")).values("email")[:1]
        shown = found.exclude(subject_id__in=hidden_from(request.user))
        return shown.annotate(owner_email=Subquery(owner))

    @admin.display(description="Clock", ordering="due_at")
    def time_left(self, task: Task) -> str:
        if not task.is_open:
            return "done"
        return clock(task.due_at, is_open=True, now=timezone.now(), soon=SOON)

    @admin.display(description="Owner")
    def owner(self, task: Task) -> str:
        return getattr(task, "owner_email", None) or "any officer"

    def get_urls(self) -> list[URLPattern]:
        step: Any = self.admin_site.admin_view(take_step)
        name = "compliance_task_step"
        return [
            path("<uuid:pk>/do/<slug:step>/", step, name=name),
            *super().get_urls(),
        ]

    def beside(self, request: HttpRequest, row: Task) -> dict[str, Any]:
        steps = [(name, step[0]) for name, step in STEPS.items()]
        return {"about": row, "steps": steps if row.is_open else []}


@require_http_methods(["GET", "HEAD", "POST"])
def take_step(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """Finish a task, hand it over, or accept that it stays open."""
    officer = officer_of(request)
    ours = Task.objects.exclude(subject_id__in=hidden_from(officer))
    task = get_object_or_404(ours, pk=pk)
    if step not in STEPS:
        raise Http404
    label, kind, do = STEPS[step]
    form = kind(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            do(actor=officer, task=task, now=timezone.now(), **form.cleaned_data)
        except ValidationError as refused:
            form.add_error(None, forms.ValidationError(refused.messages))
        else:
            messages.success(request, "Done.")
            return redirect("admin:compliance_task_change", pk)
    context = {
        **admin.site.each_context(request),
        "opts": Task._meta,
        "form": form,
        "about": task,
        "title": label,
    }
    status = 400 if form.errors else 200
    return render(request, "admin/compliance/task/step.html", context, status=status)
