"""What an incident's page shows and offers beside its core: each part of the room puts
its own here, so that the page needn't know them.

A section is a template that is included, with what it needs; a verb is what a button
does, at `admin:compliance_incident_verb` (the incident's id, the verb's name).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from compliance.incidents.models import Incident
from plugseller.accounts.models import User

Context = Callable[[Incident, User, datetime], dict[str, Any]]
View = Callable[[HttpRequest, Incident], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an incident's page."""

    name: str  # "contain"; the template finds its context under `section.context`
    template: str  # "admin/compliance/incident/_contain.html"
    context: Context  # incident, the officer who looks, the instant
    is_late: bool  # shown below the timeline and the tasks, as the review is


_sections: dict[str, Section] = {}
_verbs: dict[str, View] = {}
SECTIONS: Mapping[str, Section] = MappingProxyType(_sections)  # name, in page order
VERBS: Mapping[str, View] = MappingProxyType(_verbs)  # name -> what the button does


def section(
    name: str, template: str, context: Context, *, is_late: bool = False
) -> None:
    """Show a part on the incident's page; ValueError if the name is taken."""
    ours = Section(name, template, context, is_late)
    if _sections.setdefault(name, ours) != ours:
        raise ValueError(f"The section {name} is on the page already.")


def verb(name: str, view: View) -> None:
    """Answer a button's address; ValueError if the name is taken.

    The desk opens it to officers who may see the incident, for GET and POST alike; the
    view says which it takes, and is wrapped in `confirmed` where it can't be undone.
    """
    if _verbs.setdefault(name, view) != view:
        raise ValueError(f"The verb {name} is taken.")


def shown(
    incident: Incident, officer: User, now: datetime, *, is_late: bool
) -> list[dict[str, Any]]:
    """What the page includes: each section's template and what it needs."""
    return [
        {"template": one.template, "context": one.context(incident, officer, now)}
        for one in SECTIONS.values()
        if one.is_late == is_late
    ]


Sellers = Callable[[Incident], Iterable[UUID]]

_sellers: list[Sellers] = []


def affects(sellers: Sellers) -> None:
    """Say who knows the sellers an incident affects: their people are owed a notice.

    Whoever changes what this gives calls `clock.renew_duties` in the same transaction.
    """
    if sellers not in _sellers:
        _sellers.append(sellers)


def affected_sellers(incident: Incident) -> list[UUID]:
    """The sellers that are affected, as far as is known now."""
    return sorted({seller for tells in _sellers for seller in tells(incident)})


Stands = Callable[[Incident], str]

_standing: list[Stands] = []


def asks_before_the_end(tells: Stands) -> None:
    """Say what has to be answered before the incident may end: a sentence, or ""."""
    if tells not in _standing:
        _standing.append(tells)


def before_the_end(incident: Incident) -> str:
    """What is in the way of its end, in sentences."""
    return " ".join(filter(None, (tells(incident) for tells in _standing)))
