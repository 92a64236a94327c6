"""Carries deletion requests out, place by place, to the proof (RET-2).

The order is: whom it is about is fixed, and their ids buried -> a line in the ledger,
outside the database -> place by place, in the order of their ranks: copies made for
taking along, data keys, whatever they sealed, and the rest -> an independent look for
what is left -> the certificate -> who asked is forgotten, once their last mail is out.

Each step is a transaction of its own that checks the lease, and each can be done again:
a worker that was killed is followed by another that finds less to do.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from compliance.deletion import alarms, certificates, forgetting
from compliance.deletion.fixing import fix, named, owners_of_keys, whole_scope
from compliance.deletion.models import DeletionRequest, Outcome
from compliance.deletion.services import begin, complete, note_step, tell
from compliance.deletion.services.freezing import settle_freezing
from compliance.deletion.services.restored import settle_restored
from compliance.deletion.services.steps import hold_request, require_officer
from compliance.deletion.states import Status, move
from compliance.deletion.staying import KEYS, Stay, stays
from compliance.deletion.verification import findings
from plugseller.accounts.models import User
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import destroy_data_key
from plugseller.custody import ledger
from plugseller.custody.services import in_order
from plugseller.custody.walking import erase_holding
from plugseller.jobs import leases
from plugseller.jobs.backups.datakeys import forget_data_keys
from plugseller.shelves import HOLDINGS, Holding, Scope

logger = logging.getLogger(__name__)


class DeletionsFailed(Exception):
    """Requests that are due couldn't be carried out; they stay open."""


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one request in one run."""

    reference: str
    outcome: str  # a Status, "something was found", "busy elsewhere", "failed", ...
    rows: int = 0  # erased in this run
    found: int = 0  # by the independent look
    trouble: str = ""  # kind of error
    failed: bool = False


def due(now: datetime) -> models.QuerySet[DeletionRequest]:
    """Requests that may begin or go on, the most urgent first."""
    begins = models.Q(status=Status.SCHEDULED, starts_at__lte=now)
    goes_on = models.Q(
        status__in=(Status.EXECUTING, Status.VERIFYING, Status.ON_HOLD),
        began_at__isnull=False,
    )
    found = DeletionRequest.objects.filter(begins | goes_on, joined_to=None)
    return found.order_by("due_at", "pk")


def process_due(now: datetime) -> list[Processed]:
    """Carry out what is due; one that fails stays open and doesn't stop the others."""
    settle_restored(now)
    done = [_process(request, now) for request in due(now)]
    forgetting.forget_requesters(now)
    return done


def process(now: datetime) -> None:
    """The job. Raises DeletionsFailed, so that the timetable shows it."""
    failed = [one.reference for one in process_due(now) if one.failed]
    if failed:
        raise DeletionsFailed(", ".join(failed))


def process_one(request_id: str) -> None:
    """Carry out one request, if it is due; a job."""
    now = timezone.now()
    for request in due(now).filter(pk=request_id):
        _process(request, now)


@transaction.atomic
def start_soon(*, actor: User, request: DeletionRequest, now: datetime) -> None:
    """Have a worker carry a request out that is due, instead of at the next round.

    PermissionDenied unless an officer asks.
    """
    require_officer(actor)
    note_step(request, "asked to run", actor=actor, now=now)
    transaction.on_commit(
        partial(
            async_task, "compliance.deletion.execution.process_one", str(request.pk)
        )
    )


def _process(request: DeletionRequest, now: datetime) -> Processed:
    try:
        return execute(request, now)
    except Exception as error:
        # Only the kind: a database's text may quote what it stumbled over.
        kind = type(error).__name__
        logger.error("%s failed: %s.", request.reference, kind)
        alarms.note_failure(request, error, now=now)
        return Processed(request.reference, "failed", trouble=kind, failed=True)


def execute(request: DeletionRequest, now: datetime) -> Processed:
    """Carry a request out as far as it goes; safe to kill, and to call again.

    To be called outside of transactions. Raises LedgerBroken, KeyTrouble, LeaseLost
    and whatever else a place raises; the request stays open then.
    """
    held = leases.take(f"deletion {request.pk}", now=timezone.now())
    if held is None:
        return Processed(request.reference, "busy elsewhere")
    try:
        request.refresh_from_db()
        return _Run(request, held, now).carry_out()
    finally:
        leases.give_back(held)


