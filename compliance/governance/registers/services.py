"""What happens to risks and suppliers: opened, reviewed, closed, signed off (GOV-1)."""

import json
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet

from compliance import clocks
from compliance.governance.registers.clock import DUTY, SIGN_OFF, set_review
from compliance.governance.registers.models import Risk, RiskSignOff, Supplier
from compliance.tasks import Task, finish_task, open_tasks
from plugseller.accounts.models import User
from plugseller.audit.services import record
from plugseller.crypto.services import INSTALLATION, create_data_key

_YEAR = timedelta(days=365)  # how long a review holds at most (Amazon's DPP)
_LONGEST = 2_000
_REVIEWED = ("review_at", "reviewed_at", "reviewed_by")
_FIRST = timedelta(days=30)  # in which a new installation has its risks signed off
_SIGN_OFF_LABEL = "Sign-off of the risk register by senior management"


class RegisterRefused(ValidationError):
    """Nothing was changed; one sentence that says what to do, for who tried."""


@transaction.atomic
def open_risk(
    *,
    actor: User,
    kind: Risk.Kind,
    title: str,
    owner: User,
    likelihood: int,
    impact: int,
    treatment: Risk.Treatment,
    plan: str,
    review_at: datetime,
    now: datetime,
    ends_at: datetime | None = None,
) -> Risk:
    """A risk; or an exception, which is over at `ends_at` and then a task.

    Raises RegisterRefused.
    """
    _of_officers(actor)
    _owned(owner)
    is_exception = kind == Risk.Kind.EXCEPTION
    if is_exception != (ends_at is not None):
        raise RegisterRefused("An exception needs a day on which it ends; a risk none.")
    if is_exception and actor.pk == owner.pk:
        raise RegisterRefused(
            "Nobody agrees an exception for themself. Ask another officer."
        )
    due_at = min(review_at, ends_at) if ends_at else review_at
    _within_a_year(due_at, now)
    create_data_key(INSTALLATION)
    risk = Risk.objects.create(
        kind=kind,
        title=_text(title, 200, "Give it a title"),
        owner_id=owner.pk,
        likelihood=_rating(likelihood),
        impact=_rating(impact),
        treatment=treatment,
        plan=_text(plan, _LONGEST, "Say what is done about it"),
        opened_at=now,
        opened_by=actor.pk,
        review_at=due_at,
        ends_at=ends_at,
    )
    _due(risk, due_at, now)
    _note("risk.opened", actor, risk, rating=risk.rating, kind=str(kind))
    return risk


@transaction.atomic
def review_risk(
    *,
    actor: User,
    risk: Risk,
    likelihood: int,
    impact: int,
    treatment: Risk.Treatment,
    review_at: datetime,
    now: datetime,
    plan: str = "",
) -> None:
    """It was looked at, and this is how it stands. Without `plan` the old one stays,
    as does the end of an exception.

    Raises RegisterRefused.
    """
    _of_officers(actor)
    if risk.ends_at and now >= risk.ends_at:
        raise RegisterRefused("This exception is over. Close it, or agree another one.")
    due_at = min(review_at, risk.ends_at) if risk.ends_at else review_at
    _within_a_year(due_at, now)
    risk.likelihood, risk.impact = _rating(likelihood), _rating(impact)
    risk.treatment = treatment
    risk.review_at, risk.reviewed_at, risk.reviewed_by = due_at, now, actor.pk
    changed = ["likelihood", "impact", "treatment", *_REVIEWED]
    if plan.strip():
        risk.plan = _text(plan, _LONGEST, "Say what is done about it")
        changed.append("plan")
    _still_open(Risk.objects.filter(pk=risk.pk, closed_at=None))
    risk.save(update_fields=changed)
    _due(risk, due_at, now)
    _finish_late(actor, risk.pk, now)
    _note("risk.reviewed", actor, risk, rating=risk.rating)


@transaction.atomic
def close_risk(*, actor: User, risk: Risk, now: datetime) -> None:
    """It is no risk any more, or the exception is over. Raises RegisterRefused."""
    _of_officers(actor)
    ours = Risk.objects.filter(pk=risk.pk, closed_at=None)
    if not ours.update(closed_at=now, closed_by=actor.pk):
        raise RegisterRefused("It was closed already. Nothing was changed.")
    clocks.met(DUTY, risk.pk, now=now)
    _finish_late(actor, risk.pk, now)
    risk.refresh_from_db()
    _note("risk.closed", actor, risk)


@transaction.atomic
def sign_off_risks(*, actor: User, now: datetime) -> RiskSignOff:
    """An officer stands for the register as it is; due again in a year.

    Raises RegisterRefused while a review is overdue.
    """
    _of_officers(actor)
    found = list(Risk.objects.filter(closed_at=None).order_by("pk"))
    if not found:
        raise RegisterRefused("The register is empty. Assess the risks first.")
    if late := sum(risk.review_at <= now for risk in found):
        raise RegisterRefused(f"{late} of the risks are overdue. Review them first.")
    signed = RiskSignOff.objects.create(
        signed_at=now,
        signed_by=actor.pk,
        risks=len(found),
        highest=max(risk.rating for risk in found),
        sha256=digest(found),
    )
    set_review(SIGN_OFF, _SIGN_OFF_LABEL, now + _YEAR, now)
    _finish_late(actor, SIGN_OFF, now)
    about = {"risks": signed.risks, "sha256": signed.sha256}
    record("risk.signed_off", actor=actor, subject=signed, details=about)
    return signed


