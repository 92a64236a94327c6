"""What was learned from an incident (INC-1)."""

import uuid

from django.db import models

from compliance.incidents.models import Incident
from plugseller.crypto.fields import SealedJSONField


class PostReview(models.Model):
    """The review of an incident. Written anew it is another row; the newest counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="reviews"
    )
    number = models.PositiveSmallIntegerField()  # of the incident's, from 1
    written_at = models.DateTimeField()
    written_by = models.UUIDField()
    answers = SealedJSONField(owner="seal_id")  # review.services.QUESTIONS: text each
    seal_id = models.UUIDField(editable=False)  # the incident, whose key seals it

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "number"], name="one_review_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"review {self.number}"
