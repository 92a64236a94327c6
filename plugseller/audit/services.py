"""The way into the audit log for everybody else."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.utils import timezone

from plugseller.audit.acting import (
    Acting,
    acting,
    afterwards,
    command,
    identify,
    now_acting,
)
from plugseller.audit.append import AppendOnly, AuditUnavailable, append, plain
from plugseller.audit.models import Entry
from plugseller.shelves import EVENTS, By

__all__ = [
    "Acting",
    "AppendOnly",
    "AuditUnavailable",
    "UnknownEvent",
    "acting",
    "command",
    "identify",
    "now_acting",
    "record",
    "record_access",
    "record_apart",
]

logger = logging.getLogger(__name__)


class UnknownEvent(LookupError):
    """An event that no `events.py` put into the catalogue."""


def record(
    event: str,
    *,
    actor: Any = None,
    seller_id: UUID | None = None,
    subject: models.Model | None = None,
    rows: int | None = None,
    details: Mapping[str, Any] | None = None,
    action: int = Entry.Action.UPDATE,
    role: str = "",
    grant_id: UUID | None = None,
) -> int:
    """Insert one entry, in the caller's transaction; best as its last step.

    `event` is a name of the catalogue (`events.py` of the apps). `details` holds ids,
    counts, names of fields; no secret and no personal value. Without `actor`, `role`
    and `grant_id` the entry names whoever `acting` says. Returns the entry's number.
    Raises AuditUnavailable, and then the caller's transaction can't be committed.
    """
    if event not in EVENTS:
        raise UnknownEvent(f"No events.py lists {event!r}.")
    who = now_acting()
    content = plain(
        timestamp=timezone.now(),
        event=event,
        action=action,
        actor_id=actor.pk if actor else who.user_id,
        actor_kind=By.PERSON if actor and who.kind != By.TOKEN else who.kind,
        via=who.via,
        role=role or who.role,
        grant_id=grant_id or who.grant_id,
        seller_id=seller_id,
        content_type_id=(
            ContentType.objects.get_for_model(subject).pk if subject else None
        ),
        label=subject._meta.label_lower if subject else "",
        object_pk=subject.pk if subject else "",
        rows=rows,
        details=details,
        request_id=who.request_id,
        address=who.address,
        agent=who.agent,
    )
    [(number, _, _)] = append([content], using=DEFAULT_DB_ALIAS)
    return number


def record_apart(event: str, **told: Any) -> None:
    """Insert an entry that stays although what is being done is undone.

    For something that was noticed, as opposed to something that was done. At once
    outside of a transaction, else when whoever acts is through. Takes what `record`
    takes, and raises nothing: where the log can't be written, our own log says so.
    """
    write = partial(_try_to_record, event, told)
    if not connection.in_atomic_block:
        write()
    elif not afterwards(write):
        transaction.on_commit(write)


def _try_to_record(event: str, told: Mapping[str, Any]) -> None:
    try:
        record(event, **told)
    except AuditUnavailable:
        logger.critical("The audit log couldn't take the entry %s.", event)


def record_access(
    kind: str,
    *,
    actor: Any,
    seller_id: UUID,
    rows: int,
    subject: models.Model | None = None,
    details: Mapping[str, Any] | None = None,
    role: str = "",
    grant_id: UUID | None = None,
) -> int:
    """Insert one entry for a read of a seller's data, before it is shown.

    `kind` is what was read: the event is `read.<kind>`. `subject` is the row whose
    page it was. `details` holds the names of the filters, never what was put into
    them. Raises AuditUnavailable.
    """
    return record(
        f"read.{kind}",
        actor=actor,
        seller_id=seller_id,
        subject=subject,
        rows=rows,
        details=details,
        action=Entry.Action.ACCESS,
        role=role,
        grant_id=grant_id,
    )
