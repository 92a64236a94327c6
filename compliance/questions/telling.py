"""What the start page, the auditors' pack and a promise tell of questions (CON-1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F
from django.urls import reverse

from compliance.desklines import Block, Line, lines
from compliance.packing import Period, Table, packed
from compliance.questions.clock import LASTS
from compliance.questions.models import Question
from plugseller.accounts.models import User
from plugseller.shelves import Finding, Verdict

_SHOWN = 10
_MONTH = timedelta(days=30)


def told(officer: User, now: datetime) -> Iterator[tuple[Block, Line]]:
    """Each that waits, the oldest first; the rest as a number."""
    waiting = Question.objects.filter(answered_at=None).order_by("due_at")
    every = list(waiting.only("due_at")[: _SHOWN + 1])
    for question in every[:_SHOWN]:
        block = Block.LATE if question.due_at <= now else Block.DUE
        page = reverse("admin:compliance_question_change", args=[question.pk])
        text = "A question about data waits for an answer"
        yield block, Line(text, page, due_at=question.due_at, owner="any officer")
    if len(every) > _SHOWN:
        page = reverse("admin:compliance_question_changelist")
        yield Block.DUE, Line("More questions wait for an answer", f"{page}?state=open")


def pack(period: Period, now: datetime) -> Iterator[Table]:
    """When each was asked and answered; no word of them, and nobody who asked."""
    asked = Question.objects.filter(
        asked_at__gte=period.begins, asked_at__lt=period.ends
    ).order_by("asked_at", "pk")
    yield Table(
        "questions.csv",
        "Questions about data that were asked in the period, and when each was due "
        "and answered. One goes when the account of who asked is deleted.",
        ("question", "asked at", "due at", "answered at"),
        asked.values_list("pk", "asked_at", "due_at", "answered_at"),
    )


def answered(now: datetime) -> Finding:
    """No question waits longer than we say."""
    waiting = Question.objects.filter(answered_at=None)
    overdue = waiting.filter(due_at__lte=now).count()
    lately = Question.objects.filter(answered_at__gt=now - _MONTH)
    figures = {
        "waiting": waiting.count(),
        "overdue": overdue,
        "answered in 30 days": lately.count(),
        "of these late": lately.filter(answered_at__gt=F("due_at")).count(),
    }
    if overdue:
        said = f"A question waits for its answer for more than {LASTS.days} days."
        return Finding(Verdict.FAIL, said, figures)
    said = f"No question waits for its answer for more than {LASTS.days} days."
    return Finding(Verdict.PASS, said, figures)


lines("questions", told)
packed("questions", pack)
