"""The keys that seal what belongs to one seller or one person."""

import uuid

from django.db import models
from django.utils import timezone


class DataKey(models.Model):
    """One owner's data key, wrapped by a master key.

    `owner` is the id of a seller or a person and no foreign key: the row outlives
    them, as the proof that the key was destroyed. A retired key still opens.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.UUIDField(db_index=True, editable=False)
    wrapped = models.BinaryField()
    master_key_id = models.CharField(max_length=64, db_index=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    destroyed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner"],
                condition=models.Q(retired_at__isnull=True),
                name="one_current_data_key_per_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True)
                | models.Q(retired_at__isnull=False, wrapped=b""),
                name="destroyed_data_key_holds_nothing",
            ),
        ]

    def __str__(self) -> str:
        return f"data key {self.pk}"


class HeldKey(models.Model):
    """Since when a key is held that isn't in the database, and until when it was.

    Key providers don't all know how old their keys are. The id is a number and the
    beginning of a hash of the key, or the latter alone; it tells nothing about it.
    """

    kind = models.CharField(max_length=10, editable=False)  # keyprovider.Kind
    key_id = models.CharField(max_length=64, editable=False)
    since = models.DateTimeField(editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key_id"], name="one_row_for_each_held_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} key {self.key_id}"
