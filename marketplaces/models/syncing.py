"""What a sync did, and where the next one goes on."""

from django.db import models

from marketplaces.datamap import Feature
from marketplaces.models.connections import Connection
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import FencedQuerySet


class SyncRun(models.Model):
    """One pass of one feature of a connection."""

    view_permission = Permission.VIEW_CATALOG

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        WAITING = "waiting", "Waits for the marketplace's limit"
        FAILED = "failed", "Failed"
        BROKEN_OFF = "broken off", "Broken off; goes on where it stopped"

    id = models.BigAutoField(primary_key=True)
    seller = models.ForeignKey(
        Seller, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="runs"
    )
    feature = models.CharField(
        max_length=20, choices=[(f.value, f.value.title()) for f in Feature]
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=20, choices=Outcome.choices, default=Outcome.RUNNING
    )
    calls = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)
    fields_dropped = models.PositiveIntegerField(default=0)
    dropped = models.JSONField(default=dict)  # path -> times; never a value (USE-4)
    unknown = models.JSONField(default=list)  # sampled paths that the map doesn't know
    skipped = models.JSONField(default=dict)  # reason -> times
    throttled_seconds = models.FloatField(default=0)
    trouble = models.CharField(max_length=40, blank=True)  # one of contract.Trouble
    error_code = models.CharField(max_length=100, blank=True)
    goes_on_at = models.DateTimeField(null=True)  # when a waiting run may go on

    unfenced = models.Manager()
    objects = FencedQuerySet.as_manager()

    class Meta:
        default_manager_name = "unfenced"
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["seller", "-started_at"], name="run_of_seller"),
            models.Index(
                fields=["connection", "feature", "-id"], name="run_of_feature"
            ),
        ]

    def __str__(self) -> str:
        return f"sync run {self.pk}"


class SyncState(models.Model):
    """Where a connection stands in one operation; moves only with the page."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="states"
    )
    operation = models.CharField(max_length=40)
    checkpoint = models.JSONField(null=True)  # contract.Checkpoint while a pass is open
    since = models.DateTimeField(null=True)  # mark of the last complete pass
    complete_at = models.DateTimeField(null=True)  # when a pass last ended
    full_at = models.DateTimeField(null=True)  # when a full pass last began and ended
    tokens = models.FloatField(null=True)  # calls left in the bucket
    tokens_at = models.DateTimeField(null=True)  # when they were counted

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "operation"], name="one_state_per_operation"
            ),
        ]

    def __str__(self) -> str:
        return self.operation


class Sighting(models.Model):
    """A key that an open full pass has seen; gone from the table when the pass ends."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    operation = models.CharField(max_length=40)
    market = models.CharField(max_length=20)
    key = models.CharField(max_length=320)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "operation", "market", "key"],
                name="one_sighting_per_key",
            ),
        ]

    def __str__(self) -> str:
        return self.operation
