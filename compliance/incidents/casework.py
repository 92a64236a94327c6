"""The work on an incident, and its proofs: who owes whom a notice, what was sent and
what became of it, the steps of its runbook, and what two people decided together.

Ids of people stand without foreign keys, as in `models.py`; what people write is sealed
under the incident's key.
"""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from compliance.clocks import due_after
from compliance.incidents.models import Incident
from plugseller.crypto.fields import SealedJSONField, SealedTextField


class NoticeDuty(models.Model):
    """That somebody has to be told of an incident; one for each kind of recipient.

    One that is no longer owed stays, with the reason.
    """

    class Recipient(models.TextChoices):
        AMAZON = "amazon", "Amazon"
        WALMART = "walmart", "Walmart"
        SELLERS = "sellers", "The affected sellers"
        AUTHORITY = "authority", "A supervisory authority"

    WITHIN = {
        Recipient.AMAZON: timedelta(hours=24),  # INC-3, and Amazon's DPP 1.6.3
        Recipient.WALMART: timedelta(hours=24),  # our policy
        Recipient.SELLERS: timedelta(hours=72),  # our policy
        Recipient.AUTHORITY: timedelta(hours=72),  # GDPR Art. 33(1)
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="duties"
    )
    recipient = models.CharField(max_length=10, choices=Recipient.choices)
    is_needed = models.BooleanField(default=True)
    because = models.CharField(max_length=200)  # it is needed, or isn't
    met_at = models.DateTimeField(null=True)  # a server took the notice, or a proof

    class Meta:
        ordering = ["recipient", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "recipient"], name="one_duty_per_recipient"
            )
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.pk}"

    @property
    def clock_name(self) -> str:
        return f"notice {self.recipient}"

    @property
    def due_at(self) -> datetime:
        """Counted from the detection as it is known now."""
        lasts = self.WITHIN[NoticeDuty.Recipient(self.recipient)]
        return due_after(self.incident.detected_at, lasts)

    @property
    def is_open(self) -> bool:
        return self.is_needed and self.met_at is None

    @property
    def was_late(self) -> bool:
        return self.met_at is not None and self.met_at >= self.due_at

    def is_overdue(self, now: datetime) -> bool:
        return self.is_open and now >= self.due_at


