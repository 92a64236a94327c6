"""How an entry gets into the log: the one INSERT, in the one order (ACC-2).

Entries are chained in the insert itself, not by a job later. A sealing job would
save about a fifth of an insert, but whatever came since its last run could be
changed unseen, and it would have to update rows that must never be updated.

Writers take turns, so that two never follow the same entry:
- SQLCipher: every transaction is BEGIN IMMEDIATE, only one writes at a time.
- PostgreSQL: `audit_head()` takes an advisory lock that lasts until the transaction
  ends, and reads the newest entry after it has it, in one round trip. So a
  transaction should write its entries last: whoever else has something to log waits
  for its end.

An entry is in the transaction of the change it tells of. If it can't be written the
transaction is rolled back and AuditUnavailable says so; what isn't logged doesn't
happen.
"""

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import Error, connections, transaction

from plugseller.audit import chain
from plugseller.keyprovider import KeyProvider, KeyTrouble, provider

TABLE = "audit_entry"
COLUMNS = (  # what an entry says, in the order in which its hash covers it
    "timestamp",
    "event",
    "action",
    "actor_id",
    "actor_kind",
    "via",
    "role",
    "grant_id",
    "seller_id",
    "content_type_id",
    "object_repr",
    "object_pk",
    "rows",
    "changes",
    "additional_data",
    "request_id",
    "remote_addr",
    "agent",
)
Content = tuple[str | int | None, ...]  # the columns' values, as `plain` makes them


def _insert(timestamp: str) -> str:
    names = ", ".join(f'"{name}"' for name in ("id", "previous_hash", "hash", *COLUMNS))
    places = ", ".join(["%s"] * 3 + [timestamp] + ["%s"] * (len(COLUMNS) - 1))
    return f"INSERT INTO {TABLE} ({names}) VALUES ({places})"  # noqa: S608  constants


_INSERT = {
    "sqlite": _insert("%s"),
    "postgresql": _insert("%s::timestamp AT TIME ZONE 'UTC'"),
}
_HEAD = {
    "sqlite": f"SELECT id, hash FROM {TABLE} ORDER BY id DESC LIMIT 1",  # noqa: S608
    "postgresql": "SELECT id, hash FROM audit_head()",
}


class AuditUnavailable(Exception):
    """The audit log can't be written, so what was to be logged didn't happen."""

    def __init__(self) -> None:
        super().__init__(
            "The audit log can't be written right now, so nothing was done. "
            "Try again in a minute."
        )


class AppendOnly(TypeError):
    """Something tried to change or remove audit entries, which nothing may."""

    def __init__(self) -> None:
        super().__init__(
            "Audit entries are only ever added. Old ones leave by whole months when "
            "their time is over: `manage.py prune_audit`."
        )


def append(contents: Iterable[Content], *, using: str) -> list[tuple[int, str, str]]:
    """Insert entries in this order; their numbers, hashes before, and hashes.

    Raises AuditUnavailable, and then the surrounding transaction can't be committed.
    """
    connection = connections[using]
    try:
        # Without a savepoint: a failure here ends the caller's transaction as well.
        with (
            transaction.atomic(using=using, savepoint=False),
            connection.cursor() as cursor,
        ):
            key = keys().chaining
            cursor.execute(_HEAD[connection.vendor])
            number, previous = cursor.fetchone() or (0, chain.GENESIS)
            links = []
            insert = _INSERT[connection.vendor]
            for content in contents:
                number += 1
                hash_ = chain.link(key, number, previous, content)
                cursor.execute(insert, (number, previous, hash_, *content))
                links.append((number, previous, hash_))
                previous = hash_
            return links
    except (Error, KeyTrouble) as error:
        raise AuditUnavailable from error


def keys(*, anew: bool = False) -> chain.Keys:
    """The keys of the log. Raises KeyTrouble.

    Which there are is looked at again after some seconds, because another process may
    have made one; `anew` looks now, for whoever would call what it signed forged.
    """
    held, now = provider(), time.monotonic()
    known = _known.get(held)
    if known is None or anew or now >= known[0]:
        ids = tuple(held.signing_ids())
        if not ids:
            held.current_signing_id()  # raises with the reason
        known = (now + _KNOWN_FOR, _keys_of(held, ids))  # type: ignore[arg-type]
        _known.clear()
        _known[held] = known
    return known[1]


_KNOWN_FOR = 5.0  # seconds
_known: dict[KeyProvider, tuple[float, chain.Keys]] = {}  # of the one provider there is


@lru_cache(maxsize=2)
def _keys_of(held: KeyProvider, ids: tuple[str, ...]) -> chain.Keys:
    return chain.Keys.of({key_id: held.signing_key(key_id) for key_id in ids})


def plain(
    *,
    timestamp: datetime,
    event: str,
    action: int,
    actor_id: UUID | None,
    actor_kind: str,
    via: str = "",
    role: str = "",
    grant_id: UUID | None = None,
    seller_id: UUID | None = None,
    content_type_id: int | None = None,
    label: str = "",
    object_pk: object = "",
    rows: int | None = None,
    changes: Any = None,
    details: Any = None,
    request_id: UUID | None = None,
    address: str | None = None,
    agent: str = "",
) -> Content:
    """An entry's columns as text and whole numbers: what is hashed and stored."""
    return (
        instant(timestamp),
        event,
        action,
        _hex(actor_id),
        str(actor_kind),
        via,
        role,
        _hex(grant_id),
        _hex(seller_id),
        content_type_id,
        label,
        _clean_text(str(object_pk)),
        rows,
        None if changes is None else chain.as_text(simple(changes)),
        chain.as_text(simple(details or {})),
        _hex(request_id),
        address,
        _clean_text(agent),
    )


def instant(when: datetime) -> str:
    """UTC with microseconds, the one way an entry writes its time."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex


def simple(value: object) -> Any:
    """Details as JSON keeps them, the same on every database.

    Ids, dates and decimal numbers become text; TypeError for anything else that
    isn't text, a whole number, a truth value, a list or a mapping.
    """
    match value:
        case Enum():
            return simple(value.value)
        case None | bool() | int():
            return value
        case str():
            return _clean_text(str(value))
        case UUID() | Decimal() | float():
            return str(value)
        case date():
            return value.isoformat()
        case dict():
            return {_clean_text(str(key)): simple(held) for key, held in value.items()}
        case list() | tuple():
            return [simple(held) for held in value]
        case set() | frozenset():
            return sorted(simple(held) for held in value)
    raise TypeError(f"An audit entry can't hold a {type(value).__name__}.")


def _clean_text(text: str) -> str:
    """Without what PostgreSQL can't keep or a terminal obeys."""
    if text.isprintable():
        return text
    kept = "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return kept.encode("utf-8", "replace").decode()