def digest(risks: list[Risk]) -> str:
    """The SHA-256 of the risks as they stand, without what is sealed."""
    told = [
        [str(one.pk), one.title, one.likelihood, one.impact, one.treatment]
        for one in risks
    ]
    return sha256(json.dumps(told).encode()).hexdigest()


def keep_sign_off(now: datetime) -> None:
    """Its clock runs from the beginning, so that the first sign-off is due as well."""
    if not clocks.running().filter(duty=DUTY, subject_id=SIGN_OFF).exists():
        due_at = now + _FIRST
        clocks.start(DUTY, SIGN_OFF, label=_SIGN_OFF_LABEL, now=now, due_at=due_at)


@transaction.atomic
def add_supplier(
    *,
    actor: User,
    name: str,
    reaches: str,
    country: str,
    owner: User,
    assessed_on: date,
    review_at: datetime,
    now: datetime,
) -> Supplier:
    """One that was assessed before it reaches anything. Raises RegisterRefused."""
    _of_officers(actor)
    _owned(owner)
    _assessed(assessed_on, review_at, now)
    supplier = Supplier.objects.create(
        name=_text(name, 100, "Name the company"),
        reaches=_text(reaches, 300, "Say which data it could reach"),
        country=_text(country, 60, "Name the country"),
        owner_id=owner.pk,
        added_at=now,
        added_by=actor.pk,
        assessed_on=assessed_on,
        assessed_by=actor.pk,
        review_at=review_at,
    )
    set_review(supplier.pk, f"Supplier: {supplier.name}", review_at, now)
    _note("supplier.added", actor, supplier)
    return supplier


@transaction.atomic
def assess_supplier(
    *,
    actor: User,
    supplier: Supplier,
    assessed_on: date,
    review_at: datetime,
    now: datetime,
) -> None:
    """It was assessed again. Raises RegisterRefused."""
    _of_officers(actor)
    _assessed(assessed_on, review_at, now)
    _still_open(Supplier.objects.filter(pk=supplier.pk, ended_at=None))
    supplier.assessed_on, supplier.assessed_by = assessed_on, actor.pk
    supplier.review_at = review_at
    supplier.save(update_fields=["assessed_on", "assessed_by", "review_at"])
    set_review(supplier.pk, f"Supplier: {supplier.name}", review_at, now)
    _finish_late(actor, supplier.pk, now)
    _note("supplier.assessed", actor, supplier, on=str(assessed_on))


@transaction.atomic
def end_supplier(*, actor: User, supplier: Supplier, now: datetime) -> None:
    """It works for us no more. Raises RegisterRefused."""
    _of_officers(actor)
    ours = Supplier.objects.filter(pk=supplier.pk, ended_at=None)
    if not ours.update(ended_at=now, ended_by=actor.pk):
        raise RegisterRefused("It was taken off the list already.")
    clocks.met(DUTY, supplier.pk, now=now)
    _finish_late(actor, supplier.pk, now)
    supplier.refresh_from_db()
    _note("supplier.ended", actor, supplier)


def _due(risk: Risk, due_at: datetime, now: datetime) -> None:
    what = "Exception" if risk.kind == Risk.Kind.EXCEPTION else "Risk"
    set_review(risk.pk, f"{what}: {risk.title}", due_at, now)


def _finish_late(actor: User, subject: UUID, now: datetime) -> None:
    """The task that a late review became."""
    for task in open_tasks(Task.Source.RISK, subject):
        finish_task(actor=actor, task=task, outcome="It was reviewed.", now=now)


def _of_officers(actor: User) -> None:
    if not actor.is_officer:
        raise PermissionDenied


def _owned(owner: User) -> None:
    if not (owner.is_staff and owner.is_active):
        raise RegisterRefused("Only our own staff can be its owner.")


def _text(given: str, longest: int, ask: str) -> str:
    given = given.strip()
    if not given or len(given) > longest:
        raise RegisterRefused(f"{ask}, in 1 to {longest:,} characters.")
    return given


def _rating(given: int) -> int:
    if not 1 <= given <= 5:
        raise RegisterRefused("Likelihood and impact go from 1 to 5.")
    return given


def _within_a_year(due_at: datetime, now: datetime) -> None:
    if not now < due_at <= now + _YEAR:
        raise RegisterRefused("The next review is due within a year, from tomorrow on.")


def _assessed(assessed_on: date, review_at: datetime, now: datetime) -> None:
    if not now - _YEAR < _midnight(assessed_on, now) <= now:
        raise RegisterRefused("The assessment is of the last 12 months.")
    _within_a_year(review_at, now)


def _midnight(day: date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)


def _still_open(row: QuerySet[Risk] | QuerySet[Supplier]) -> None:
    if not row.select_for_update().exists():
        raise RegisterRefused("It was closed meanwhile. Nothing was changed.")


def _note(event: str, actor: User, subject: Model, **details: object) -> None:
    record(event, actor=actor, subject=subject, details=details)
