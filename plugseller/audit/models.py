"""What happened, by whom, with whose data. Entries are only ever inserted (ACC-2)."""

import uuid
from collections.abc import Iterable
from datetime import UTC
from typing import Any, Never

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.utils import timezone

from plugseller.audit.acting import now_acting
from plugseller.audit.append import AppendOnly, AuditUnavailable, append, plain
from plugseller.audit.chain import Seal

# How auditlog's changes of a row are named in the catalogue, by its action.
ROW_EVENTS = ("row.created", "row.changed", "row.deleted", "row.read")


class EntryQuerySet(models.QuerySet["Entry"]):
    """Adds entries and finds them; whatever else a queryset can do is refused.

    The database's triggers are the wall; this is the sentence in front of it.
    """

    def bulk_create(
        self, objs: Iterable["Entry"], *args: Any, **kwargs: Any
    ) -> list["Entry"]:
        entries = list(objs)
        _insert(entries, using=self.db)
        return entries

    def update(self, **kwargs: Any) -> Never:
        raise AppendOnly

    def delete(self) -> Never:
        raise AppendOnly

    def bulk_update(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly

    def _raw_delete(self, using: str | None) -> Never:
        raise AppendOnly


class EntryManager(LogEntryManager.from_queryset(EntryQuerySet)):  # type: ignore[misc]  # no types
    """What auditlog's receivers call; who acted is what `acting` says."""

    def log_create(
        self, instance: models.Model, force_log: bool = False, **kwargs: Any
    ) -> "Entry | None":
        changes, action = kwargs.get("changes"), kwargs["action"]
        if not changes and not force_log:
            return None
        try:
            return self.log_row(
                instance, event=ROW_EVENTS[action], action=action, changes=changes
            )
        except AuditUnavailable:
            if action == Entry.Action.CREATE:
                _take_back(instance)
            raise

    def log_m2m_changes(
        self,
        changed_queryset: Any,
        instance: models.Model,
        operation: str,
        field_name: str,
        **kwargs: Any,
    ) -> Never:
        """Auditlog would log a cleared relation as every row of the other table."""
        raise NotImplementedError("Relations are logged by plugseller.audit.diff.")

    def log_row(
        self,
        instance: models.Model,
        *,
        event: str,
        action: int,
        changes: Any = None,
        details: Any = None,
    ) -> "Entry":
        """One entry about one row, by whoever acts."""
        entry = Entry(
            event=event,
            action=action,
            content_type=ContentType.objects.get_for_model(instance),
            object_repr=instance._meta.label_lower,
            object_pk=str(instance.pk),
            seller_id=_seller_of(instance),
            changes=changes,
            additional_data=details or {},
            **acted(),
        )
        entry.save(force_insert=True)
        return entry

    def get_for_object(self, instance: models.Model) -> Any:
        return self.filter(
            object_pk=str(instance.pk), object_repr=instance._meta.label_lower
        )

    def get_for_objects(self, queryset: Any) -> Any:
        label = queryset.model._meta.label_lower
        return self.filter(
            object_repr=label, object_pk__in=[str(row.pk) for row in queryset]
        )


class Entry(AbstractLogEntry):  # type: ignore[misc]  # no types
    """One thing that happened: ids, counts and names of fields, no personal value.

    References don't cascade and aren't constrained: an entry outlives the person, the
    seller and the row it speaks of. `object_repr` is the kind of thing, never what
    `str()` gives; auditlog's columns for the actor's address and for whole rows
    don't exist.
    """

    id = models.BigIntegerField(primary_key=True, editable=False)  # 1, 2, 3: no gaps
    timestamp = models.DateTimeField(default=timezone.now)
    event = models.CharField(max_length=60)  # a name of the catalogue
    action = models.PositiveSmallIntegerField(choices=AbstractLogEntry.Action.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    actor_kind = models.CharField(max_length=20, blank=True)  # one of shelves.By
    via = models.CharField(max_length=100, blank=True)  # job, or command and account
    role = models.CharField(max_length=40, blank=True)  # in which the person acted
    grant_id = models.UUIDField(
        null=True, blank=True
    )  # the staff grant that allowed it
    seller_id = models.UUIDField(null=True, blank=True)  # whose data
    content_type = models.ForeignKey(
        ContentType,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    object_repr = models.CharField(max_length=100, blank=True)  # "accounts.seller"
    object_pk = models.CharField(max_length=255, blank=True)
    rows = models.PositiveIntegerField(null=True, blank=True)
    changes = models.JSONField(null=True, blank=True)  # field -> [before, after]
    additional_data = models.JSONField(default=dict, blank=True)
    request_id = models.UUIDField(null=True, blank=True)
    remote_addr = models.CharField(max_length=45, null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)  # the client's User-Agent
    previous_hash = models.CharField(max_length=64, editable=False)
    hash = models.CharField(max_length=64, editable=False)

    actor_email = None
    changes_text = None
    cid = None
    object_id = None
    remote_port = None
    serialized_data = None

    objects = EntryManager()

    class Meta:
        abstract = False
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [
            models.Index(fields=["timestamp"], name="audit_at"),
            models.Index(fields=["event", "timestamp"], name="audit_of_event"),
            models.Index(
                fields=["seller_id", "timestamp"],
                name="audit_of_seller",
                condition=models.Q(seller_id__isnull=False),
            ),
            models.Index(
                fields=["actor", "timestamp"],
                name="audit_of_actor",
                condition=models.Q(actor__isnull=False),
            ),
            models.Index(fields=["object_pk"], name="audit_of_object"),
            models.Index(
                fields=["grant_id"],
                name="audit_of_grant",
                condition=models.Q(grant_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.object_pk}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        _insert([self], using=kwargs.get("using") or DEFAULT_DB_ALIAS)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly


class Checkpoint(models.Model):
    """A signed statement about where the log stood; chain.Seal says what it means."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10)  # chain.HEAD, ANCHOR or RESTORED
    number = models.BigIntegerField()  # of an entry that may be gone by now
    hash = models.CharField(max_length=64)
    entries = models.BigIntegerField()
    made_at = models.DateTimeField()
    key_id = models.CharField(max_length=40)
    signature = models.CharField(max_length=128)

    class Meta:
        default_permissions = ("view",)
        ordering = ["-id"]
        indexes = [models.Index(fields=["made_at"], name="checkpoint_at")]

    def __str__(self) -> str:
        return f"{self.kind} at entry {self.number}"

    def seal(self) -> Seal:
        """The statement as it was signed."""
        return Seal(
            kind=self.kind,
            number=self.number,
            hash=self.hash,
            entries=self.entries,
            made_at=self.made_at.astimezone(UTC).isoformat(timespec="microseconds"),
            key_id=self.key_id,
            signature=self.signature,
        )


def acted() -> dict[str, Any]:
    """The columns that say who acts."""
    who = now_acting()
    return {
        "actor_id": who.user_id,
        "actor_kind": who.kind,
        "via": who.via,
        "role": who.role,
        "grant_id": who.grant_id,
        "request_id": who.request_id,
        "remote_addr": who.address,
        "agent": who.agent,
    }


def new_request_id() -> uuid.UUID:
    """Names one request in the log; made by us, never taken from outside."""
    return uuid.uuid4()


def _take_back(instance: models.Model) -> None:
    """Remove a row that was committed a moment ago and couldn't be logged.

    Outside a transaction Django commits a new row before auditlog is told of it.
    Inside one nothing has to be done: it can't be committed any more.
    """
    using = instance._state.db or DEFAULT_DB_ALIAS
    if not connections[using].in_atomic_block:
        rows = type(instance)._base_manager.using(using).filter(pk=instance.pk)
        rows._raw_delete(using)


# Where a row's seller stands, if not in `seller_id`; `audited(seller=...)` fills it.
SELLER_PATHS: dict[type[models.Model], str] = {}


def _seller_of(instance: models.Model) -> uuid.UUID | None:
    found: Any = instance
    for name in SELLER_PATHS.get(type(instance), "seller_id").split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, uuid.UUID) else None


def _insert(entries: list[Entry], *, using: str) -> None:
    links = append([_plain(entry) for entry in entries], using=using)
    for entry, (number, previous, hash_) in zip(entries, links, strict=True):
        entry.id, entry.previous_hash, entry.hash = number, previous, hash_
        entry._state.adding, entry._state.db = False, using


def _plain(entry: Entry) -> tuple[str | int | None, ...]:
    return plain(
        timestamp=entry.timestamp,
        event=entry.event,
        action=entry.action,
        actor_id=entry.actor_id,
        actor_kind=entry.actor_kind,
        via=entry.via,
        role=entry.role,
        grant_id=entry.grant_id,
        seller_id=entry.seller_id,
        content_type_id=entry.content_type_id,
        label=entry.object_repr,
        object_pk=entry.object_pk,
        rows=entry.rows,
        changes=entry.changes,
        details=entry.additional_data,
        request_id=entry.request_id,
        address=entry.remote_addr,
        agent=entry.agent,
    )
