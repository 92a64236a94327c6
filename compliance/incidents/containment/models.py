"""What was done to stop an incident, and what of it was taken back (INC-1)."""

import uuid

from django.db import models

from compliance.incidents.models import Incident


class Measure(models.Model):
    """One thing that was done to contain an incident.

    What can be undone stands until it is; what can't is over at once.

    Targets are ids without foreign keys: the record outlives what it was done to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="measures"
    )
    kind = models.CharField(max_length=30)  # a name of containment.actions
    target = models.CharField(max_length=64)  # an id, a marketplace, "audit log"
    begun_at = models.DateTimeField()
    begun_by = models.UUIDField()
    counts = models.JSONField(default=dict)  # what it stopped
    since = models.DateTimeField(null=True)  # of a hold on the log: from when
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)  # None: it was over at once
    kept_at = models.DateTimeField(null=True)  # confirmed to outlast the incident
    kept_by = models.UUIDField(null=True)

    class Meta:
        ordering = ["begun_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "target"],
                condition=models.Q(ended_at=None),
                name="one_standing_measure_per_target",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"

    @property
    def stands(self) -> bool:
        return self.ended_at is None
