"""One pass of one connection: feature by feature, operation by operation.

    runs = sync_connection(connection_id)

One worker at a time works on a connection, because it holds the lease; every write
checks that it still does. Whatever happens, what was written stays, and the next pass
goes on from there.
"""

import logging
import traceback
from collections.abc import Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from uuid import UUID

from django.db import OperationalError, transaction

from marketplaces import credentials, shelf
from marketplaces.appsecrets import apps_for
from marketplaces.consent import seller_app
from marketplaces.contract import App, Credentials, Trouble
from marketplaces.datamap import Feature, Operation
from marketplaces.models import Connection, FeatureSwitch, Market, SyncRun
from marketplaces.sync import resting
from marketplaces.sync.asking import Asker, Effort, Halt, Outcome
from marketplaces.sync.checkpoints import standing
from marketplaces.sync.limits import UNHURRIED, Clock, Pace, SystemClock
from marketplaces.sync.tally import Tally
from marketplaces.sync.walking import Course, Progress, Walk
from marketplaces.transport import Transport, open_transport
from plugseller.audit.services import AuditUnavailable, record
from plugseller.custody.rules import keep_of
from plugseller.jobs import leases

__all__ = [
    "FeatureOff",
    "NotLive",
    "Occupied",
    "Progress",
    "Tell",
    "described",
    "sync_connection",
]

logger = logging.getLogger(__name__)
Tell = Callable[[Progress], None]

_REASON = "a pass of one connection, whose lease is held"


class NotLive(Exception):
    """The connection's authorisation has ended; no call may be made with it."""


class FeatureOff(Exception):
    """The seller hasn't switched this feature on (USE-3)."""


class Occupied(Exception):
    """Another worker syncs this connection right now."""


def sync_connection(
    connection_id: UUID,
    *,
    features: Collection[Feature] | None = None,
    full: bool = False,
    clock: Clock | None = None,
    pace: Pace = UNHURRIED,
    progress: Tell | None = None,
    transport: Transport | None = None,
    dice: Random | None = None,
) -> list[SyncRun]:
    """Sync a connection's features, all that are on or those named; ACCOUNT always.

    `full` looks at everything, not only at changes. `progress` is called after each
    page, outside of any transaction. Gives the runs in the order they were made; a
    feature that wasn't reached has none.

    Raises Connection.DoesNotExist, NotLive, FeatureOff, Occupied before anything is
    written, and LeaseLost if another worker took over in the meantime.
    """
    clock = clock or SystemClock()
    account = Connection.objects.across_sellers(reason=_REASON).get(pk=connection_id)
    wanted = _wanted(account, features)
    held = leases.take(f"sync:{account.pk}", now=clock.now())
    if held is None:
        raise Occupied
    try:
        account.refresh_from_db()  # it may have ended before the lease was ours
        wanted = _wanted(account, features)
        _close_broken_off(account, now=clock.now())
        adapter = shelf.adapter(account.marketplace)
        assert account.credentials is not None  # noqa: S101 (it is live)
        kept = credentials.unpack(account.credentials)
        with (
            transport or open_transport(account.marketplace, account.region) as way,
            ThreadPoolExecutor(1, thread_name_prefix="next-page") as pool,
        ):
            asker = Asker(
                adapter=adapter,
                transport=way,
                apps=_apps(account.marketplace, kept, now=clock.now()),
                credentials=kept,
                clock=clock,
                pace=pace,
                dice=dice or Random(),  # noqa: S311 (jitter, no secret)
                keep_lease=_Keeper(held, clock),
            )
            one = _Pass(account, asker, held, pool, full=full, tell=progress)
            return one.over(wanted, whole=features is None)
    finally:
        leases.give_back(held)


def _wanted(
    account: Connection, features: Collection[Feature] | None
) -> tuple[Feature, ...]:
    if not account.is_live or account.credentials is None:
        raise NotLive
    switched_on = set(
        FeatureSwitch.objects.filter(connection=account, on=True).values_list(
            "feature", flat=True
        )
    )
    for feature in features or ():
        if feature is not Feature.ACCOUNT and feature.value not in switched_on:
            raise FeatureOff(feature.value)
    chosen = [
        feature
        for feature in shelf.datamap().features(account.marketplace)
        if feature.value in switched_on and (features is None or feature in features)
    ]
    return (Feature.ACCOUNT, *chosen)


