"""Backups end when their time is over: first their key, then their files (RET-2)."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from plugseller.audit.services import record
from plugseller.crypto import periods
from plugseller.custody.models import Backup
from plugseller.jobs.backups import places
from plugseller.jobs.backups.archive import DATABASE, KEYS, BackupTrouble, header_of
from plugseller.jobs.backups.verifying import PROVED_EVERY

_LATE = timedelta(hours=2)  # a daily backup that is so late is a fault
_UNPROVED = 2 * PROVED_EVERY  # and so is a proof that was missed


@dataclass(frozen=True, slots=True)
class Expired:
    """What ended."""

    periods: int  # keys destroyed
    files: int  # removed
    backups: int  # records closed


@dataclass(frozen=True, slots=True)
class State:
    """How backups stand, for the desk's start page and /healthz."""

    ok: bool
    sentence: str  # for staff
    made_at: datetime | None
    verified_at: datetime | None  # that proved right


def horizon(now: datetime) -> datetime | None:
    """Until when a backup that was begun up to now may hold something; None for none.

    The keys of periods are what counts: a database that was put back doesn't know of
    the backups made after it.
    """
    ends = [places.expires_at(period) for period in periods.held()]
    open_rows = Backup.objects.filter(removed_at=None, expires_at__gt=now)
    newest = open_rows.order_by("-expires_at").first()
    if newest:
        ends.append(newest.expires_at)
    return max((end for end in ends if end > now), default=None)


def expire(now: datetime) -> Expired:
    """Destroy the keys of periods that are over, and remove what they opened.

    Raises KeyTrouble or BackupTrouble when that can't be done; the rest is done.
    """
    with contextlib.suppress(BackupTrouble), places.putting_back():
        pass  # nobody is at it, so what a killed restore or proof left is gone now
    over = [one for one in periods.held() if places.expires_at(one) <= now]
    destroyed = sum(periods.destroy(period) for period in over)
    removed, trouble = 0, ""
    for path, kind in _files():
        if not _is_over(path, kind, now):
            continue
        try:
            path.unlink()
            removed += 1
        except OSError as error:
            trouble = f"{path} is over and can't be removed ({error.strerror})."
    closed = _close(now)
    if destroyed or removed:
        record(
            "backup.expired",
            rows=removed,
            details={"periods": over, "keys": destroyed, "records": closed},
        )
    if trouble:
        raise BackupTrouble(f"{trouble} Its key is destroyed, so it can't be opened.")
    return Expired(destroyed, removed, closed)


def state(now: datetime) -> State:
    """Whether backups are made, and proved, as they should be."""
    newest, proof = Backup.newest(now), Backup.last_proof(now)
    right = proof if proof and proof.verified else Backup.last_proof(now, right=True)
    last = newest.made_at if newest else None
    proved_at = right.verified_at if right else None
    every = settings.BACKUP_EVERY
    if not places.is_configured():
        why = "Nothing is backed up: BACKUP_FOLDER is empty."
    elif last is None:
        why = "No backup was made yet."
    elif last + every + min(_LATE, every) < now:
        why = f"The last backup is of {last:%Y-%m-%d %H:%M} UTC."
    elif proof and not proof.verified:
        why = f"The last backup that was proved isn't right: {proof.trouble}"
    elif proved_at is None:
        why = "No backup was proved yet: run `manage.py verify_backup`."
    elif proved_at + _UNPROVED < now:
        why = f"No backup was proved since {proved_at:%Y-%m-%d %H:%M} UTC."
    else:
        return State(True, "Backups are made and proved.", last, proved_at)
    return State(False, why, last, proved_at)


def is_wanted() -> bool:
    """A demonstration needs no backups."""
    return places.is_configured() or settings.PRODUCTION


def trouble(now: datetime) -> str:
    """What is wrong with backups, for `/healthz`."""
    if not is_wanted():
        return ""
    found = state(now)
    return "" if found.ok else found.sentence


def _files() -> list[tuple[Path, str]]:
    return [
        *((path, DATABASE) for path in places.backups()),
        *((path, KEYS) for path in places.keys_files()),
    ]


def _is_over(path: Path, kind: str, now: datetime) -> bool:
    with contextlib.suppress(BackupTrouble):
        return places.expires_at(header_of(path, kind).period) <= now
    return False  # not ours to remove


@transaction.atomic
def _close(now: datetime) -> int:
    rows = Backup.objects.filter(expires_at__lte=now, removed_at=None)
    made = rows.filter(outcome=Backup.Outcome.MADE)
    closed = made.update(outcome=Backup.Outcome.REMOVED, removed_at=now)
    return closed + rows.update(removed_at=now)
