"""What was done with a seller's data, told to its people in plain words (ACC-2).

People of the seller have their names, ours their role and the grant that let them in,
and who has left is "Former member" with a mark that stays the same.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.apps import apps
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import QueryDict

from plugseller.accounts.desk import Desk
from plugseller.accounts.models import Grant, Membership, Seller, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.audit.models import Entry
from plugseller.exports import Column
from plugseller.keyset import Ordering
from plugseller.shelves import EVENTS, By, Kind

NEWEST = Ordering("newest", "Newest first", "timestamp", datetime, descending=True)
KINDS = {
    Kind.READ: "Data was looked at",
    Kind.CHANGE: "Something was changed",
    Kind.ACCESS: "People and rights",
    Kind.KEY: "Keys",
    Kind.WORK: "Work in the background",
    Kind.PROOF: "The log itself",
}
_OURS, _PROGRAMS, _OURSELVES = "ours", "programs", "ourselves"
_ALONE = "Plug Seller, by itself"


def entries_of(seller: Seller) -> QuerySet[Entry]:
    """Everything in the log that has to do with the seller."""
    found: QuerySet[Entry] = Entry.objects.filter(seller_id=seller.pk)
    return found.order_by("-timestamp", "-id")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in people's words."""

    number: int
    at: datetime
    who: str
    ground: str  # the role the person acted in, or why ours could
    what: str
    about: str
    rows: int | None
    details: str


COLUMNS = (
    Column[Line]("Entry", lambda line: line.number),
    Column[Line]("Time", lambda line: line.at, timed=True),
    Column[Line]("Who", lambda line: line.who),
    Column[Line]("As", lambda line: line.ground),
    Column[Line]("What", lambda line: line.what),
    Column[Line]("About", lambda line: line.about),
    Column[Line]("Rows", lambda line: line.rows),
    Column[Line]("Details", lambda line: line.details),
)


class People:
    """Who is who to the reader: one query for a seller's people, whatever is told."""

    def __init__(self, desk: Desk) -> None:
        self._seller = desk.seller
        # Our staff learns what was done by whom in which role, and nobody's name.
        self._named = not desk.standing.grants

    @cached_property
    def members(self) -> dict[UUID, tuple[str, str]]:
        """Person -> name and role."""
        found = Membership.objects.filter(seller=self._seller).select_related("user")
        return {m.user_id: (self._name(m), Role(m.role).label) for m in found}

    def _name(self, membership: Membership) -> str:
        user = membership.user
        return (
            (user.name or user.email) if self._named else self._mark("Member", user.pk)
        )

    def _mark(self, word: str, person: UUID) -> str:
        digest = hashlib.sha256(self._seller.pk.bytes + person.bytes).hexdigest()
        return f"{word} {digest[:6]}"

    def tell(self, entries: Iterable[Entry]) -> list[Line]:
        """The entries as lines, in two queries more."""
        entries = list(entries)
        grants = Grant.objects.in_bulk({e.grant_id for e in entries if e.grant_id})
        others = {e.actor_id for e in entries if e.actor_id} - self.members.keys()
        ours = dict(
            User.objects.filter(pk__in=others)
            .exclude(staff_role="")
            .values_list("pk", "staff_role")
        )
        return [
            Line(
                number=entry.pk,
                at=entry.timestamp,
                who=self._who(entry, ours),
                ground=self._ground(entry, grants),
                what=_sentence(entry.event),
                about=_about(entry),
                rows=entry.rows,
                details=_details(entry),
            )
            for entry in entries
        ]

    def _who(self, entry: Entry, ours: dict[UUID, str]) -> str:
        if entry.actor_kind == By.JOB:
            return f"{_ALONE} ({entry.via})" if entry.via else _ALONE
        if entry.actor_kind == By.COMMAND and not entry.actor_id:
            return f"Plug Seller's operator ({entry.via.partition(' as ')[0]})"
        if not entry.actor_id:
            return "Somebody not signed in"
        person = self._person(entry, ours)
        return f"API key of {person}" if entry.actor_kind == By.TOKEN else person

    def _person(self, entry: Entry, ours: dict[UUID, str]) -> str:
        role = (
            entry.role if entry.role in StaffRole.values else ours.get(entry.actor_id)
        )
        if role or entry.grant_id:
            return (
                f"Plug Seller staff, {StaffRole(role).label if role else 'role gone'}"
            )
        if entry.actor_id in self.members:
            return self.members[entry.actor_id][0]
        if entry.event == "access.refused" and not entry.role:
            return self._mark("Somebody outside", entry.actor_id)
        return self._mark("Former member", entry.actor_id)

    def _ground(self, entry: Entry, grants: dict[Any, Grant]) -> str:
        if grant := grants.get(entry.grant_id):
            how = "Emergency access" if grant.break_glass else "Access granted"
            return f"{how}: {grant.reason} (ticket {grant.ticket})"
        if entry.role in Role.values:
            return Role(entry.role).label
        return ""


