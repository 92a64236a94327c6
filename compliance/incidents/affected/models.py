"""Who is affected by an incident, as it was computed at some instant (INC-2)."""

import uuid

from django.db import models

from compliance.incidents.models import Incident


class AffectedList(models.Model):
    """One answer to "whose data?": never changed, the newest is the one that counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="affected_lists"
    )
    number = models.PositiveSmallIntegerField()  # of the incident's, from 1
    computed_at = models.DateTimeField()
    computed_by = models.UUIDField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    narrowed = models.JSONField(default=dict)  # "actor", "token", "connection", "event"
    sellers = models.JSONField(default=list)  # a dict of reach.Touched for each
    entries = models.PositiveIntegerField()  # audit entries it stands on
    sha256 = models.CharField(max_length=64)  # of what stands in it

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "number"], name="one_affected_list_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"affected list {self.number}"
