"""Failed sign-ins, counted by account and by address, and what follows (ACC-2)."""

import uuid
from datetime import datetime, timedelta
from functools import partial

from axes.models import AccessAttempt
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_q.tasks import async_task

from plugseller.accounts.models import Lockout, User
from plugseller.accounts.services.telling import tell
from plugseller.addresses import counted_address
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting, record
from plugseller.shelves import By

Kind = Lockout.Kind


def subject_of(email: str) -> str:
    """What is kept of an address that was tried: it tells nothing without our key."""
    return salted_hmac("plugseller.lockout", email, algorithm="sha256").hexdigest()


def locked_until(*, email: str, address: str | None, now: datetime) -> datetime | None:
    """The end of the longest lockout of this account or this address, if any."""
    ends = [
        lockout.until
        for kind, subject in _subjects(email, address)
        for lockout in Lockout.objects.filter(
            kind=kind, subject=subject, until__gt=now, lifted_at=None
        )
    ]
    return max(ends, default=None)


@transaction.atomic
def note_failure(
    *, email: str, address: str | None, what: str, now: datetime
) -> datetime | None:
    """Count a wrong password or code; until when it locks, if it was one too many.

    The count is the same whether or not there is such an account.
    """
    owner = User.objects.filter(email__iexact=email).first() if email else None
    attempt = AccessAttempt.objects.create(
        username=subject_of(email) if email else None,
        ip_address=counted_address(address),
        user_agent=uuid.uuid4().hex,  # axes' rows differ in it; ours are one a failure
        path_info=what,
        failures_since_start=1,
    )
    AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=now)
    entry = record("person.sign_in_failed", subject=owner, details={"what": what})
    if email and _failures(Kind.ACCOUNT, subject_of(email), now) == 1:
        # Queued whether or not it is anybody's account, so that the answer doesn't
        # take longer for those who have one.
        queue = partial(async_task, "plugseller.accounts.jobs.tell_of_failure", entry)
        transaction.on_commit(queue)
    for kind, subject in _subjects(email, address):
        failures = _failures(kind, subject, now)
        if failures >= settings.AXES_FAILURE_LIMIT:
            _lock(kind, subject, owner, failures, now)
    return locked_until(email=email, address=address, now=now)


def tell_of_failure(entry: Entry) -> None:
    """Tell the account's owner, if it is anybody's, of the failure in that entry."""
    owner = User.objects.filter(pk=entry.object_pk).first() if entry.object_pk else None
    seen = Acting(kind=By.JOB, address=entry.remote_addr, agent=entry.agent)
    with acting(seen):
        tried = entry.additional_data["what"]
        tell(owner, "sign_in_failed", now=entry.timestamp, tried=tried)


def _subjects(email: str, address: str | None) -> list[tuple[str, str]]:
    return [
        *([(Kind.ACCOUNT, subject_of(email))] if email else []),
        *([(Kind.ADDRESS, counted)] if (counted := counted_address(address)) else []),
    ]


def _failures(kind: str, subject: str, now: datetime) -> int:
    """How many there were lately, and since the last lockout began."""
    field = "username" if kind == Kind.ACCOUNT else "ip_address"
    since = now - settings.LOCKOUT_COUNTS[kind]
    last = Lockout.objects.filter(kind=kind, subject=subject).first()
    if last:
        since = max(since, last.began_at)
    told = {field: subject, "attempt_time__gt": since}
    failures: int = AccessAttempt.objects.filter(**told).count()
    return failures


def _lock(
    kind: str, subject: str, owner: User | None, failures: int, now: datetime
) -> None:
    """Each lockout within a day is twice as long as the one before."""
    day = now - timedelta(days=1)
    earlier = Lockout.objects.filter(kind=kind, subject=subject, began_at__gt=day)
    lasts = settings.AXES_COOLOFF_TIME * 2 ** min(earlier.count(), 20)
    lockout = Lockout.objects.create(
        kind=kind,
        subject=subject,
        user=owner if kind == Kind.ACCOUNT else None,
        failures=failures,
        began_at=now,
        until=now + min(lasts, settings.LOCKOUT_LONGEST),
    )
    record(
        "person.locked_out",
        subject=lockout,
        details={"kind": kind, "failures": failures},
    )
    if kind == Kind.ACCOUNT:
        tell(owner, "locked_out", now=now, lockout=lockout)


def forgive(person: User) -> None:
    """Forget the person's own failures, also among those counted for an address."""
    AccessAttempt.objects.filter(username=subject_of(person.email.casefold())).delete()


@transaction.atomic
def lift_lockout(*, actor: User, lockout: Lockout, now: datetime) -> None:
    """Let an account or address sign in again before its time.

    PermissionDenied unless an officer does; ValidationError if it is over already.
    """
    if not actor.is_officer or actor == lockout.user:
        raise PermissionDenied
    lifted = Lockout.objects.filter(
        pk=lockout.pk, lifted_at=None, until__gt=now
    ).update(lifted_at=now, lifted_by=actor)
    if not lifted:
        raise ValidationError("This lockout is over already. Nothing was changed.")
    record(
        "person.lockout_lifted",
        actor=actor,
        subject=lockout,
        details={"kind": lockout.kind},
    )
    tell(lockout.user, "lockout_lifted", now=now)
