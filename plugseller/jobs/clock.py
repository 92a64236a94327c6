"""Whether this machine's clock can be believed, before anything is destroyed by it.

What is kept for a time, graces of deletions and the ends of backups are instants: a
clock that leaps forward would bring them all about at once. So each tick compares it
with the seconds that the kernel counts since the machine was started, which setting
the clock doesn't change. Between two starts nothing counts them: there a machine that
stood still for long looks the same as one whose clock is wrong, and somebody has to
tell them apart (`manage.py confirm_clock`).
"""

import logging
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from plugseller.audit.services import record
from plugseller.custody.models import CLOCKS
from plugseller.jobs.models import ClockReading

LEAP = timedelta(days=1)  # that nobody believes, of a machine that ran all the while
STILLNESS = timedelta(days=7)  # that is believed of one that was started again
_BOOT = Path("/proc/sys/kernel/random/boot_id")

logger = logging.getLogger(__name__)


class ClockInDoubt(Exception):
    """Nothing may be destroyed by the clock now; one sentence for operators."""


def running() -> tuple[str, float] | None:
    """Which start of which machine this is, and for how many seconds it has run,
    sleep included; None where the system doesn't tell (other than Linux)."""
    try:
        return _BOOT.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME)
    except OSError:
        return None


@transaction.atomic
def why_in_doubt(now: datetime) -> str:
    """In a sentence why this machine's clock isn't believed, or ""; takes note of it.

    A clock that is put right is believed again by itself.
    """
    told = running()
    if told is None:
        return ""
    boot, ran_for = told
    held = ClockReading.objects.select_for_update().filter(boot=boot).first()
    last = held or _first(boot, ran_for, now)
    expected = last.read_at + timedelta(seconds=ran_for - last.ran_for)
    leap = now - expected
    if leap > LEAP:
        if last.doubted_at is None:
            last.doubted_at = now
            last.save(update_fields=["doubted_at"])
            _note(leap, believed=False)
        return _sentence(last.read_at, now)
    if leap > CLOCKS:
        _note(leap, believed=True)
    if last.doubted_at is not None:
        last.doubted_at = None
        _forget_doubts(now)
    last.read_at, last.ran_for = max(now, expected), ran_for
    last.save()
    return ""


def refuse_in_doubt(now: datetime) -> None:
    """Raise ClockInDoubt unless this machine's clock is believed."""
    if why := why_in_doubt(now):
        raise ClockInDoubt(why)


def trouble() -> str:
    """Whether any machine's clock isn't believed, as far as ticks have found."""
    doubted = ClockReading.objects.filter(doubted_at__isnull=False).first()
    if doubted is None or doubted.doubted_at is None:
        return ""
    return _sentence(doubted.read_at, doubted.doubted_at)


@transaction.atomic
def confirm(now: datetime) -> None:
    """Somebody looked: what the clocks say is right, here and on other machines."""
    ClockReading.objects.all().delete()
    if told := running():
        ClockReading.objects.create(boot=told[0], read_at=now, ran_for=told[1])
    record("clock.confirmed")


def _first(boot: str, ran_for: float, now: datetime) -> ClockReading:
    """A machine that was started since: believed, unless its clock is behind, as with
    an empty battery, or so much time has passed. Then it counts from the newest reading
    there is, as if it had stood still for no instant."""
    others = ClockReading.objects.aggregate(newest=Max("read_at"))
    newest: datetime = others["newest"] or now
    believed = newest <= now <= newest + STILLNESS
    old = ClockReading.objects.filter(doubted_at=None, read_at__lt=now - STILLNESS)
    old.exclude(read_at=newest).delete()
    if believed:
        _forget_doubts(now)
    held, _ = ClockReading.objects.get_or_create(
        boot=boot,
        defaults={"read_at": now if believed else newest, "ran_for": ran_for},
    )
    return held


def _forget_doubts(now: datetime) -> None:
    """The clock is right: what an earlier start doubted was ahead of it."""
    ClockReading.objects.filter(doubted_at__gt=now + CLOCKS).delete()


def _note(leap: timedelta, *, believed: bool) -> None:
    logger.error("The clock was set forward by %s hours.", leap // timedelta(hours=1))
    record(
        "clock.set_forward",
        details={"minutes": leap // timedelta(minutes=1), "believed": believed},
    )


def _sentence(before: datetime, now: datetime) -> str:
    return (
        f"The clock isn't believed: it said {before:%Y-%m-%d %H:%M} UTC, and then "
        f"{now:%Y-%m-%d %H:%M}, and we didn't see that much time pass. Nothing is "
        "destroyed by it. Set it right; if it is right, because we stood still for so "
        "long, run `manage.py confirm_clock`."
    )