def _apps(marketplace: str, kept: Credentials, *, now: datetime) -> tuple[App, ...]:
    """As whom we come; ImproperlyConfigured if our own registration isn't set."""
    if kept.client_secret:
        return (seller_app(marketplace),)
    return apps_for(marketplace, now=now)


def _close_broken_off(account: Connection, *, now: datetime) -> None:
    """Runs that a dead worker left open; we hold the lease, so nobody is in them."""
    SyncRun.objects.across_sellers(reason=_REASON).filter(
        connection=account, outcome=Outcome.RUNNING
    ).update(outcome=Outcome.BROKEN_OFF, finished_at=now)


@dataclass(slots=True)
class _Keeper:
    """Prolongs the lease while calls are retried, but not at every call."""

    held: leases.Held
    clock: Clock
    kept_at: datetime | None = None

    def __call__(self) -> None:
        now = self.clock.now()
        if self.kept_at is None or now - self.kept_at > leases.LIFE / 5:
            leases.renew(self.held, now=now)
            self.kept_at = now


class _Pass:
    """One pass of a connection whose lease is held."""

    def __init__(
        self,
        account: Connection,
        asker: Asker,
        held: leases.Held,
        pool: Executor,
        *,
        full: bool,
        tell: Tell | None,
    ) -> None:
        self._account = account
        self._asker = asker
        self._held = held
        self._pool = pool
        self._full = full
        self._tell = tell
        self._failed_in_a_row = 0  # operations
        self._forbidden = False
        lifetime = asker.pace.lifetime
        self._ends_at = asker.clock.now() + lifetime if lifetime else None

    def over(self, features: tuple[Feature, ...], *, whole: bool) -> list[SyncRun]:
        """Sync the features in order. `whole`: they are all that are on."""
        runs = []
        for feature in features:
            operations = shelf.datamap().of(self._account.marketplace, feature)
            if not operations:
                continue
            run, halts = self._sync(feature, operations)
            runs.append(run)
            if self._must_stop(halts):
                return runs
            if feature is Feature.ACCOUNT and halts and not self._markets():
                return runs  # nothing is known of the account yet
        if whole and not self._forbidden:
            self._mend()
        return runs

    def _must_stop(self, halts: list[Halt]) -> bool:
        if any(halt.gone or halt.ours or halt.code == "time is up" for halt in halts):
            return True
        return self._failed_in_a_row >= self._asker.pace.failures

    def _sync(
        self, feature: Feature, operations: tuple[Operation, ...]
    ) -> tuple[SyncRun, list[Halt]]:
        """A run of the feature: each of its operations, as far as it goes."""
        clock = self._asker.clock
        self._asker.effort = Effort()
        with transaction.atomic():
            leases.renew(self._held, now=clock.now())
            run = SyncRun.objects.create(
                seller_id=self._account.seller_id,
                connection=self._account,
                feature=feature.value,
                started_at=clock.now(),
            )
        course = Course(
            account=self._account,
            region=next(
                region
                for region in self._asker.adapter.regions
                if region.key == self._account.region
            ),
            markets=self._markets(),
            asker=self._asker,
            held=self._held,
            run=run,
            ends_at=self._ends_at,
            tell=self._tell,
            tally=Tally(),
            grants=set(),
            pool=self._pool,
            reach=keep_of("orders", self._account.seller_id),
        )
        halts = []
        for operation in operations:
            halt = self._walk(course, operation)
            if halt is not None:
                halts.append(halt)
            if self._must_stop(halts):
                break
        self._close(course, feature, halts)
        return run, halts

    def _walk(self, course: Course, operation: Operation) -> Halt | None:
        """Walk an operation; what stopped it, or None if it is complete."""
        asker = self._asker
        at = standing(
            self._account,
            operation,
            full=self._full,
            now=asker.clock.now(),
            pace=asker.pace,
        )
        try:
            Walk(course, operation, at).go()
        except Halt as halt:
            at.save_bucket()
            # A limit, a refusal or the end of our time say nothing about the line.
            broken = halt.trouble in (Trouble.DOWN, Trouble.UNEXPECTED)
            self._failed_in_a_row = self._failed_in_a_row + 1 if broken else 0
            return halt
        except (leases.LeaseLost, OperationalError, AuditUnavailable):
            raise  # not ours to go on with: the round says so
        except Exception as error:
            # Only where and what: an exception's text may quote what it stumbled over.
            logger.error("%s stopped by %s", operation.key, described(error))
            self._failed_in_a_row += 1
            return Halt("our own error", trouble=Trouble.UNEXPECTED)
        self._failed_in_a_row = 0
        return None

    def _close(self, course: Course, feature: Feature, halts: list[Halt]) -> None:
        """Finish the run's row and write its audit entry, in one transaction."""
        clock, run = self._asker.clock, course.run
        now = clock.now()
        values = course.tally.columns(self._asker.effort)
        values |= _verdict(halts)
        values["finished_at"] = now
        if self._failed_in_a_row >= self._asker.pace.failures:
            values["goes_on_at"] = resting.until(
                self._account, pace=self._asker.pace, now=now
            )
        with transaction.atomic():
            leases.renew(self._held, now=now)
            SyncRun.objects.across_sellers(reason=_REASON).filter(pk=run.pk).update(
                **values
            )
            grants = course.grants if feature is Feature.ACCOUNT else None
            self._mark_account(halts, grants, now=now)
            record(
                "sync.run",
                seller_id=self._account.seller_id,
                subject=run,
                rows=values["rows_new"] + values["rows_changed"] + values["rows_gone"],
                details={
                    "connection": self._account.pk,
                    "feature": feature.value,
                    "outcome": str(values["outcome"]),
                    "calls": values["calls"],
                    "pages": values["pages"],
                    "fields_dropped": values["fields_dropped"],
                    "error_code": values["error_code"],
                },
            )
        for name, value in values.items():
            setattr(run, name, value)

    def _mark_account(
        self, halts: list[Halt], grants: set[str] | None, *, now: datetime
    ) -> None:
        """What the seller must know about the connection itself."""
        label = self._asker.adapter.label
        mine = Connection.objects.across_sellers(reason=_REASON).filter(
            pk=self._account.pk
        )
        if any(halt.gone for halt in halts):
            self._asker.forget_access()
            mine.update(
                status=Connection.Status.REVOKED,
                trouble=f"The authorisation at {label} has ended. Nothing was lost. "
                "Connect again to continue.",
                ended_at=now,
                credentials=None,  # ACC-3: they open nothing any more
            )
            record(
                "connection.revoked",
                seller_id=self._account.seller_id,
                subject=self._account,
            )
            return
        if grants is not None and not halts:
            mine.update(proved_at=now)
        if any(halt.forbidden for halt in halts):
            self._forbidden = True
            mine.update(
                status=Connection.Status.ATTENTION,
                trouble=f"{label} refuses a part of what is switched on. Check the "
                "permissions there, or connect again.",
            )
        elif grants is not None:
            mine.filter(status=Connection.Status.ACTIVE).update(
                trouble=_warning(grants)
            )

    def _mend(self) -> None:
        """Every feature was allowed: nothing needs attention any more."""
        Connection.objects.across_sellers(reason=_REASON).filter(
            pk=self._account.pk, status=Connection.Status.ATTENTION
        ).update(status=Connection.Status.ACTIVE, trouble="")

    def _markets(self) -> tuple[str, ...]:
        """The country stores the account takes part in."""
        return tuple(
            Market.objects.of_seller(self._account.seller_id)
            .filter(connection=self._account, participating=True)
            .order_by("market")
            .values_list("market", flat=True)
        )


def _warning(grants: set[str]) -> str:
    """What to tell a seller whose authorisation lets us do more than look; or ""."""
    if not grants:
        return ""
    scopes = ", ".join(sorted(grants))[:80]
    return (
        f"Works, but the authorisation allows changes, which we never make ({scopes}). "
        "View-only rights are enough."
    )


def _verdict(halts: list[Halt]) -> dict[str, object]:
    """What the run's row says; the gravest of what stopped its operations."""
    if not halts:
        return {
            "outcome": Outcome.DONE,
            "trouble": "",
            "error_code": "",
            "goes_on_at": None,
        }
    gravest = next((h for h in halts if h.outcome is Outcome.FAILED), halts[0])
    instants = [halt.goes_on_at for halt in halts if halt.goes_on_at]
    return {
        "outcome": gravest.outcome,
        "trouble": gravest.trouble.value if gravest.trouble else "",
        "error_code": gravest.code[:100],
        "goes_on_at": min(instants, default=None),
    }


def described(error: Exception) -> str:
    """The kind of an exception and the line it is from."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in last]
    return f"{type(error).__name__} at {', '.join(places)}"
