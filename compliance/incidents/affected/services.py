"""Computes whom an incident affects, as often as is asked; each answer is kept."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from compliance.incidents.affected.models import AffectedList
from compliance.incidents.affected.reach import Touched, Window, entries_in, touched
from compliance.incidents.models import Incident
from compliance.incidents.sections import affects
from compliance.incidents.services import (
    IncidentRefused,
    note_fact,
    officer_at,
    renew_duties,
    tick_key,
)
from compliance.incidents.services.people import hold
from compliance.incidents.services.reach import unreachable
from plugseller.accounts.models import Seller, User
from plugseller.exports import Column, csv_lines

_LONGEST = timedelta(days=731)  # as long as the log is kept
BEFORE = timedelta(hours=24)  # of the detection, if no other time is said


def newest(incident: Incident) -> AffectedList | None:
    """The list that counts."""
    return AffectedList.objects.filter(incident=incident).first()


def newest_of_all(incident: Incident) -> list[AffectedList]:
    """The lists that count: its own, and those of the cases it took in."""
    lists = AffectedList.objects.filter(incident__in=incident.cases)
    found: dict[UUID, AffectedList] = {}
    for one in lists.select_related("incident"):  # the newest of each case first
        found.setdefault(one.incident_id, one)
    return sorted(found.values(), key=lambda one: one.incident_id != incident.pk)


@transaction.atomic
def compute(
    *, actor: User, incident: Incident, window: Window, now: datetime
) -> AffectedList:
    """Whose data was touched in that time; sellers added by hand stay on the list.

    Marketplaces and kinds of data of the incident grow by what was found; whether
    Amazon Information is involved is the officer's to say. Raises IncidentRefused.
    """
    officer_at(actor, incident)
    _check(window, now)
    held = hold(incident)
    last = newest(held)
    by_hand = [one["seller"] for one in last.sellers if one["by_hand"]] if last else []
    return _keep(actor, held, window, by_hand, now)


@transaction.atomic
def add_seller(
    *, actor: User, incident: Incident, slug: str, now: datetime
) -> AffectedList:
    """Put a seller on the list that the log doesn't tell of. Raises IncidentRefused."""
    officer_at(actor, incident)
    held = hold(incident)
    seller = Seller.objects.filter(slug=slug.strip()).first()
    if seller is None:
        raise IncidentRefused("There is no seller of that name in addresses.")
    last = newest(held)
    listed = last.sellers if last else []
    if any(one["seller"] == str(seller.pk) for one in listed):
        raise IncidentRefused("It is on the list already. Nothing was changed.")
    window = window_of(last) if last else usual_window(held, now)
    by_hand = [one["seller"] for one in listed if one["by_hand"]]
    return _keep(actor, held, window, [*by_hand, str(seller.pk)], now)


def usual_window(incident: Incident, now: datetime) -> Window:
    """From a day before the detection until now."""
    return Window(since=incident.detected_at - BEFORE, until=now)


def window_of(found: AffectedList) -> Window:
    return Window(found.since, found.until, **found.narrowed)


def suggests_amazon(*lists: AffectedList) -> str:
    """What lists say of Amazon Information, in a sentence; the officer decides."""
    sellers = [one for found in lists for one in found.sellers]
    if not sellers:
        return "Nothing is known yet, so Amazon Information counts as involved."
    if any("amazon" in one["marketplaces"] for one in sellers):
        return "Affected sellers have Amazon accounts: Amazon Information is involved."
    if any(one["is_gone"] for one in sellers):
        return (
            "Some affected sellers are deleted, and whether they had Amazon accounts "
            "isn't known: treat it as involved."
        )
    return (
        "No affected seller had an Amazon account in that time. That no Amazon "
        "Information is involved still takes two officers."
    )


@transaction.atomic
def export(
    *,
    actor: User,
    incident: Incident,
    found: AffectedList,
    zone: ZoneInfo,
    now: datetime,
) -> Iterator[bytes]:
    """The list as CSV; that it was taken along is noted first."""
    officer_at(actor, incident)
    note_fact(
        incident,
        "affected exported",
        actor=actor,
        now=now,
        number=found.number,
        sha256=found.sha256,
    )
    return csv_lines(COLUMNS, rows(found), zone)


