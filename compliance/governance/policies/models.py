"""Which version of which policy is in force, and who has acknowledged it (GOV-2).

The texts themselves are files (`texts.py`); here stands their SHA-256.
"""

import uuid

from django.db import models


class PolicyVersion(models.Model):
    """A version of a policy, from the moment it was first served."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40)  # "data-protection"
    number = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    in_force_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "-number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["name", "number"], name="one_text_per_policy_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Acknowledgement(models.Model):
    """That one of our staff read a version and follows it. Only ever inserted.

    Known by the text's hash, so that no other text passes under its number.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person_id = models.UUIDField(db_index=True)  # no key: evidence outlives people
    role = models.CharField(max_length=20)  # what the person was to us then
    name = models.CharField(max_length=40)
    number = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "name", "number", "sha256"],
                name="a_version_is_acknowledged_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"
