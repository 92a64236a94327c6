"""Tables of the encryption tests alone; they have no migration, tests make them."""

import uuid

from django.db import models

from plugseller.crypto.fields import SealedJSONField, SealedTextField


class Account(models.Model):
    """Belongs to a seller, as a connection does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    seller_id = models.UUIDField()
    name = models.CharField(max_length=50)
    token = SealedTextField()
    spare = SealedTextField(null=True)
    extra = SealedJSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="one_account_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """Owns what is sealed in its own row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    secret = SealedTextField(owner="id")

    def __str__(self) -> str:
        return str(self.pk)


class Thing(models.Model):
    """One column of each kind that the product uses."""

    parent = models.ForeignKey("self", models.CASCADE, null=True)
    name = models.CharField(max_length=50, unique=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    took = models.DurationField(null=True)
    facts = models.JSONField(default=dict)
    raw = models.BinaryField(null=True)
    code = models.UUIDField(null=True)
    seen = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