class _Run:
    """One worker's run of one request, whose lease it holds."""

    def __init__(
        self, request: DeletionRequest, held: leases.Held, now: datetime
    ) -> None:
        self._request = request
        self._held = held
        self._began, self._from = time.monotonic(), now
        self._rows = 0

    def carry_out(self) -> Processed:
        request = self._request
        if request.began_at is None:
            begin(request=request, now=self._now())
            request.refresh_from_db()
        if request.began_at is None or not request.is_open:
            return self._told(request.status)  # held, withdrawn, or ended meanwhile
        if self._waits_for_a_release():
            return self._told(request.status)
        fix(request, now=self._now())
        scope = whole_scope(request)
        self._write_ledger()
        for holding in in_order():
            if holding.name == KEYS:
                self._destroy_keys(holding, scope)
            if not holding.stays:
                self._erase(holding, scope)
        return self._prove(scope)

    def _now(self) -> datetime:
        """The time of the run, which goes on while it lasts."""
        return self._from + timedelta(seconds=time.monotonic() - self._began)

    def _fence(self) -> None:
        """In each transaction, first: LeaseLost if another worker took over."""
        leases.renew(self._held, now=timezone.now())

    def _told(self, outcome: str) -> Processed:
        return Processed(self._request.reference, str(outcome), rows=self._rows)

    def _stays(self, scope: Scope) -> dict[str, Stay]:
        return stays(self._request, scope, self._now())

    def _waits_for_a_release(self) -> bool:
        """Whether all that isn't held is gone and certified already."""
        request = self._request
        if request.status != Status.ON_HOLD or not request.certificates.exists():
            return False
        done = request.outcomes.filter(ended_at__isnull=False)
        gone = set(done.values_list("holding", flat=True))
        wanted = {name for name, holding in HOLDINGS.items() if not holding.stays}
        still = self._stays(whole_scope(request))
        return bool(still) and wanted - gone <= still.keys()

    # The steps.

    def _write_ledger(self) -> None:
        """Before the first destructive step. Raises LedgerBroken."""
        for kind, ids in named(self._request).items():
            reference = self._request.reference
            ledger.write(kind, ids, request=reference, now=self._now())

    def _destroy_keys(self, holding: Holding, scope: Scope) -> None:
        """What was sealed is unreadable at once; from here on there is no way back."""
        if self._stays(scope).get(KEYS):
            return
        outcome = self._outcome(holding, scope, None)
        owners = owners_of_keys(self._request)
        with transaction.atomic():
            self._fence()
            now = self._now()
            live = DataKey.objects.filter(owner__in=owners, destroyed_at=None)
            found = list(live.order_by("owner").values_list("owner", flat=True))
            count = sum(destroy_data_key(one, now=now) for one in dict.fromkeys(found))
            Outcome.objects.filter(pk=outcome.pk).update(erased=F("erased") + count)
            self._rows += count
            if self._request.keys_destroyed_at is None:
                self._set(keys_destroyed_at=now)
                self._note("keys destroyed", keys=count)
        self._forget_keys_in_backups(owners)

    def _forget_keys_in_backups(self, owners: list[UUID]) -> None:
        """Raises BackupTrouble when a backup in reach can't be made to forget."""
        what = "keys forgotten in backups"
        if not owners or self._request.steps.filter(what=what).exists():
            return
        told = [forget_data_keys(owner) for owner in owners]
        with transaction.atomic():
            self._fence()
            self._note(
                what,
                files=sum(one.files for one in told),
                out_of_reach=sum(one.out_of_reach for one in told),
            )

    def _erase(self, holding: Holding, scope: Scope) -> None:
        # Asked anew for each place: a hold that was placed meanwhile stops here.
        stay = self._stays(scope).get(holding.name)
        outcome = self._outcome(holding, scope, stay)
        if stay or (outcome.ended_at and not holding.store.count(scope)):
            return
        ours = Outcome.objects.filter(pk=outcome.pk)

        def counted(removed: int) -> None:
            ours.update(erased=F("erased") + removed)
            self._rows += removed

        erase_holding(holding, scope, before_each=self._fence, after_each=counted)
        with transaction.atomic():
            self._fence()
            left = holding.store.count(scope)
            ours.update(after=left, ended_at=self._now(), stays="")
            outcome.refresh_from_db()
            if outcome.before or outcome.erased:
                self._note(
                    "holding erased",
                    holding=holding.name,
                    before=outcome.before,
                    erased=outcome.erased,
                    after=left,
                )

    @transaction.atomic
    def _outcome(self, holding: Holding, scope: Scope, stay: Stay | None) -> Outcome:
        """What lay there before, counted once; and why it stays, if it does."""
        self._fence()
        found = self._request.outcomes.filter(holding=holding.name).first()
        if found is None:
            found = Outcome.objects.create(
                request=self._request,
                holding=holding.name,
                label=holding.label,
                data_class=holding.data_class,
                rank=holding.rank,
                before=holding.store.count(scope),
                began_at=self._now(),
            )
        if stay:
            found.after = holding.store.count(scope)
            found.stays = stay.why[:300] if found.after else ""
            found.ended_at = None if found.after else self._now()
            found.save(update_fields=["stays", "after", "ended_at"])
        return found

    def _prove(self, scope: Scope) -> Processed:
        kept = self._stays(scope)
        with transaction.atomic():
            self._fence()
            if self._request.seller_id is not None:  # it is stopped where it still is
                hold_request(self._request)
                settle_freezing(self._request.seller_id, now=self._now())
            self._go(Status.VERIFYING)
            if self._request.erased_at is None:
                self._set(erased_at=self._now())
        left = findings(self._request, scope, except_in=kept)
        if left:
            with transaction.atomic():
                self._fence()
                alarms.note_findings(self._request, left, now=self._now())
            return Processed(
                self._request.reference,
                "something was found",
                rows=self._rows,
                found=sum(one.count for one in left),
                failed=True,
            )
        self._certify(kept)
        return self._told(self._request.status)

    @transaction.atomic
    def _certify(self, kept: dict[str, Stay]) -> None:
        """The proof, the state and the mail, together or not at all."""
        self._fence()
        now = self._now()
        certificate = certificates.issue(self._request, now, kept=kept)
        told = certificates.for_the_mail(certificate)
        if self._request.outcomes.filter(ended_at=None).exists():
            self._go(Status.ON_HOLD)
            tell(self._request, "partly", now=now, **told)
        else:
            self._request = complete(self._request, now=now, **told)
        self._note("certified", version=certificate.version)

    def _go(self, status: Status) -> None:
        """On to a state; a hold that was approved meanwhile doesn't end this run."""
        self._request.refresh_from_db()
        if self._request.status == status:
            return
        if self._request.status == Status.ON_HOLD:
            move(self._request, Status.EXECUTING)
        move(self._request, status)

    def _note(self, what: str, **details: object) -> None:
        note_step(self._request, what, actor=None, now=self._now(), **details)

    def _set(self, **fields: object) -> None:
        DeletionRequest.objects.filter(pk=self._request.pk).update(**fields)
        self._request.refresh_from_db()