def _sentence(event: str) -> str:
    return EVENTS[event].sentence if event in EVENTS else event


def _about(entry: Entry) -> str:
    if not entry.object_repr:
        return ""
    try:
        kind = apps.get_model(entry.object_repr)._meta.verbose_name
    except (LookupError, ValueError):  # of a table that is gone by now
        kind = entry.object_repr.rpartition(".")[2]
    return f"{kind} {entry.object_pk}".strip()


def _details(entry: Entry) -> str:
    """Names and counts; what a changed field held is not told."""
    told = dict(entry.additional_data or {})
    if entry.changes:
        told["fields"] = sorted(entry.changes)
    return "; ".join(
        f"{name.replace('_', ' ')}: {_word(value)}"
        for name, value in told.items()
        if value not in ([], None, "")
    )


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class ActivityFilter(forms.Form):
    """What a reader may ask of the activity; nothing else reaches the database."""

    kind = forms.ChoiceField(
        required=False, choices=[("", "Any"), *KINDS.items()], label="Kind"
    )
    who = forms.ChoiceField(required=False, label="Who")
    event = forms.ChoiceField(required=False, label="Event")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: QueryDict, *, people: People, zone: ZoneInfo) -> None:
        super().__init__(data, label_suffix="")
        self._zone = zone
        named = [(str(pk), name) for pk, (name, _) in people.members.items()]
        who: Any = self.fields["who"]
        who.choices = [
            ("", "Anybody"),
            *sorted(named, key=lambda pair: pair[1].lower()),
            (_OURS, "Plug Seller staff"),
            (_PROGRAMS, "Programs with an API key"),
            (_OURSELVES, _ALONE),
        ]
        event: Any = self.fields["event"]
        told = sorted(EVENTS.values(), key=lambda e: e.sentence)
        event.choices = [("", "Any"), *((e.name, e.sentence) for e in told)]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("since", "until"):
            if given.get(name) and not 1995 <= given[name].year <= 2100:
                self.add_error(name, "A year between 1995 and 2100, please.")
        return given

    @property
    def asked(self) -> dict[str, Any]:
        """The filters in use."""
        return (
            {n: v for n, v in self.cleaned_data.items() if v} if self.is_valid() else {}
        )

    def narrow(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """The entries that were asked for; days are days in the seller's zone."""
        asked = self.asked
        # No index but that of the seller's entries serves this well: the event is
        # compared in a form that the other index can't answer.
        entries = entries.alias(of=Concat("event", Value("")))
        if kind := asked.get("kind"):
            named = [e.name for e in EVENTS.values() if e.kind == kind]
            entries = entries.filter(of__in=named)
        if event := asked.get("event"):
            entries = entries.filter(of=event)
        if who := asked.get("who"):
            entries = entries.filter(_by(who))
        if since := asked.get("since"):
            entries = entries.filter(timestamp__gte=self._midnight(since))
        if until := asked.get("until"):
            end = self._midnight(until + timedelta(days=1))
            entries = entries.filter(timestamp__lt=end)
        return entries

    def _midnight(self, day: Any) -> datetime:
        return datetime.combine(day, time(), tzinfo=self._zone)


def _by(who: str) -> Q:
    if who == _OURS:
        return Q(role__in=StaffRole.values) | Q(grant_id__isnull=False)
    if who == _PROGRAMS:
        return Q(actor_kind=By.TOKEN)
    if who == _OURSELVES:
        return Q(actor_kind__in=[By.JOB, By.COMMAND], actor__isnull=True)
    return Q(actor_id=UUID(who))
