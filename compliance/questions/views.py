"""Ask about my data: one's own questions with their answers, and a new one (CON-1)."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance.questions.clock import LASTS
from compliance.questions.models import Question
from compliance.questions.services import LONGEST, ask_question
from plugseller.accounts.models import User

_ON_A_PAGE = 20


class QuestionForm(forms.Form):
    """A question, as text."""

    text = forms.CharField(
        label="Your question",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="It is stored encrypted, and read by our officers. Write no "
        "password, and nothing about a buyer.",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("text")
def own_questions(request: HttpRequest) -> HttpResponse:
    """One's own questions, the newest first. POST asks another one."""
    person = request.user
    if not isinstance(person, User) or person.is_staff:
        raise PermissionDenied  # our staff ask an officer
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            asked = ask_question(
                actor=person, text=form.cleaned_data["text"], now=timezone.now()
            )
        except ValidationError as refused:
            form.add_error(None, forms.ValidationError(refused.messages))
        else:
            messages.success(
                request,
                "Our officers have your question. They answer by "
                f"{asked.due_at:%Y-%m-%d %H:%M} UTC, here and by mail.",
            )
            return redirect("own_questions")
    own = Question.objects.filter(asked_by=person.pk)
    page = Paginator(own, _ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "days": LASTS.days,
        "page": page,
        "questions": [(one, one.asked_text(), one.answer_text()) for one in page],
    }
    status = 400 if form.errors else 200
    template = "compliance/questions/own.html"
    return render(request, template, context, status=status)
