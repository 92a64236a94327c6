"""Questions as the custody sees them: they go with who asked, and take their clocks
along, which nobody could meet any more (RET-1, RET-2)."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from compliance import clocks
from compliance.questions.clock import ANSWER
from compliance.questions.models import Question
from plugseller.custody.erasers import Rows


class QuestionRows(Rows):
    """They age from their answer: one that waits for it stays."""

    most = 500  # each takes a clock along

    def __init__(self) -> None:
        super().__init__(Question, people=["asked_by"], age="answered_at")

    def remove(self, keys: Collection[Any]) -> int:
        now = timezone.now()
        for key in keys:
            clocks.drop(ANSWER.name, key, now=now)
        return super().remove(keys)
