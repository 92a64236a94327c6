"""Takes, keeps and gives back leases."""

import os
import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F

from plugseller.custody.models import CLOCKS
from plugseller.jobs.models import Lease

LIFE = timedelta(minutes=5)
_KEPT_FOR = LIFE / 5  # after so much of its life a lease in use is prolonged


class LeaseLost(Exception):
    """Somebody else does this work now; what was about to be written must not be."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand."""

    name: str
    fence: int


@transaction.atomic
def take(name: str, *, now: datetime, life: timedelta = LIFE) -> Held | None:
    """The lease, or None while another living worker holds it."""
    lease, _ = Lease.objects.select_for_update().get_or_create(name=name)
    if lease.expires_at and _lives(lease, lease.expires_at, now):
        return None
    lease.fence += 1
    lease.holder = _me()
    lease.expires_at = now + life
    lease.save()
    return Held(name, lease.fence)


def _lives(lease: Lease, until: datetime, now: datetime) -> bool:
    """No lease is given for longer than LIFE: one that ends later was given before the
    clock was put back, and would shut everybody out until it has caught up."""
    return now < until <= now + LIFE + CLOCKS and not _is_dead(lease.holder)


def renew(held: Held, *, now: datetime, life: timedelta = LIFE) -> None:
    """Prolong the lease; LeaseLost if it is no longer ours.

    Called inside the writing transaction it is the fence: either both happen or none.
    """
    mine = Lease.objects.filter(name=held.name, fence=held.fence)
    if not mine.update(expires_at=now + life):
        raise LeaseLost(held.name)


def keep(held: Held, *, now: datetime, life: timedelta = LIFE) -> None:
    """The same fence for a transaction of many: the lease is prolonged only at times.

    Nobody can take the lease before the transaction ends: its row is locked, and in
    SQLite the transaction is the only writer anyway.
    """
    long = Lease._meta.get_field("expires_at").get_db_prep_save(
        now + life - _KEPT_FOR, connection
    )
    with connection.cursor() as cursor:
        cursor.execute(_looked_at(), [long, held.name, held.fence])
        found = cursor.fetchone()
    if found is None:
        raise LeaseLost(held.name)
    if not found[0]:
        renew(held, now=now, life=life)


@cache
def _looked_at() -> str:
    """Whether a lease is still good for long; no row if it isn't ours."""
    table = connection.ops.quote_name(Lease._meta.db_table)
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    return f"SELECT expires_at > %s FROM {table} WHERE name = %s AND fence = %s{lock}"  # noqa: S608 (name of a model)


def give_back(held: Held) -> None:
    """End the lease; harmless if it was lost."""
    Lease.objects.filter(name=held.name, fence=held.fence).update(
        expires_at=None, holder="", fence=F("fence") + 1
    )


@cache
def _machine() -> str:
    """Where process numbers mean what they mean here.

    Containers of one host may share its name and its boot, but not their processes.
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    numbers = Path("/proc/self/ns/pid")
    told = boot.read_text().strip() if boot.exists() else ""
    return f"{platform.node()}/{told}/{numbers.readlink() if numbers.exists() else ''}"


def _started(pid: int) -> str | None:
    """When the process began, by the kernel's count; None if it isn't there."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def _me() -> str:
    pid = os.getpid()
    return f"{_machine()} {pid} {_started(pid)}"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that is gone.

    The worker of another machine or container can't be seen from here: its lease has
    to run out.
    """
    machine, _, process = holder.partition(" ")
    if machine != _machine() or not Path("/proc/self/stat").exists():
        return False
    pid, _, started = process.partition(" ")
    return _started(int(pid)) != started