def rows(found: AffectedList) -> "list[Row]":
    """What the page and the file show: with the seller's name as it is now."""
    ids = [UUID(one["seller"]) for one in found.sellers]
    names, gone = Seller.objects.in_bulk(ids), unreachable(ids)
    return [
        Row(Touched(**one), names.get(pk), gone.get(pk, ""))
        for pk, one in zip(ids, found.sellers, strict=True)
    ]


class Row:
    """A seller of the list, for people."""

    def __init__(self, one: Touched, seller: Seller | None, why_not: str) -> None:
        self.touched, self.seller = one, seller
        self.why_not = why_not  # its people can't be reached; "" if they can

    @property
    def name(self) -> str:
        return self.seller.name if self.seller else f"unreachable: {self.why_not}"

    @property
    def found_by(self) -> str:
        return "added by hand" if self.touched.by_hand else "the audit log"


COLUMNS = (
    Column[Row]("Seller", lambda row: row.name),
    Column[Row]("Id", lambda row: row.touched.seller),
    Column[Row]("Found by", lambda row: row.found_by),
    Column[Row]("Marketplaces", lambda row: ", ".join(row.touched.marketplaces)),
    Column[Row]("Connections", lambda row: ", ".join(row.touched.connections)),
    Column[Row]("Data", lambda row: ", ".join(row.touched.data)),
    Column[Row]("Reads", lambda row: row.touched.reads),
    Column[Row]("Rows", lambda row: row.touched.rows),
)


def _check(window: Window, now: datetime) -> None:
    if window.since.tzinfo is None or window.until.tzinfo is None:
        raise IncidentRefused("Say in which time zone the times are.")
    if window.since >= window.until:
        raise IncidentRefused("The time begins after it ends. Nothing was computed.")
    if window.since > now:
        raise IncidentRefused("That time hasn't come yet.")
    if window.until - window.since > _LONGEST:
        raise IncidentRefused("The audit log reaches back two years at most.")
    for name in ("actor", "token", "connection"):
        if told := getattr(window, name):
            try:
                UUID(told)
            except ValueError:
                raise IncidentRefused(f"The {name} is named by its id.") from None


def _keep(
    actor: User, held: Incident, window: Window, by_hand: list[str], now: datetime
) -> AffectedList:
    sellers = [asdict(one) for one in touched(window, by_hand)]
    last = newest(held)
    told = {
        "incident": str(held.pk),
        "computed_at": now.isoformat(),
        "since": window.since.isoformat(),
        "until": window.until.isoformat(),
        "narrowed": window.narrowed(),
        "sellers": sellers,
    }
    found = AffectedList.objects.create(
        incident=held,
        number=last.number + 1 if last else 1,
        computed_at=now,
        computed_by=actor.pk,
        since=window.since,
        until=window.until,
        narrowed=window.narrowed(),
        sellers=sellers,
        entries=entries_in(window).count(),
        sha256=_sha256(told),
    )
    _let_grow(held, sellers)
    note_fact(
        held,
        "affected computed",
        actor=actor,
        now=now,
        number=found.number,
        sellers=len(sellers),
        gone=sum(one["is_gone"] for one in sellers),
        rows=sum(one["rows"] for one in sellers),
        sha256=found.sha256,
    )
    tick_key(held, "affected", actor=actor, now=now)
    renew_duties(held, now=now)
    return found


def _let_grow(held: Incident, sellers: list[dict[str, object]]) -> None:
    """What was known stays: an officer may know more than the log."""
    for name, column in (("marketplaces", "marketplaces"), ("data", "data_kinds")):
        new = {word for one in sellers for word in one[name]}  # type: ignore[attr-defined]  # a list
        setattr(held, column, sorted({*getattr(held, column), *new}))
    held.save(update_fields=["marketplaces", "data_kinds"])


def _sha256(told: Mapping[str, object]) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _sellers(incident: Incident) -> list[UUID]:
    lists = newest_of_all(incident)
    return [UUID(one["seller"]) for found in lists for one in found.sellers]


affects(_sellers)
