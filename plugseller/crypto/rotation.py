"""Changing master keys, and when which key is due (ACC-3).

    new key  ->  everybody who chose the old one is done  ->  data keys are wrapped
    anew, batch by batch  ->  nothing is wrapped with the old one  ->  no backup is
    left that needs it: it is retired

Each step looks at what is there, so whoever comes after a killed process goes on.
"""

import hmac
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Max, Min, QuerySet

from plugseller.audit.services import record
from plugseller.crypto import periods
from plugseller.crypto.models import DataKey, HeldKey
from plugseller.crypto.resealing import finish_owner, rotate_owner
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import rewrap_data_keys, take_turn
from plugseller.crypto.starting import finish_rekeying, lacking_masters, masters_in_use
from plugseller.keyprovider import KeyProvider, KeyTrouble, Kind, provider
from plugseller.keyprovider.base import fingerprint

logger = logging.getLogger(__name__)

_OWNERS_AT_ONCE = 200  # whose data keys one run of the job replaces
_GOLDEN = 0x9E3779B97F4A7C15F39CC0605CEDC835  # 2^128 / 1.618...: fills a ring evenly


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a change of the master key came to."""

    current: str
    rewrapped: int
    retired: tuple[str, ...]  # not loaded any more
    not_needed: tuple[str, ...]  # an operator may take them out of the environment
    still_needed: tuple[str, ...]  # by a backup that can be opened, or still here


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key, or all current or replaced data keys, for whoever looks after keys."""

    kind: str  # keyprovider.Kind, or "data"
    key_id: str  # empty for data keys
    count: int
    state: str  # "current", "older" (still opens), "retired"
    created: datetime | None  # of data keys the oldest
    last_rotated: datetime | None  # when the newest of its kind began
    due: datetime | None  # when another one has to take its place
    by_itself: bool  # whether the job does that

    def is_overdue(self, now: datetime) -> bool:
        return self.due is not None and self.due <= now


def rotate_master_key(
    *,
    now: datetime,
    new: bool = True,
    told: Callable[[int], object] = lambda changed: None,
) -> Rotated:
    """A new master key that wraps every data key; with `new=False` only the rest.

    Raises KeyTrouble when the provider can't make one, or an old one is lost.
    """
    keys = provider()
    note_held_keys(now, just_made=keys.add_master_key() if new else "")
    if len(keys.master_ids()) > 1:
        _wait_for_those_at_it()
    rewrapped = rewrap_data_keys(told=told)
    periods.rewrap()
    unused = _unused(keys)
    if keys.makes_keys:
        for key_id in unused:
            _retire(keys, key_id, now)
    return Rotated(
        current=keys.current_master_id(),
        rewrapped=rewrapped,
        retired=unused if keys.makes_keys else (),
        not_needed=() if keys.makes_keys else unused,
        still_needed=tuple(one for one in keys.master_ids()[:-1] if one not in unused),
    )


def _wait_for_those_at_it() -> None:
    with transaction.atomic():
        take_turn(alone=True)


def _unused(keys: KeyProvider) -> tuple[str, ...]:
    """What wraps nothing any more, neither here nor in a backup that still opens."""
    needed = {*masters_in_use(), *periods.masters_in_use(), keys.current_master_id()}
    return tuple(one for one in keys.master_ids() if one not in needed)


def _retire(keys: KeyProvider, key_id: str, now: datetime) -> None:
    """Said first, then done: what was said but not done is done by the next run."""
    with transaction.atomic():
        held = HeldKey.objects.filter(kind=Kind.MASTER, key_id=key_id, retired_at=None)
        if held.update(retired_at=now):
            details = {"kind": str(Kind.MASTER), "key": key_id}
            record("key.retired", details=details)
    keys.retire_master_key(key_id)


