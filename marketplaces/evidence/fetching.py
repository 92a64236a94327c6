"""Counts what was fetched against what may be (USE-1, USE-3, USE-4, SCOPE-1)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import F, Model, Q, Sum

from marketplaces import shelf
from marketplaces.datamap import (
    NOT_PERMITTED,
    Feature,
    kept_fields,
    unwanted_paths,
)
from marketplaces.models import FeatureSwitch, OrderItem, SyncRun, SyncState
from plugseller.accounts.portability import NOT_PORTABLE, PORTABLES
from plugseller.audit.models import ROW_EVENTS, Entry
from plugseller.custody.checks import check_holdings
from plugseller.shelves import HOLDINGS, DataClass

WINDOW = timedelta(days=30)
_NEWEST = 20_000  # rows of each table
_PERSONAL = re.compile(
    r"buyer|recipient|customer|phone|e-?mail|address|postal|"
    r"(first|last|given|family|full)_?name|gift",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(r"restricted|/tokens/|pii|tax", re.IGNORECASE)


def strayed() -> tuple[int, int]:
    """Rows looked at, and those whose account or order belongs to another seller."""
    looked = wrong = 0
    for model, path in _owned():
        rows = model._base_manager.all()
        last = rows.order_by("-pk").values_list("pk", flat=True).first()
        if last is None:
            continue
        newest = rows.filter(pk__gt=last - _NEWEST)
        looked += newest.count()
        wrong += newest.exclude(**{path: F("seller")}).count()
    return looked, wrong


def _owned() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_app_config("marketplaces").get_models():
        names = {field.name for field in model._meta.concrete_fields}
        if {"seller", "connection"} <= names:
            yield model, "connection__seller"
    yield OrderItem, "order__seller"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Runs of a time, and those of features that were off."""

    runs: int
    while_off: int
    without_switch: int
    features: int  # switched on now


def fetched_while_off(now: datetime) -> Fetched:
    """Runs that asked a marketplace something although the feature was off then."""
    since = now - WINDOW
    asked = SyncRun.unfenced.filter(
        Q(calls__gt=0) & ~Q(feature=Feature.ACCOUNT), started_at__gte=since
    )
    off_now = asked.filter(
        connection__switches__feature=F("feature"),
        connection__switches__on=False,
        connection__switches__switched_at__lt=F("started_at"),
    ).count()
    off_then = sum(
        asked.filter(
            connection=switch.connection_id,
            feature=switch.feature,
            started_at__gt=begin,
            started_at__lt=end,
        ).count()
        for switch, begin, end in _off_between(since)
    )
    known = set(FeatureSwitch.objects.values_list("connection", "feature"))
    seen = set(asked.order_by().values_list("connection", "feature").distinct())
    return Fetched(
        runs=asked.count(),
        while_off=off_now + off_then,
        without_switch=len(seen - known),
        features=FeatureSwitch.objects.filter(on=True).count(),
    )


def _off_between(since: datetime) -> Iterator[tuple[FeatureSwitch, datetime, datetime]]:
    """The times a switch was off and isn't any more, as the audit log tells."""
    told = Entry.objects.filter(
        event__in=ROW_EVENTS[:2],
        timestamp__gte=since,
        object_repr=FeatureSwitch._meta.label_lower,
    ).order_by("id")
    turns: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for pk, at, changes in told.values_list("object_pk", "timestamp", "changes"):
        if changes and "on" in changes:
            turns[pk].append((at, str(changes["on"][1]) == "True"))
    switches = FeatureSwitch.objects.in_bulk([int(pk) for pk in turns])
    for pk, switch in switches.items():
        off_since: datetime | None = None
        for at, on in turns[str(pk)]:
            if on and off_since:
                yield switch, off_since, at
            off_since = None if on else off_since or at


@dataclass(frozen=True, slots=True)
class Personal:
    """What of buyers could be asked for, was asked for, or came unasked."""

    operations: int
    restricted_operations: int  # that the map could express
    personal_fields: int  # that could be kept: by the map, or by a column
    refused_calls: int  # that something tried outside of the map
    dropped: int  # values that came unasked and were dropped on arrival
    paths: int  # different ones that are looked for


def personal_data(now: datetime) -> Personal:
    """The data map and the tables, and what the last 30 days brought."""
    operations = list(shelf.datamap())
    kept = [one.path for o in operations for one in kept_fields(o.structure)]
    columns = [
        field.name
        for model in apps.get_app_config("marketplaces").get_models()
        for field in model._meta.concrete_fields
        if HOLDINGS[model._meta.label].data_class == DataClass.MARKETPLACE
    ]
    runs = SyncRun.unfenced.filter(started_at__gte=now - WINDOW)
    return Personal(
        operations=len(operations),
        restricted_operations=sum(
            bool(_RESTRICTED.search(f"{o.role} {o.path} {o.parameters}"))
            for o in operations
        ),
        personal_fields=sum(bool(_PERSONAL.search(name)) for name in [*kept, *columns]),
        refused_calls=runs.filter(error_code__contains=NOT_PERMITTED).count()
        + _refused_elsewhere(now),
        dropped=runs.aggregate(sum=Sum("fields_dropped"))["sum"] or 0,
        paths=sum(len(unwanted_paths(o.structure)) for o in operations),
    )


# What tells of a call of ours that didn't succeed -> where it says why.
CALLS_REFUSED = {
    "sync.run": "error_code",
    "connection.refused": "reason",
    "app_secret.not_given": "code",
}


def _refused_elsewhere(now: datetime) -> int:
    """While an account was connected, or our own secret was to be replaced."""
    lately = Entry.objects.filter(timestamp__gte=now - WINDOW)
    return sum(
        told.get(CALLS_REFUSED[event]) == NOT_PERMITTED
        for event, told in lately.filter(
            event__in=CALLS_REFUSED.keys() - {"sync.run"}
        ).values_list("event", "additional_data")
    )


@dataclass(frozen=True, slots=True)
class Mapped:
    """How complete the list of what we hold is."""

    places: int
    undecided: int  # tables without a data class or a rule
    columns: int  # of Marketplace Information
    unexplained: int  # whose source nobody wrote down
    unmapped_calls: int  # stored as fetched by a call that the map doesn't name


def mapped() -> Mapped:
    """Every table decided about, every column with its source, every call named."""
    columns = unexplained = 0
    for model in apps.get_app_config("marketplaces").get_models():
        holding = HOLDINGS.get(model._meta.label)
        if holding is None or holding.data_class != DataClass.MARKETPLACE:
            continue
        told = _explained(model)
        for field in model._meta.concrete_fields:
            columns += 1
            unexplained += not ({field.name, field.attname} & told)
    marketplaces = {adapter.key for adapter in shelf.adapters()}
    known = {operation.key for operation in shelf.datamap()}
    called = set(SyncState.objects.order_by().values_list("operation", flat=True))
    ours = {key for key in called if key.partition(".")[0] in marketplaces}
    return Mapped(
        places=len(HOLDINGS),
        undecided=len(check_holdings()),
        columns=columns,
        unexplained=unexplained,
        unmapped_calls=len(ours - known),
    )


def _explained(model: type[Model]) -> set[str]:
    label = model._meta.label
    if label in NOT_PORTABLE:
        return {name for f in model._meta.concrete_fields for name in (f.name,)}
    entry: Any = PORTABLES.get(label)
    if entry is None:
        return set()
    read = {(says.path or says.name).partition(".")[0] for says in entry.columns}
    return read | set(entry.left_out)
