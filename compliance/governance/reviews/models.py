"""Reviews: what was looked at, what was decided, and who signed it (GOV-1).

What is reviewed is a snapshot: items are written when the review begins and never
again, decisions are only ever added, and once a review is signed the database refuses
every change (guards.py). People stand here by id: it is evidence and outlives them.
"""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from plugseller.crypto.fields import SealedTextField
from plugseller.crypto.services import INSTALLATION


class Review(models.Model):
    """One review, from its snapshot to its signature."""

    class Kind(models.TextChoices):
        ACCESS = "access", "Access of our staff"
        MEMBERS = "members", "Access at a seller"  # reviewed by its owners
        LOGS = "logs", "Logs"
        CONTROLS = "controls", "Controls"
        PLAN = "plan", "Incident plan"
        INVENTORY = "inventory", "Data inventory"
        SUPPLIERS = "suppliers", "Suppliers"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    seller_id = models.UUIDField(null=True)  # whose owners review; None: our officers
    begins = models.DateTimeField()  # the period that is looked at
    ends = models.DateTimeField()  # and up to when; then the snapshot was taken
    due_at = models.DateTimeField()
    seed = models.CharField(max_length=64)  # by which the machine drew its samples
    warned = models.JSONField(default=list)  # {"at", "mails"}: who was warned, and when
    signed_at = models.DateTimeField(null=True)
    signed_by = models.UUIDField(null=True)  # None: by itself, on its date
    hash = models.CharField(max_length=64, blank=True)  # of all of it, when signed
    seal_id = models.UUIDField(default=INSTALLATION, editable=False)
    note = SealedTextField(owner="seal_id", null=True)  # of who signed

    class Meta:
        ordering = ["signed_at", "due_at", "pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["kind", "signed_at"], name="review_by_kind"),
            models.Index(fields=["seller_id", "signed_at"], name="review_of_seller"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(signed_at=None, seller_id=None),
                name="one_open_review_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["seller_id"],
                condition=Q(signed_at=None) & ~Q(seller_id=None),
                name="one_open_review_at_a_seller",
            ),
            models.CheckConstraint(
                condition=Q(kind="members") ^ Q(seller_id=None),
                name="only_sellers_review_members",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None) | Q(signed_at__gte=F("ends")),
                name="a_review_is_signed_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.kind} {self.ends:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.signed_at is None

    @property
    def is_about_access(self) -> bool:
        """Whether who isn't decided about loses the access."""
        return self.kind in (self.Kind.ACCESS, self.Kind.MEMBERS)

    def is_overdue(self, now: datetime) -> bool:
        return self.is_open and now >= self.due_at


class ReviewItem(models.Model):
    """One thing to decide about, as it was when the review began."""

    class Sort(models.TextChoices):
        STAFF = "staff", "One of our staff"
        GRANT = "grant", "Staff access to a seller"
        SERVICE = "service", "Credential of ours"
        SELLER = "seller", "Members of a seller"
        MEMBER = "member", "Member"
        TOKEN = "token", "API key"
        ENTRY = "entry", "Entry of the audit log"
        FINDING = "finding", "Finding"
        CONTROL = "control", "Control"
        HOLDING = "holding", "Place where data lies"
        SUPPLIER = "supplier", "Supplier"
        QUESTION = "question", "Question"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    sort = models.CharField(max_length=10, choices=Sort.choices)
    subject = models.CharField(max_length=100)  # its id or name
    person_id = models.UUIDField(null=True)  # whose it is; nobody decides about that
    seller_id = models.UUIDField(null=True)
    label = models.CharField(max_length=200)  # names nobody
    facts = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["review", "number"], name="one_item_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sort} {self.subject}"


class ReviewDecision(models.Model):
    """What somebody decided about an item; the newest one counts. Only ever added."""

    class Choice(models.TextChoices):
        KEEP = "keep", "Keep"
        CHANGE = "change", "Change"
        REMOVE = "remove", "Remove"
        ASK = "ask", "Ask"
        EXPECTED = "expected", "Expected"
        IN_ORDER = "in order", "In order"
        FINDING = "finding", "Finding"
        LAPSED = "lapsed", "Removed: nobody answered in time"
        SPARED = "spared", "Stays, though nobody answered"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(
        ReviewItem, on_delete=models.PROTECT, related_name="decisions"
    )
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="decisions"
    )
    number = models.PositiveIntegerField()  # within the item
    at = models.DateTimeField()
    by = models.UUIDField(null=True)  # None: the machine, on the due date
    choice = models.CharField(max_length=10, choices=Choice.choices)
    to = models.CharField(max_length=20, blank=True)  # the new role
    effect = models.CharField(max_length=200)  # what happened, without names
    task_id = models.UUIDField(null=True)  # what has to be done about it
    seal_id = models.UUIDField(default=INSTALLATION, editable=False)
    note = SealedTextField(owner="seal_id", null=True)

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["item", "number"], name="one_decision_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.choice

    @property
    def is_final(self) -> bool:
        """Whether something ended by it, so that no other decision brings it back."""
        return self.choice in (self.Choice.REMOVE, self.Choice.LAPSED)