def note_held_keys(now: datetime, *, just_made: str = "") -> None:
    """Write down keys that are new here, and those that are gone."""
    # The rows first: a key that another process makes and writes down between the two
    # would look as if it were gone.
    rows = list(HeldKey.objects.all())
    held = set(_held())
    if new := held - {(row.kind, row.key_id) for row in rows}:
        with transaction.atomic():
            for kind, key_id in sorted(new):
                _note(kind, key_id, now, just_made=key_id == just_made)
    for row in [row for row in rows if (row.kind, row.key_id) in held]:
        if row.retired_at is not None and not _retires(row):
            _take_back(row)
    gone = [row for row in rows if (row.kind, row.key_id) not in held]
    for row in [row for row in gone if row.retired_at is None]:
        with transaction.atomic():
            unchanged = HeldKey.objects.filter(pk=row.pk, retired_at=None)
            if unchanged.update(retired_at=now):
                record("key.retired", details={"kind": row.kind, "key": row.key_id})


def _retires(row: HeldKey) -> bool:
    """Whether we put such a key away ourselves, and may be just about to."""
    return row.kind == Kind.MASTER and provider().makes_keys


def _take_back(row: HeldKey) -> None:
    """It is held after all: a process that was started before an operator gave it
    wrote that it is gone."""
    with transaction.atomic():
        retired = HeldKey.objects.filter(pk=row.pk).exclude(retired_at=None)
        if retired.update(retired_at=None):
            record("key.held", details={"kind": row.kind, "key": row.key_id})


def _note(kind: str, key_id: str, now: datetime, *, just_made: bool) -> None:
    numbered = kind in (Kind.MASTER, Kind.AUDIT)
    made = provider().made_at(Kind(kind), key_id if numbered else "")
    # A clock that was wrong for a while makes no key younger than today.
    since = now if just_made or made is None else min(made, now)
    _, created = HeldKey.objects.get_or_create(
        kind=kind, key_id=key_id, defaults={"since": since}
    )
    if created:
        record("key.held", details={"kind": kind, "key": key_id})


def _held() -> Iterator[tuple[str, str]]:
    """Kind and id of each key in use that isn't in the database."""
    keys = provider()
    for key_id in keys.master_ids():
        yield Kind.MASTER.value, key_id
    for key_id in keys.signing_ids():
        yield Kind.AUDIT.value, key_id
    if connection.vendor == "sqlite":
        yield Kind.DATABASE.value, fingerprint(Kind.DATABASE, keys.database_key())
    # `init` made it after the settings were read.
    web_key = keys.web_key() if settings.SECRET_KEY_IS_FLEETING else settings.SECRET_KEY
    if web_key:
        yield Kind.WEB.value, _web_key_id(web_key, keys)


def _web_key_id(web_key: str, keys: KeyProvider) -> str:
    """Keyed, because SECRET_KEY may be words that somebody could guess."""
    key = keys.signing_key(keys.signing_ids()[0])
    told = hmac.new(key, b"web key " + web_key.encode(), sha256)
    return told.hexdigest()[:12]


def rotate_due(now: datetime, *, at_most: int = _OWNERS_AT_ONCE) -> None:
    """The job: what is due is changed where the provider can make keys; what was
    begun is finished. Bounded: the next run goes on.

    What doesn't open holds up nothing else; it is raised at the end.
    """
    if connection.vendor == "sqlite":
        finish_rekeying()
    note_held_keys(now)
    keys = provider()
    current = HeldKey.objects.filter(
        kind=Kind.MASTER, key_id=keys.current_master_id()
    ).first()
    due = current is not None and current.since <= _old_enough(now)
    new = due and keys.makes_keys
    at_hand = DataKey.objects.filter(destroyed_at=None)
    replaced = at_hand.filter(retired_at__lte=now - settings.DATA_KEY_RESTS)
    old = at_hand.filter(retired_at=None, created_at__lte=_old_enough(now))
    troubles = [
        *_tried(partial(rotate_master_key, now=now, new=new)),
        *(
            trouble
            for step, rows in ((finish_owner, replaced), (rotate_owner, old))
            for owner in _owners(rows, now, at_most)
            for trouble in _tried(partial(step, owner, now=now))
        ),
    ]
    if troubles:
        raise troubles[0]


def _tried(step: Callable[[], object]) -> Iterator[Exception]:
    """Do it; what kept it from being done."""
    try:
        step()
    except (KeyTrouble, Unopenable) as trouble:
        logger.error("A key couldn't be replaced: %s", trouble)
        yield trouble


