"""The shelves: what the floors above put here for the rooms below to find (ACC-2).

Each app fills them from files found by name, as Django finds `admin.py`; nothing
here imports anything of the house.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What sort of thing an event is, for people who filter."""

    READ = "read"  # Marketplace Information was shown or handed out
    CHANGE = "change"  # something of a seller's or of ours was made, changed, removed
    ACCESS = "access"  # who may what: people, roles, grants, sign-in
    KEY = "key"  # keys and credentials
    WORK = "work"  # what jobs did
    PROOF = "proof"  # the audit log about itself


class By(StrEnum):
    """Who can cause an event; what an entry keeps as the kind of its actor."""

    PERSON = "person"  # somebody signed in
    TOKEN = "token"  # noqa: S105  a program with an API token of a person
    ANONYMOUS = "anonymous"  # somebody not signed in
    JOB = "job"
    COMMAND = "command"  # somebody on the server's command line


@dataclass(frozen=True, slots=True)
class Event:
    """A type of thing that is logged."""

    name: str  # "seller.created": what stands in the entry
    kind: Kind
    sentence: str  # for people, about whoever did it: "created the seller"
    by: tuple[By, ...]


_events: dict[str, Event] = {}
EVENTS: Mapping[str, Event] = MappingProxyType(_events)  # name -> Event


def event(name: str, *, kind: Kind, sentence: str, by: tuple[By, ...]) -> Event:
    """Put an event type into the catalogue; ValueError if the name is taken."""
    entry = Event(name, kind, sentence, by)
    if _events.setdefault(name, entry) != entry:
        raise ValueError(f"The event {name} is in the catalogue already.")
    return entry


@dataclass(frozen=True, slots=True)
class Periodic:
    """A piece of work that is done again and again, from each app's `jobs.py`."""

    name: str  # "mail.send"
    every: timedelta
    work: Callable[[datetime], object]  # gets the instant it is run for


_periodicals: dict[str, Periodic] = {}
PERIODICALS: Mapping[str, Periodic] = MappingProxyType(_periodicals)  # name -> Periodic


def periodic(
    name: str, *, every: timedelta, work: Callable[[datetime], object]
) -> Periodic:
    """Put work on the timetable; ValueError if the name is taken."""
    entry = Periodic(name, every, work)
    if _periodicals.setdefault(name, entry) != entry:
        raise ValueError(f"{name} is on the timetable already.")
    return entry
