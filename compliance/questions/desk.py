"""The officers' desk for questions: a queue with clocks, and the answer (CON-1)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance import countdown
from compliance.governance.people import names
from compliance.questions.drafts import DRAFTS, text_of
from compliance.questions.models import Question
from compliance.questions.services import LONGEST, answer_question
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User
from plugseller.accounts.tenancy import sellers_of
from plugseller.deskpages import StateFilter, WithWork
from plugseller.displayonly import roles_seeing

_SOON = timedelta(days=2)


class QuestionState(StateFilter):
    states: ClassVar[dict[str, str]] = {
        "open": "Without an answer",
        "overdue": "Overdue",
        "answered": "Answered",
    }

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> dict[str, QuerySet[Any]]:
        waiting = queryset.filter(answered_at=None)
        return {
            "open": waiting,
            "overdue": waiting.filter(due_at__lte=now),
            "answered": queryset.exclude(answered_at=None),
        }


@admin.register(Question)
class QuestionAdmin(WithWork):
    """Questions: those that wait first, the most urgent of them at the top."""

    seen_by = roles_seeing("questions")
    change_form_template = "admin/compliance/question/change_form.html"
    list_display = ("short", "time_left", "asked_at", "due_at", "answered_at", "took")
    list_filter = (QuestionState,)
    ordering = (F("answered_at").desc(nulls_first=True), "due_at", "pk")
    show_full_result_count = False
    fields = readonly_fields = (
        *("who", "whose", "asked_at", "due_at", "time_left"),
        *("answered_at", "took", "officer"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        found: QuerySet[Question] = super().get_queryset(request)
        return found.defer("text", "answer")

    @admin.display(description="Question")
    def short(self, question: Question) -> str:
        return str(question.pk)[:8]

    @admin.display(description="Clock", ordering="due_at")
    def time_left(self, question: Question) -> str:
        if not question.is_open:
            return "answered"
        now = timezone.now()
        return countdown.clock(question.due_at, is_open=True, now=now, soon=_SOON)

    @admin.display(description="Answered after")
    def took(self, question: Question) -> str:
        if question.answered_at is None:
            return "–"
        minutes = int((question.answered_at - question.asked_at).total_seconds()) // 60
        return f"{minutes // 60} h {minutes % 60:02d} min"

    @admin.display(description="Who asked")
    def who(self, question: Question) -> str:
        person = _asker(question)
        return f"{person.known_as}, {person.email}" if person else "somebody who left"

    @admin.display(description="Of which sellers")
    def whose(self, question: Question) -> str:
        person = _asker(question)
        names = [seller.name for seller in sellers_of(person)] if person else []
        return ", ".join(names) or "of none"

    @admin.display(description="Answered by")
    def officer(self, question: Question) -> str:
        if question.answered_by is None:
            return "nobody yet"
        return names({question.answered_by})[question.answered_by]

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(answer)
        name = "compliance_question_answer"
        return [path("<uuid:pk>/answer/", view, name=name), *super().get_urls()]

    def beside(self, request: HttpRequest, row: Question) -> dict[str, Any]:
        return {
            "about": row,
            "title": "A question about data",
            "asked": row.asked_text(),
            "answered": row.answer_text(),
        }


class AnswerForm(forms.Form):
    """What who asked is answered."""

    text = forms.CharField(
        label="Answer",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 12, "class": "vLargeTextField"}),
        help_text="It is shown to who asked, and mailed. Name no other seller, no "
        "buyer and no secret.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("text")
@confirmed
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer it, from nothing or from a draft; what is sent can't be called back."""
    officer = officer_of(request)
    question, now = get_object_or_404(Question, pk=pk), timezone.now()
    if request.method == "POST":
        form = AnswerForm(request.POST)
    else:
        draft = text_of(request.GET.get("draft", ""), _asker(question), now)
        form = AnswerForm(initial={"text": draft})
    if form.is_valid():
        try:
            answer_question(
                actor=officer,
                question=question,
                text=form.cleaned_data["text"],
                now=now,
            )
        except ValidationError as refused:
            form.add_error(None, forms.ValidationError(refused.messages))
        else:
            messages.success(request, "Answered: it is shown to who asked, and mailed.")
            return redirect("admin:compliance_question_change", pk)
    context = {
        **admin.site.each_context(request),
        "opts": Question._meta,
        "about": question,
        "asked": question.asked_text(),
        "title": "Answer",
        "form": form,
        "drafts": DRAFTS,
    }
    template = "admin/compliance/question/answer.html"
    return render(request, template, context, status=400 if form.errors else 200)


def _asker(question: Question) -> User | None:
    return User.objects.filter(pk=question.asked_by).first()
