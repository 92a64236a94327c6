"""Carries deletion requests out, store by store, to the proof (RET-2).

The order is: whom it is about is fixed and buried -> a line in the ledger, outside the
database -> data keys destroyed -> place by place, in the order of their ranks ->
an independent look for what is left -> the certificate -> who asked is forgotten.

Each step is a transaction of its own that checks the lease, and each can be done again:
a worker that was killed is followed by another that finds less to do.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from compliance.deletion import alarms, certificates, forgetting
from compliance.deletion.beginning import (
    NotDue,
    begin,
    buried,
    owners_of_keys,
    whole_scope,
)
from compliance.deletion.models import DeletionRequest, Outcome, Step
from compliance.deletion.staying import (
    KEYS,
    Stay,
    held_back,
    with_what_they_hang_on,
)
from compliance.deletion.verification import Finding, findings
from marketplaces.models import Connection
from plugseller.accounts.models import User
from plugseller.audit.services import record
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import destroy_data_key
from plugseller.custody import ledger
from plugseller.custody.services import in_order
from plugseller.custody.walking import erase_holding
from plugseller.jobs import leases
from plugseller.shelves import Holding, Scope

logger = logging.getLogger(__name__)
Status = DeletionRequest.Status
_UNDER_WAY = (Status.EXECUTING, Status.VERIFYING)


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one request in one run."""

    reference: str
    outcome: str  # "completed", "on hold", "something was found", "busy elsewhere", ...
    rows: int = 0  # erased in this run
    found: int = 0  # what the independent look found
    trouble: str = ""  # kind of error
    failed: bool = False


def due(now: datetime) -> models.QuerySet[DeletionRequest]:
    """Requests that may begin or go on, the most urgent first."""
    waits = models.Q(
        status__in=(Status.VERIFIED, Status.SCHEDULED, Status.ON_HOLD),
        starts_at__lte=now,
    )
    under_way = models.Q(status__in=_UNDER_WAY)
    found = DeletionRequest.objects.filter(waits | under_way, joined_to=None)
    return found.order_by("due_at", "pk")


def process_due(now: datetime) -> list[Processed]:
    """Carry out what is due; one that fails stays open and doesn't stop the others."""
    done = [_process(request, now) for request in due(now)]
    forgetting.forget_requesters(now)
    return done


def process_one(request_id: str) -> None:
    """Carry out one request, if it is due; a job. Raises what stopped it."""
    now = timezone.now()
    request = due(now).filter(pk=request_id).first()
    if request is not None:
        execute(request, now)


@transaction.atomic
def start_soon(*, actor: User, request: DeletionRequest) -> None:
    """Have a worker carry the request out now instead of at the next round."""
    record("deletion.asked_to_run", actor=actor, subject=request)
    job = "compliance.deletion.execution.process_one"
    transaction.on_commit(lambda: async_task(job, str(request.pk)))


def _process(request: DeletionRequest, now: datetime) -> Processed:
    try:
        return execute(request, now)
    except Exception as error:
        # Only the kind: a database's text may quote what it stumbled over.
        logger.error("%s failed: %s.", request.reference, type(error).__name__)
        alarms.note_failure(request, error, now=now)
        return Processed(
            request.reference, "failed", trouble=type(error).__name__, failed=True
        )


