"""The checklist of an incident: laid out, owned, ticked by hand or by what was done."""

from datetime import datetime

from django.db import transaction

from compliance.clocks import due_after
from compliance.incidents.casework import RunbookStep
from compliance.incidents.models import Incident
from compliance.incidents.runbooks import RUNBOOKS
from compliance.incidents.services.people import officer_at
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User


def lay_out(incident: Incident) -> None:
    """The steps of the incident's kind; what was ticked under another kind stays.

    In the caller's transaction.
    """
    there = {step.key: step for step in RunbookStep.objects.filter(incident=incident)}
    steps = RUNBOOKS[Incident.Kind(incident.kind)]
    for position, step in enumerate(steps):
        kept = there.pop(step.key, None) or RunbookStep(
            incident=incident,
            key=step.key,
            due_at=due_after(incident.detected_at, step.within),
        )
        kept.text, kept.position, kept.is_due = step.text, position, True
        kept.save()
    for left in there.values():
        left.is_due, left.position = left.done_at is not None, len(steps) + 1
        left.save(update_fields=["is_due", "position"])


@transaction.atomic
def tick(*, actor: User, step: RunbookStep, now: datetime) -> None:
    """The step is done. Raises IncidentRefused."""
    officer_at(actor, step.incident)
    if not _tick(step, now, done_by=actor.pk):
        raise IncidentRefused("This step is ticked already. Nothing was changed.")
    note_fact(step.incident, "step done", actor=actor, now=now, step=step.key)


@transaction.atomic
def untick(*, actor: User, step: RunbookStep, now: datetime) -> None:
    """The step isn't done after all. Raises IncidentRefused."""
    officer_at(actor, step.incident)
    done = RunbookStep.objects.filter(pk=step.pk).exclude(done_at=None)
    if not done.update(done_at=None, done_by=None, is_automatic=False):
        raise IncidentRefused("This step isn't ticked. Nothing was changed.")
    note_fact(step.incident, "step not done", actor=actor, now=now, step=step.key)


def tick_key(
    incident: Incident, key: str, *, actor: User | None, now: datetime
) -> None:
    """What a button did is a step of the runbook: ticked, if it is there and isn't.

    In the caller's transaction.
    """
    waits = RunbookStep.objects.filter(incident=incident, key=key, done_at=None)
    step = waits.first()
    who = actor.pk if actor else None
    if step and _tick(step, now, done_by=who, is_automatic=True):
        note_fact(incident, "step done", actor=None, now=now, step=key)


def _tick(step: RunbookStep, now: datetime, **fields: object) -> bool:
    waits = RunbookStep.objects.filter(pk=step.pk, done_at=None)
    return bool(waits.update(done_at=now, **fields))


@transaction.atomic
def give_step(*, actor: User, step: RunbookStep, owner: User, now: datetime) -> None:
    """Say who does it. Raises IncidentRefused."""
    officer_at(actor, step.incident)
    if not (owner.is_staff and owner.is_active) or step.incident.is_barred(owner.pk):
        raise IncidentRefused("They can't own a step of this case. Choose another.")
    RunbookStep.objects.filter(pk=step.pk).update(owner_id=owner.pk)
    note_fact(
        step.incident,
        "step given",
        actor=actor,
        now=now,
        step=step.key,
        owner=str(owner.pk),
    )
