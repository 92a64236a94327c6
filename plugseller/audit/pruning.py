"""Removes entries whose time is over, by whole months, and stays provable (ACC-2).

The only code that lifts the triggers: in one transaction, which also signs the
anchor from which the chain goes on and logs that it happened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from plugseller.audit import chain, triggers, witness
from plugseller.audit.append import TABLE
from plugseller.audit.chain import Seal
from plugseller.audit.checkpoints import save, saved, sealed
from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.services import record
from plugseller.audit.verify import verify

KEEP = timedelta(days=731)  # 24 months; custody/rules.py takes it from here
LEAST = timedelta(days=366)  # 12 months, a leap year's too


Holds = Callable[[], datetime | None]
_holds: list[Holds] = []


def hold_log(holds: Holds) -> None:
    """Say who knows from when on the log must stay as it is; None: from no instant."""
    _holds.append(holds)


class PruningRefused(Exception):
    """Nothing was removed; the text says why."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `prune` removed."""

    entries: int
    through: int  # the last number that is gone


def due(before: datetime) -> int:
    """How many entries `prune` would remove: of the months that were over then."""
    last = _last_of(before)
    return Entry.objects.filter(id__lte=last.number).count() if last else 0


def prune(now: datetime, *, keep: timedelta = KEEP) -> Pruned | None:
    """Remove the months that are over for longer than `keep`.

    A month ends, for this, with the last checkpoint signed in it. None if nothing is
    due. Raises PruningRefused if `keep` is too short or the log isn't whole: what
    can't be proved any more must stay to be looked at. Not to be called within a
    transaction: proving takes its time.
    """
    if keep < LEAST:
        raise PruningRefused(
            f"{keep.days} days were asked for, and audit entries are kept for at "
            f"least {LEAST.days}. Nothing was removed."
        )
    last = _last_of(now - keep)
    if last is None:
        return None
    if not verify().is_whole:
        raise PruningRefused(
            "The audit log isn't whole, so nothing was removed. "
            "Run `manage.py verify_audit`."
        )
    return _remove(last, now=now)


def _remove(last: Checkpoint, *, now: datetime) -> Pruned:
    with transaction.atomic():
        # The entry comes first: with it we hold the writers' lock.
        count = Entry.objects.filter(id__lte=last.number).count()
        record("audit.pruned", rows=count, details={"through": last.number})
        anchor: Seal = sealed(chain.ANCHOR, last.number, last.hash, now=now)
        save(anchor)
        triggers.lift(DEFAULT_DB_ALIAS)
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(f"DELETE FROM {TABLE} WHERE id <= %s", [last.number])  # noqa: S608
        triggers.install(DEFAULT_DB_ALIAS)
    witness.append(witness.witness_file(), saved())
    return Pruned(entries=count, through=last.number)


def _last_of(before: datetime) -> Checkpoint | None:
    """The last checkpoint of the months that were over; None if they are gone.

    What somebody holds isn't over, however old it is.
    """
    before = min([before, *(at for holds in _holds if (at := holds()) is not None)])
    last = _last_checkpoint_before(_start_of_month(before))
    first = Entry.objects.order_by("id").values_list("id", flat=True).first()
    return last if last and first is not None and last.number >= first else None


def _last_checkpoint_before(moment: datetime) -> Checkpoint | None:
    return (
        Checkpoint.objects.filter(kind=chain.HEAD, made_at__lt=moment)
        .order_by("-number")
        .first()
    )


def _start_of_month(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
