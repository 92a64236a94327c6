"""Deletion requests, what was done about them, and the proof of it (RET-2).

Ids of sellers, connections and people stand here without foreign keys: the rows they
name are what is deleted. Who asked is sealed under a key of the request's own, which
is destroyed with the last step.
"""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from plugseller.crypto.fields import SealedJSONField


class DeletionRequest(models.Model):
    """Somebody wants data deleted, or the time of the data is over.

    `due_at` is stored when the request is received and never computed again; the
    clock has no pause.
    """

    class Source(models.TextChoices):
        CONSOLE = "console", "An owner, in the console"
        PERSON = "person", "A person, about their own account"
        LETTER = "letter", "A letter or e-mail, recorded by an officer"
        MARKETPLACE = "marketplace", "A marketplace's notice"
        AUTHORISATION = "authorisation", "The authorisation of an account ended"
        RETENTION = "retention", "A retention rule"

    class Kind(models.TextChoices):
        ACCOUNT = "account", "The whole account"
        CONNECTION = "connection", "One connection"
        PEOPLE = "people", "Personal data of people"
        OUTSIDER = "outsider", "Personal data of somebody who isn't a user"

    class Status(models.TextChoices):
        RECEIVED = "received", "Received; the requester isn't verified yet"
        VERIFIED = "verified", "Verified"
        SCHEDULED = "scheduled", "Scheduled; it can be withdrawn"
        EXECUTING = "executing", "Being deleted"
        VERIFYING = "verifying", "Being checked"
        ON_HOLD = "on hold", "On hold for a legal reason"
        COMPLETED = "completed", "Completed"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    CLOSED = (Status.COMPLETED, Status.REJECTED, Status.WITHDRAWN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=20, unique=True)  # "DEL-7K3M-Q9XT"
    source = models.CharField(max_length=20, choices=Source.choices)
    also_from = models.JSONField(default=list)  # other doors the same thing came by
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(
        max_length=12, choices=Status.choices, default=Status.RECEIVED
    )
    seller_id = models.UUIDField(null=True, db_index=True)
    connection_id = models.UUIDField(null=True, db_index=True)
    people = models.JSONField(default=list)  # ids as text, fixed when it begins
    connections = models.JSONField(default=list)  # of the seller, fixed when it begins
    keeps_requester = models.BooleanField(default=False)  # their user account stays
    what = models.CharField(max_length=200)  # for people, without names: "Amazon NA"
    contact = SealedJSONField(owner="id", null=True)
    """{"email", "name", "time_zone", "addresses": [...]} of who asked."""
    requested_by = models.UUIDField(null=True)
    identity = models.CharField(max_length=200, blank=True)  # how it was verified
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    starts_at = models.DateTimeField(null=True)  # until then it can be withdrawn
    began_at = models.DateTimeField(null=True)
    keys_destroyed_at = models.DateTimeField(null=True)  # no way back from here
    erased_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # completed, rejected or withdrawn
    reason = models.CharField(max_length=500, blank=True)  # of a rejection, as shown
    joined_to = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="joined"
    )  # the older request about the same data

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["status", "due_at"], name="deletion_by_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["seller_id"],
                condition=Q(kind="account")
                & ~Q(status__in=["completed", "rejected", "withdrawn"])
                & Q(joined_to=None),
                name="one_open_request_per_account",
            ),
            models.UniqueConstraint(
                fields=["connection_id"],
                condition=Q(kind="connection")
                & ~Q(status__in=["completed", "rejected", "withdrawn"])
                & Q(joined_to=None),
                name="one_open_request_per_connection",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.status not in self.CLOSED

    def is_overdue(self, now: datetime) -> bool:
        return self.is_open and now >= self.due_at

    @property
    def tone(self) -> str:
        """How its state is coloured: done, waiting for something, or refused."""
        if self.status == self.Status.REJECTED:
            return "bad"
        if self.status == self.Status.COMPLETED:
            return "good"
        return "wait" if self.is_open else ""


class Step(models.Model):
    """Something that happened to a request: who, when, what. Only ever inserted."""

    request = models.ForeignKey(
        DeletionRequest, on_delete=models.CASCADE, related_name="steps"
    )
    at = models.DateTimeField()
    what = models.CharField(max_length=40)  # "received", "warned", "holding erased"
    actor_id = models.UUIDField(null=True)  # None: the machine
    details = models.JSONField(default=dict)  # ids, counts, instants; nothing personal

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.what


class Outcome(models.Model):
    """What became of one holding in one request."""

    request = models.ForeignKey(
        DeletionRequest, on_delete=models.CASCADE, related_name="outcomes"
    )
    holding = models.CharField(max_length=100)  # its name on the shelf
    label = models.CharField(max_length=100)
    data_class = models.CharField(max_length=30)
    rank = models.PositiveSmallIntegerField()
    before = models.PositiveIntegerField(default=0)
    erased = models.PositiveIntegerField(default=0)
    after = models.PositiveIntegerField(null=True)  # None: not finished
    stays = models.CharField(max_length=300, blank=True)  # why it isn't erased
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["rank", "holding"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["request", "holding"], name="one_outcome_per_holding"
            )
        ]

    def __str__(self) -> str:
        return self.holding


class LegalHold(models.Model):
    """Something must not be deleted yet, by law. It stands once two people say so."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        DeletionRequest, on_delete=models.CASCADE, related_name="holds"
    )
    holdings = models.JSONField(default=list)  # names on the shelf; empty: everything
    reason = models.CharField(max_length=500)
    legal_basis = models.CharField(max_length=200)
    ends_at = models.DateTimeField()  # at most 90 days ahead; then it is reviewed
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    approved_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    released_by = models.UUIDField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("asked_by")),
                name="a_hold_takes_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"

    def waits_at(self, now: datetime) -> bool:
        """Whether it may still be approved."""
        return not self.approved_at and not self.released_at and self.ends_at > now

    def stands_at(self, now: datetime) -> bool:
        """Whether it holds anything."""
        return bool(self.approved_at) and not self.released_at and self.ends_at > now


class Certificate(models.Model):
    """The signed proof that a request was carried out; the newest version counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(
        DeletionRequest, on_delete=models.CASCADE, related_name="certificates"
    )
    version = models.PositiveSmallIntegerField(default=1)
    body = models.JSONField()  # what is signed, as canonical JSON
    signature = models.CharField(max_length=200)  # Ed25519, base64
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["request", "version"], name="one_certificate_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"certificate {self.pk}"
