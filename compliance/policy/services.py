"""Has controls look, keeps what they found, and tells when a promise breaks.

A control looks outside of any transaction; what it found is kept together with the
task and the mails that follow from it. One that can't look counts as failed: a promise
that nobody can check isn't kept.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import transaction

from compliance.policy.models import ControlResult
from compliance.tasks import Task, finish_task, open_task, open_tasks
from plugseller.accounts.models import User
from plugseller.accounts.services.officers import tell_officers
from plugseller.audit.services import record
from plugseller.shelves import CONTROLS, Control, Finding, Verdict

MEND_WITHIN = timedelta(days=3)
_EARLY = timedelta(hours=2)  # so that a result is never older than it may be

logger = logging.getLogger(__name__)


def subject_of(promise: str) -> UUID:
    """What tasks about a promise have as their subject."""
    return uuid5(NAMESPACE_URL, f"plugseller:promise:{promise}")


def run_due(now: datetime) -> int:
    """Run every control whose last result grows old; how many ran."""
    due = [one for one in CONTROLS.values() if _is_due(one, now)]
    return len(run(due, now=now))


def run(controls: Iterable[Control], *, now: datetime) -> list[ControlResult]:
    """Have them look, one after the other, and keep what each found."""
    results = []
    for control in controls:
        started = time.monotonic()
        finding = _look(control, now)
        results.append(_keep(control, finding, now, time.monotonic() - started))
    if results:
        failed = sum(result.failed for result in results)
        record("policy.checked", rows=len(results), details={"failed": failed})
    return results


def run_for(*, actor: User, control: Control, now: datetime) -> ControlResult:
    """An officer has one control look now. Raises PermissionDenied."""
    if not actor.is_officer:
        raise PermissionDenied
    started = time.monotonic()
    finding = _look(control, now)
    with transaction.atomic():
        result = _keep(control, finding, now, time.monotonic() - started)
        details = {"control": control.name, "verdict": result.verdict}
        record("policy.run", actor=actor, details=details)
    return result


def _is_due(control: Control, now: datetime) -> bool:
    last = ControlResult.objects.filter(name=control.name).first()
    age_allowed = max(control.every - _EARLY, control.every / 2)
    return last is None or now - last.at >= age_allowed


def _look(control: Control, now: datetime) -> Finding:
    try:
        return control.look(now)
    except Exception as error:  # whatever it is, the other controls go on
        kind = type(error).__name__
        logger.error("The control %s couldn't look: %s.", control.name, kind)
        return Finding(
            Verdict.FAIL,
            "This couldn't be checked, so we don't claim that it holds.",
            {"error": kind},
        )


@transaction.atomic
def _keep(
    control: Control, finding: Finding, now: datetime, took: float
) -> ControlResult:
    before = ControlResult.objects.filter(name=control.name).first()
    result = ControlResult.objects.create(
        name=control.name,
        promise=control.promise,
        verdict=finding.verdict,
        sentence=finding.sentence[:300],
        evidence=dict(finding.evidence),
        at=now,
        took=round(took, 3),
    )
    if result.failed:
        _open_task(control, now)
    elif finding.verdict == Verdict.PASS:
        _finish_task(control, now)
    was_failing = before is not None and before.failed
    if result.failed != was_failing:
        _tell(control, result, now)
    return result


def _open_task(control: Control, now: datetime) -> None:
    open_task(
        actor=None,
        source=Task.Source.CONTROL,
        subject_id=subject_of(control.promise),
        key=control.name,
        title=f"Mend what breaks {control.promise}: {control.label}"[:200],
        due_at=now + MEND_WITHIN,
        now=now,
    )


def _finish_task(control: Control, now: datetime) -> None:
    ours = open_tasks(Task.Source.CONTROL, subject_of(control.promise))
    if task := ours.filter(key=control.name).first():
        finish_task(actor=None, task=task, outcome="The control passes again.", now=now)


def _tell(control: Control, result: ControlResult, now: datetime) -> None:
    """Once per change: the audit log, and every officer."""
    details = {
        "control": control.name,
        "promise": control.promise,
        "verdict": result.verdict,
    }
    record("policy.changed", subject=result, details=details)
    word = "BROKEN" if result.failed else "Holds again"
    then = (
        "It stands red on the public page until it passes again. A task was opened; "
        "the figures are at the desk, under Controls."
        if result.failed
        else "If it passed, its task is finished. The figures are at the desk."
    )
    tell_officers(
        subject=f"{word}: {control.promise}, {control.label}",
        text=f"{result.sentence}\n\n{then}",
        now=now,
    )
