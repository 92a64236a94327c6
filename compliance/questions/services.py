"""What happens to questions about data: they are asked, and answered (CON-1).

No text stands in the log, in a job or in a mail to officers.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from compliance import clocks
from compliance.questions.clock import ANSWER, LASTS
from compliance.questions.models import Question
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record
from plugseller.crypto.services import create_data_key
from plugseller.jobs import outbox

LONGEST = 4_000
_DAY = timedelta(days=1)


class QuestionRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


@transaction.atomic
@sensitive_variables("text")
def ask_question(*, actor: User, text: str, now: datetime) -> Question:
    """A question, with the clock of its answer; every officer hears that one waits.

    Raises QuestionRefused, and PermissionDenied once the person has left or joined us.
    """
    person = User.objects.select_for_update(no_key=True).filter(pk=actor.pk).first()
    if person is None or not person.is_active or person.is_staff:
        raise PermissionDenied
    text = _checked(text, "Write your question")
    _not_too_many(person, now)
    create_data_key(person.pk)
    question = Question(asked_by=person.pk, asked_at=now, text=text)
    clock = clocks.start(ANSWER.name, question.pk, label=ANSWER.label, now=now)
    question.due_at = clock.due_at
    question.save(force_insert=True)
    record("question.asked", actor=person, subject=question)
    tell_officers(
        subject="A question about data waits for an answer",
        text=(
            "Somebody asked about their data. Answer by "
            f"{clock.due_at:%Y-%m-%d %H:%M} UTC, at the desk under Questions."
        ),
        now=now,
    )
    return question


@transaction.atomic
@sensitive_variables("text")
def answer_question(
    *, actor: User, question: Question, text: str, now: datetime
) -> None:
    """The answer, shown to who asked and mailed to them. Raises QuestionRefused."""
    if not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied
    text = _checked(text, "Write the answer")
    held = Question.objects.select_for_update(no_key=True).filter(pk=question.pk)
    fresh = held.first()
    if fresh is None:
        raise QuestionRefused("It went with the account of who asked.")
    if not fresh.is_open:
        raise QuestionRefused("It was answered already. Nothing was sent.")
    fresh.answer, fresh.answered_at, fresh.answered_by = text, now, actor.pk
    fresh.save(update_fields=["answer", "answered_at", "answered_by"])
    clocks.met(ANSWER.name, fresh.pk, now=now)
    record("question.answered", actor=actor, subject=fresh)
    _mail(fresh, text, now)


@sensitive_variables("text")
def _mail(question: Question, text: str, now: datetime) -> None:
    person = User.objects.filter(pk=question.asked_by, is_active=True).first()
    if person is None:
        return
    page = f"{settings.PUBLIC_ADDRESS}{reverse('own_questions')}"
    outbox.post(
        to=person.email,
        owner=person.pk,
        subject="Your question about your data is answered",
        text=(
            f"You asked us on {question.asked_at:%Y-%m-%d %H:%M} UTC. "
            f"Our answer:\n\n{text}\n\n"
            f"Your question and the answer stand at {page}\n\n"
            f"Something else? Ask there, or write to {settings.CONTACT_ADDRESS}.\n"
        ),
        now=now,
    )


def _checked(text: str, ask: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST or "\x00" in text:
        raise QuestionRefused(f"{ask}, in 1 to {LONGEST:,} characters.")
    return text


def _not_too_many(actor: User, now: datetime) -> None:
    """Each question is a promise with a date, so nobody floods the queue with them."""
    lately = Question.objects.filter(asked_by=actor.pk, asked_at__gt=now - _DAY)
    if lately.count() >= settings.QUESTIONS_PER_DAY:
        raise QuestionRefused(
            "You asked several questions today, and all of them reached us. Write to "
            f"{settings.CONTACT_ADDRESS} if there is more. We answer within "
            f"{LASTS.days} days."
        )