def execute(request: DeletionRequest, now: datetime) -> Processed:
    """Carry a request out, as far as it can be; safe to kill and to call again.

    Raises LedgerBroken, KeyTrouble and LeaseLost among others; the request stays open.
    """
    held = leases.take(f"deletion {request.pk}", now=timezone.now())
    if held is None:
        return Processed(request.reference, "busy elsewhere")
    try:
        return _Run(request, held, now).carry_out()
    except NotDue:
        return Processed(request.reference, "not due any more")
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
        if self._request.began_at is None:
            if _all_is_held(self._request, self._now()):
                return self._told("on hold")
            self._request = begin(self._request, now=self._now())
        elif self._waits_for_a_release():
            return self._told("on hold")
        self._fence()
        scope = whole_scope(self._request)
        self._write_ledger()
        stays = self._stays(scope)
        self._destroy_keys(scope, stays)
        for holding in in_order():
            if not holding.stays:
                # Asked anew each time: a hold that is placed now stops the next place.
                stays = self._stays(scope)
                self._erase(holding, scope, stays.get(holding.name))
        return self._prove(scope, stays)

    # What a worker that lost its lease must not do.

    def _fence(self) -> None:
        leases.renew(self._held, now=timezone.now())

    def _now(self) -> datetime:
        """The time of the run, which goes on while it lasts."""
        return self._from + timedelta(seconds=time.monotonic() - self._began)

    def _told(self, outcome: str, **more: object) -> Processed:
        return Processed(self._request.reference, outcome, rows=self._rows, **more)  # type: ignore[arg-type]  # fields of it

    def _stays(self, scope: Scope) -> dict[str, Stay]:
        held = held_back(self._request, self._now())
        return with_what_they_hang_on(held, scope) if held else {}

    def _waits_for_a_release(self) -> bool:
        """Whether all that isn't held is gone and certified already."""
        if self._request.status != Status.ON_HOLD:
            return False
        held = held_back(self._request, self._now())
        left = self._request.outcomes.filter(ended_at=None)
        waits = set(left.values_list("holding", flat=True))
        still = with_what_they_hang_on(held, whole_scope(self._request))
        return bool(held) and waits <= set(still)

    # The steps.

    def _write_ledger(self) -> None:
        """Before the first destructive step. Raises LedgerBroken."""
        for kind, ids in buried(self._request).items():
            ledger.write(kind, ids, request=self._request.reference, now=self._now())

    def _destroy_keys(self, scope: Scope, stays: dict[str, Stay]) -> None:
        """What was sealed is unreadable at once; from here on there is no way back."""
        if KEYS in stays:
            return
        owners = owners_of_keys(self._request)
        with transaction.atomic():
            self._fence()
            now = self._now()
            keys = DataKey.objects.filter(owner__in=owners, destroyed_at=None)
            live = list(keys.values_list("owner", flat=True).distinct())
            count = sum(destroy_data_key(owner, now=now) for owner in live)
            accounts = Connection.objects.across_sellers(
                reason="credentials of what is being deleted"
            ).filter(pk__in=scope.connections)
            accounts.exclude(credentials=None).update(credentials=None)
            if self._request.keys_destroyed_at is None:
                self._note(Step_.KEYS, now, keys=count)
                self._set(keys_destroyed_at=now)
                record(
                    "deletion.keys_destroyed",
                    seller_id=self._request.seller_id,
                    subject=self._request,
                    rows=count,
                )

    def _erase(self, holding: Holding, scope: Scope, stay: Stay | None) -> None:
        outcome = self._outcome(holding, scope, stay)
        if stay is not None or (outcome.ended_at and not holding.store.count(scope)):
            return
        mine = Outcome.objects.filter(pk=outcome.pk)

        def counted(removed: int) -> None:
            mine.update(erased=F("erased") + removed)
            self._rows += removed

        erase_holding(holding, scope, before_each=self._fence, after_each=counted)
        with transaction.atomic():
            self._fence()
            now, left = self._now(), holding.store.count(scope)
            mine.update(after=left, ended_at=now, stays="")
            outcome.refresh_from_db()
            record(
                "deletion.holding_erased",
                seller_id=self._request.seller_id,
                subject=self._request,
                rows=outcome.erased,
                details={
                    "holding": holding.name,
                    "before": outcome.before,
                    "after": left,
                },
            )

    @transaction.atomic
    def _outcome(self, holding: Holding, scope: Scope, stay: Stay | None) -> Outcome:
        """What lay there before, counted once, and why it stays if it does."""
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
        if stay is not None:
            count = holding.store.count(scope)
            found.stays, found.after = stay.why[:300], count
            found.ended_at = None if count else self._now()
            found.save(update_fields=["stays", "after", "ended_at"])
        return found

    def _prove(self, scope: Scope, stays: dict[str, Stay]) -> Processed:
        with transaction.atomic():
            self._fence()
            self._set(status=Status.VERIFYING, erased_at=self._now())
        left = findings(self._request, scope, except_in=set(stays))
        if left:
            self._refuse_to_certify(left)
            return self._told(
                "something was found", found=sum(f.count for f in left), failed=True
            )
        with transaction.atomic():
            self._fence()
            now = self._now()
            status = Status.ON_HOLD if _has_left(self._request) else Status.COMPLETED
            self._set(status=status, ended_at=None if stays else now)
            certificates.issue(self._request, now, scope=scope, stays=stays)
        return self._told(str(status))

    def _refuse_to_certify(self, left: list[Finding]) -> None:
        with transaction.atomic():
            self._fence()
            alarms.note_findings(self._request, left, now=self._now())

    def _note(self, what: str, now: datetime, **details: object) -> None:
        Step.objects.create(request=self._request, at=now, what=what, details=details)

    def _set(self, **fields: object) -> None:
        DeletionRequest.objects.filter(pk=self._request.pk).update(**fields)
        self._request.refresh_from_db()