def owners_of_data_keys() -> list[UUID]:
    """Everybody who has a data key: sellers, people, and the installation itself."""
    rows = DataKey.objects.filter(destroyed_at=None).values_list("owner", flat=True)
    return list(rows.order_by("owner").distinct())


def _owners(keys: QuerySet[Any], now: datetime, at_most: int) -> list[UUID]:
    """Some of the owners; each hour's begin elsewhere, as evenly as it can be.

    Owners whose values don't open stay among them for good: without this the first
    ones would be tried again and again, and nobody else's turn would ever come.
    """
    begin = UUID(int=int(now.timestamp() // 3600) * _GOLDEN % 2**128)
    found = keys.values_list("owner", flat=True).order_by("owner").distinct()
    some = list(found.filter(owner__gte=begin)[:at_most])
    return some + list(found.filter(owner__lt=begin)[: at_most - len(some)])


def _old_enough(now: datetime) -> datetime:
    return now - settings.KEY_LIFE + settings.KEY_ROTATED_BEFORE


def key_inventory(now: datetime) -> list[KeyLine]:
    """Every master, audit, database and web key, and data keys as two groups.

    A key that nobody has written down yet counts from when its provider says it was
    made, or from now.
    """
    keys = provider()
    noted = {(row.kind, row.key_id): row for row in HeldKey.objects.all()}
    current = {
        Kind.MASTER: keys.current_master_id(),
        Kind.AUDIT: keys.current_signing_id(),
    }
    lines = []
    for kind, key_id in sorted({*_held(), *noted}):
        row = noted.get((kind, key_id))
        since = row.since if row else None
        state = _state(row, current.get(Kind(kind), key_id) == key_id)
        due = since + settings.KEY_LIFE if since and state == "current" else None
        lines.append(
            KeyLine(
                kind=kind,
                key_id=key_id,
                count=1,
                state=state,
                created=since,
                last_rotated=_newest(noted.values(), kind),
                due=due,
                by_itself=kind == Kind.MASTER and keys.makes_keys,
            )
        )
    return [*lines, *_data_keys()]


def trouble_of_keys(now: datetime) -> str:
    """Master keys that are gone, and kinds of keys that should have been replaced, in
    sentences; "" if none. By names alone: to ask for a key may take the network.
    """
    gone = [
        f"The master key {master} is missing, and what is sealed under it can't be "
        "opened: put back your copy of it."
        for master in lacking_masters()
    ]
    return " ".join(filter(None, (*gone, _overdue(now))))


def _overdue(now: datetime) -> str:
    before = now - settings.KEY_LIFE
    held = HeldKey.objects.filter(retired_at=None)
    newest = held.values("kind").annotate(newest=Max("since"))
    kinds = list(newest.filter(newest__lte=before).values_list("kind", flat=True))
    in_use = DataKey.objects.filter(retired_at=None, destroyed_at=None)
    if in_use.filter(created_at__lte=before).exists():
        kinds.append("data")
    return f"To be replaced: {', '.join(sorted(kinds))}." if kinds else ""


def _state(row: HeldKey | None, is_current: bool) -> str:
    if row and row.retired_at:
        return "retired"
    return "current" if is_current else "older"


def _newest(rows: Iterable[HeldKey], kind: str) -> datetime | None:
    return max((row.since for row in rows if row.kind == kind), default=None)


def _data_keys() -> Iterator[KeyLine]:
    at_hand = DataKey.objects.filter(destroyed_at=None)
    newest = (
        at_hand.order_by("-created_at").values_list("created_at", flat=True).first()
    )
    for state, rows in (
        ("current", at_hand.filter(retired_at=None)),
        ("older", at_hand.filter(retired_at__isnull=False)),
    ):
        found = rows.aggregate(count=Count("pk"), oldest=Min("created_at"))
        if found["count"]:
            due = found["oldest"] + settings.KEY_LIFE if state == "current" else None
            yield KeyLine(
                kind="data",
                key_id="",
                count=found["count"],
                state=state,
                created=found["oldest"],
                last_rotated=newest,
                due=due,
                by_itself=True,
            )
