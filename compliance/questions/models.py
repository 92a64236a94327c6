"""What people ask us about their data, and what they are answered (CON-1)."""

import uuid

from django.db import models
from django.db.models import Q

from plugseller.crypto.fields import SealedTextField


class Question(models.Model):
    """A question of one of a seller's people. It is sealed for who asked, as is the
    answer, and goes with their account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asked_by = models.UUIDField(db_index=True)  # a person; no key
    asked_at = models.DateTimeField()
    text = SealedTextField(owner="asked_by")
    due_at = models.DateTimeField()  # as its clock has it
    answered_at = models.DateTimeField(null=True)
    answered_by = models.UUIDField(null=True)  # an officer
    answer = SealedTextField(owner="asked_by", null=True)

    class Meta:
        ordering = ["-asked_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    answered_at__isnull=True,
                    answered_by__isnull=True,
                    answer__isnull=True,
                )
                | Q(
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                    answer__isnull=False,
                ),
                name="an_answer_has_an_instant_and_an_officer",
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"

    def asked_text(self) -> str:
        """What was asked, opened."""
        return str(self.text.reveal())

    def answer_text(self) -> str:
        """What was answered, opened; nothing while it waits."""
        return "" if self.answer is None else str(self.answer.reveal())

    @property
    def is_open(self) -> bool:
        return self.answered_at is None
