"""Incidents and what happened in them (INC-1).

Ids of people, sellers and connections stand here without foreign keys: an incident is
evidence and outlives them. What people write about it is sealed under a key of the
incident's own; titles are for lists and mails, and name nobody.
"""

import secrets
import time
import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from plugseller.crypto.fields import SealedJSONField, SealedTextField


class Incident(models.Model):
    """Somebody may have had data they shouldn't; suspected is enough (INC-3).

    Every clock counts from `detected_at`, whenever it was entered here.
    """

    class Kind(models.TextChoices):
        CREDENTIAL_LEAK = "credential leak", "A credential leaked"
        ACCESS = "unauthorised access", "Unauthorised access"
        EXPOSURE = "data exposure", "Data was exposed"
        MALWARE = "malware", "Malware"
        LOST_DEVICE = "lost device", "A lost or stolen device"
        SUPPLIER = "supplier breach", "A supplier was breached"
        UNKNOWN = "unknown", "Not known yet"

    class Severity(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    class Status(models.TextChoices):
        DETECTED = "detected", "Detected; nobody has looked at it yet"
        TRIAGED = "triaged", "Triaged: it is one"
        CONTAINED = "contained", "Contained"
        ERADICATED = "eradicated", "Its cause is gone"
        RECOVERED = "recovered", "Everything works again"
        REVIEWED = "reviewed", "Reviewed"
        CLOSED = "closed", "Closed"
        DISMISSED = "dismissed", "Not an incident"
        MERGED = "merged", "Part of another incident"

    class Detected(models.TextChoices):
        PERSON = "person", "Somebody reported it"
        RULE = "rule", "A detection rule"
        CONTROL = "control", "A control that failed"
        MARKETPLACE = "marketplace", "A marketplace told us"
        OUTSIDE = "outside", "Somebody outside told us"

    class Involved(models.TextChoices):
        UNKNOWN = "unknown", "Not known yet; treated as yes"
        YES = "yes", "Yes"
        NO = "no", "No"

    ENDED = (Status.CLOSED, Status.DISMISSED, Status.MERGED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=20, unique=True)  # "INC-2026-014"
    is_drill = models.BooleanField(default=False)
    title = models.CharField(max_length=200)  # names nobody
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.UNKNOWN)
    severity = models.CharField(
        max_length=10, choices=Severity.choices, default=Severity.MEDIUM
    )
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.DETECTED
    )
    detected_at = models.DateTimeField()
    detected_by = models.CharField(max_length=12, choices=Detected.choices)
    rule = models.CharField(max_length=60, blank=True)  # which rule or control it was
    entered_at = models.DateTimeField()
    entered_by = models.UUIDField(null=True)  # None: the machine
    facts = SealedJSONField(owner="id", null=True)
    """{"what", "entry_path", "containment", "root_cause", "lessons"}: text each."""
    data_kinds = models.JSONField(default=list)  # names of data classes
    marketplaces = models.JSONField(default=list)  # "amazon", "walmart"
    amazon = models.CharField(
        max_length=8, choices=Involved.choices, default=Involved.UNKNOWN
    )  # whether Amazon Information is involved
    lead_id = models.UUIDField(null=True)  # the officer who leads
    barred = models.JSONField(default=list)  # ids of people who may not see the case
    triaged_at = models.DateTimeField(null=True)
    contained_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged"
    )

    class Meta:
        ordering = ["-detected_at", "pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["status", "detected_at"], name="incident_by_state")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(detected_at__lte=F("entered_at")),
                name="an_incident_is_detected_before_it_is_entered",
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        return self.status not in self.ENDED

    @property
    def involves_amazon(self) -> bool:
        """Whether Amazon has to be told: as long as nobody knows better, it has."""
        return self.amazon != self.Involved.NO

    @cached_property
    def cases(self) -> "list[uuid.UUID]":
        """Its id and those of the cases it took in: they are read together."""
        return [self.pk, *self.merged.values_list("pk", flat=True)]

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """What it took in is asked for anew as well."""
        self.__dict__.pop("cases", None)
        super().refresh_from_db(*args, **kwargs)

    def is_barred(self, person_id: object) -> bool:
        """Whether the person must not see the case: it may be about them."""
        return str(person_id) in self.barred


def id_in_turn() -> uuid.UUID:
    """An id that sorts behind those that were made before, to a 4,096th of a
    millisecond, and can't be guessed (UUIDv7: RFC 9562, sections 5.7 and 6.2, method
    3)."""
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    head = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62
    return uuid.UUID(int=head | secrets.randbits(62))


class TimelineEntry(models.Model):
    """Something that happened in an incident. Only ever inserted.

    Read by the time of the fact (`at`), which may lie long before it was written down;
    what happened at one time stands as it was written.
    """

    id = models.UUIDField(primary_key=True, default=id_in_turn, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="timeline"
    )
    at = models.DateTimeField()  # of the fact
    noted_at = models.DateTimeField()
    what = models.CharField(max_length=40)  # "opened", "triaged", "noted", "contained"
    actor_id = models.UUIDField(null=True)  # None: the machine; shown as automatic
    details = models.JSONField(default=dict)  # ids, counts, instants; nothing personal
    text = SealedTextField(owner="seal_id", null=True)  # what a person wrote
    seal_id = models.UUIDField(editable=False)  # the incident, whose key seals it

    class Meta:
        ordering = ["at", "noted_at", "pk"]
        default_permissions = ()
        verbose_name_plural = "timeline entries"

    def __str__(self) -> str:
        return self.what

    @property
    def is_automatic(self) -> bool:
        return self.actor_id is None