class Notice(models.Model):
    """What somebody is told. Once it is sent nothing of it changes; what comes to be
    known later is another notice."""

    class Kind(models.TextChoices):
        INITIAL = "initial", "Initial notice"
        FOLLOW_UP = "follow-up", "Follow-up"
        NO_INCIDENT = "no incident", "Closing notice: no incident"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    duty = models.ForeignKey(
        NoticeDuty, on_delete=models.PROTECT, related_name="notices"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    seller_id = models.UUIDField(null=True)  # whose people are told
    number = models.PositiveSmallIntegerField()  # of the duty's notices, from 1
    content = SealedJSONField(owner="seal_id")  # {"subject", "text"}
    seal_id = models.UUIDField(editable=False)  # the incident, whose key seals it
    drafted_at = models.DateTimeField()
    edited_by = models.UUIDField(null=True)
    edited_at = models.DateTimeField(null=True)
    approved_by = models.UUIDField(null=True)  # None, once sent: it went by itself
    sent_at = models.DateTimeField(null=True)  # put into the outbox
    sha256 = models.CharField(max_length=64, blank=True)  # of the text as it was sent
    superseded_at = models.DateTimeField(null=True)  # a draft that wasn't needed

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["duty", "number"], name="one_notice_per_number"
            ),
            models.UniqueConstraint(
                fields=["duty"],
                condition=Q(kind="initial", seller_id=None, superseded_at=None),
                name="one_initial_notice",
            ),
            models.UniqueConstraint(
                fields=["duty", "seller_id"],
                condition=Q(kind="initial", superseded_at=None),
                name="one_initial_notice_per_seller",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | ~Q(sha256=""),
                name="what_was_sent_has_its_hash",
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"

    @property
    def is_draft(self) -> bool:
        return self.sent_at is None and self.superseded_at is None

    @property
    def went_by_itself(self) -> bool:
        return self.sent_at is not None and self.approved_by is None


class Sending(models.Model):
    """One way on which a notice was sent, and the evidence of what became of it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting for the mail server"
        ACCEPTED = "accepted", "Accepted by the mail server"
        DELIVERED = "delivered", "Delivered, with evidence"
        BOUNCED = "bounced", "Came back"
        SUPERSEDED = "superseded", "Another way took its place"
        OTHERWISE = "otherwise", "Sent otherwise, with proof"
        READ = "read", "Read in the console by an owner"

    ARRIVED = (State.ACCEPTED, State.DELIVERED, State.OTHERWISE, State.READ)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, related_name="sendings"
    )
    person_id = models.UUIDField(null=True)  # of a seller's people, who gets it
    way = models.PositiveSmallIntegerField()  # the first, the next: counted from 1
    # "" for a person, who stands here by id: their address goes when they do (RET-2).
    address = SealedTextField(owner="seal_id")
    seal_id = models.UUIDField(editable=False)
    is_real = models.BooleanField()  # False: to the drill's address
    mail_id = models.UUIDField(null=True, unique=True)
    message_id = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    trouble = models.CharField(max_length=60, blank=True)  # kind of error, no address
    accepted_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)  # of the mail server, or
    # the number with which it refuses for good what is still queued
    delivered_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    noted_by = models.UUIDField(null=True)  # who recorded the end; None: the machine

    class Meta:
        ordering = ["queued_at", "way"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "way"],
                condition=Q(person_id=None),
                name="each_way_is_taken_once",
            ),
            models.UniqueConstraint(
                fields=["notice", "person_id", "way"],
                name="each_way_to_a_person_is_taken_once",
            ),
        ]
        indexes = [
            # Asked with each page of a seller's console, and hardly ever there.
            models.Index(
                fields=["notice"], condition=Q(state="bounced"), name="what_came_back"
            )
        ]

    def __str__(self) -> str:
        return f"sending {self.pk}"

    @property
    def is_refused(self) -> bool:
        """Whether mail servers refuse it for good; it is tried again all the same."""
        return self.state == self.State.QUEUED and bool(self.answer)


class RunbookStep(models.Model):
    """A step of the incident's checklist, as it stood in the runbook."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="runbook"
    )
    key = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    position = models.PositiveSmallIntegerField()
    is_due = models.BooleanField(default=True)  # False: of a kind it turned out not
    due_at = models.DateTimeField()
    owner_id = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.UUIDField(null=True)
    is_automatic = models.BooleanField(default=False)  # ticked by a button's effect

    class Meta:
        ordering = ["position", "key"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "key"], name="each_step_stands_once"
            )
        ]

    def __str__(self) -> str:
        return self.key

    def is_overdue(self, now: datetime) -> bool:
        return self.is_due and self.done_at is None and now >= self.due_at


class Decision(models.Model):
    """What one officer asks for and another has to sign; until then nothing changes,
    and the clock runs on."""

    class What(models.TextChoices):
        DISMISS = "dismiss", "It isn't an incident"
        NOT_AMAZON = "not amazon", "No Amazon Information is involved"
        NO_NOTICE = "no notice", "No notice is due to Amazon"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="decisions"
    )
    what = models.CharField(max_length=12, choices=What.choices)
    why = SealedTextField(owner="seal_id")
    seal_id = models.UUIDField(editable=False)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    signed_by = models.UUIDField(null=True)
    signed_at = models.DateTimeField(null=True)
    refused_by = models.UUIDField(null=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "what"],
                condition=Q(signed_at=None, refused_at=None),
                name="asked_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(signed_by=None) | ~Q(signed_by=F("asked_by")),
                name="a_second_person_signs",
            ),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_waiting(self) -> bool:
        return self.signed_at is None and self.refused_at is None


class Arming(models.Model):
    """That one officer lets the initial notice go out by itself; it takes two (INC-3).

    It stands until one officer ends it, even if who armed it leaves: a notice that
    silently can't go any more is the worse fault.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.UUIDField()
    at = models.DateTimeField()
    ended_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["by"],
                condition=Q(ended_at=None),
                name="everybody_arms_once",
            )
        ]

    def __str__(self) -> str:
        return f"arming {self.pk}"
