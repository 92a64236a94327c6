"""Entries that somebody of ours must not read, because they may be about that person.

Who keeps something from a person says so here, from an app's `audited.py`, and every
page that shows entries leaves them out. The chain doesn't know of it: it is made and
verified over every entry.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from plugseller.audit.models import Entry

Hides = Callable[[Any], Iterable[UUID]]  # a person -> ids of what entries are about

_hiding: list[Hides] = []


def hide(tells: Hides) -> None:
    """Say about what a person mustn't read."""
    if tells not in _hiding:
        _hiding.append(tells)


def hidden_from(reader: Any) -> list[str]:
    """What the person mustn't read about, as entries name it; mostly nothing."""
    return sorted({str(subject) for tells in _hiding for subject in tells(reader)})


def kept_from(reader: Any, entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Those of the entries that the person mustn't read."""
    return entries.filter(object_pk__in=hidden_from(reader))


def readable_by(reader: Any, entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """The entries without those that the person mustn't read."""
    hidden = hidden_from(reader)
    return entries.exclude(object_pk__in=hidden) if hidden else entries
