"""What proves what happened: sealed files, and audit entries that were pointed at."""

import uuid

from django.db import models

from compliance.incidents.models import Incident
from plugseller.crypto.fields import SealedTextField


class EvidenceFile(models.Model):
    """A file that was kept as evidence, sealed under the incident's key (ENC-2)."""

    class Kind(models.TextChoices):
        FILE = "file", "A file that somebody added"
        AUDIT = "audit log", "A copy of the audit log"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="evidence"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = SealedTextField(owner="seal_id")  # as it was called; may name somebody
    file_name = models.CharField(max_length=60)  # on our disk; says nothing
    size = models.PositiveBigIntegerField()  # bytes, before it was sealed
    sha256 = models.CharField(max_length=64)  # of what it held before it was sealed
    facts = models.JSONField(default=dict)  # of a copy of the log: its range
    added_at = models.DateTimeField()
    added_by = models.UUIDField()
    opened = models.PositiveIntegerField(default=0)  # times it was downloaded
    seal_id = models.UUIDField(editable=False)  # the incident, whose key seals it

    class Meta:
        ordering = ["added_at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"evidence {self.pk}"


class EntryLink(models.Model):
    """An audit entry that belongs to the case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="entry_links"
    )
    entry = models.BigIntegerField()  # its number; the log goes after its time
    hash = models.CharField(max_length=64)  # of the entry, in the chain
    linked_at = models.DateTimeField()
    linked_by = models.UUIDField()

    class Meta:
        ordering = ["entry"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "entry"], name="one_link_per_entry"
            )
        ]

    def __str__(self) -> str:
        return f"entry {self.entry}"
