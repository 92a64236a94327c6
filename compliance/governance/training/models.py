"""Who was trained in what, and until when that counts (GOV-2)."""

import uuid

from django.db import models
from django.db.models import F, Q

from plugseller.crypto.fields import SealedTextField
from plugseller.crypto.services import INSTALLATION


class Training(models.Model):
    """That one of our staff took a course. Only ever inserted."""

    class Course(models.TextChoices):
        DATA_PROTECTION = "data protection", "Data protection and security"
        INCIDENTS = "incidents", "Incidents: report, contain, notify"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person_id = models.UUIDField(db_index=True)  # no key: evidence outlives people
    role = models.CharField(max_length=20)  # what the person was to us then
    course = models.CharField(max_length=20, choices=Course.choices)
    taken_on = models.DateField()
    expires_on = models.DateField()  # the first day on which it no longer counts
    evidence = SealedTextField(owner="seal_id")  # how we know; may name somebody
    seal_id = models.UUIDField(default=INSTALLATION, editable=False)
    recorded_at = models.DateTimeField()
    recorded_by = models.UUIDField()

    class Meta:
        ordering = ["-taken_on", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(recorded_by=F("person_id")),
                name="nobody_records_their_own_training",
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("taken_on")),
                name="a_training_counts_for_a_while",
            ),
        ]

    def __str__(self) -> str:
        return f"training {self.pk}"
