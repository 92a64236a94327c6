"""What was erased and must not come back."""

import uuid

from django.db import models


class Tombstone(models.Model):
    """Something that was erased, known by a keyed hash of its id only.

    A late job, a re-sync or a restored backup that still names it is refused.
    """

    class Kind(models.TextChoices):
        SELLER = "seller", "Seller"
        CONNECTION = "connection", "Connection"
        PERSON = "person", "Person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    hash = models.CharField(max_length=64)  # custody.hashing.keyed
    key_id = models.CharField(max_length=64)  # the signing key it was made with
    request = models.CharField(max_length=40, blank=True)  # the request's reference
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "hash"], name="one_tombstone_for_each"
            ),
        ]

    def __str__(self) -> str:
        return f"tombstone {self.pk}"
