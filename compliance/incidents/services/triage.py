"""What officers decide about an incident, from the first look to its end (INC-1).

Nobody who is barred from the case decides anything in it. What stops a clock takes two:
one asks, another signs, and the clock runs until both did.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.casework import Decision, Notice, NoticeDuty, RunbookStep
from compliance.incidents.models import Incident
from compliance.incidents.sections import before_the_end
from compliance.incidents.services.clock import renew_duties, standing
from compliance.incidents.services.people import hold, officer_at, tell
from compliance.incidents.services.runbook import lay_out, tick_key
from compliance.incidents.services.timeline import LONGEST_TEXT, note_fact
from compliance.incidents.states import IncidentRefused, Status, move
from compliance.tasks import Task, open_task, open_tasks
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers

What = Decision.What
FACTS = ("what", "window", "entry_path", "containment", "root_cause", "lessons")
MARKETPLACES = ("amazon", "walmart")
_TICKS = {
    Status.TRIAGED: "triage",
    Status.ERADICATED: "cause",
    Status.RECOVERED: "recover",
    Status.REVIEWED: "review",
}


@transaction.atomic
def advance(
    *, actor: User, incident: Incident, status: Incident.Status, now: datetime
) -> None:
    """Let it go on to that state: confirmed, contained, ... closed.

    Raises IncidentRefused. It is dismissed by two (`ask_decision`), and merged by
    `merging.merge`.
    """
    officer_at(actor, incident)
    held = hold(incident)
    if status in (Status.DISMISSED, Status.MERGED):
        raise IncidentRefused("One officer alone can't do that.")
    was = Status(held.status)
    fields: dict[str, object] = {}
    if status == Status.TRIAGED and held.triaged_at is None:
        fields["triaged_at"] = now
    if status == Status.CONTAINED and held.contained_at is None:
        fields["contained_at"] = now
    if status == Status.CLOSED:
        _nothing_left(held)
        fields["ended_at"] = now
    if was in Incident.ENDED:
        _undo_end(held, actor, now)
        fields |= {"ended_at": None, "merged_into": None}
    move(held, status, **fields)
    note_fact(held, str(status), actor=actor, now=now, was=str(was))
    if was in Incident.ENDED:
        note_fact(held, "opened again", actor=actor, now=now)
    renew_duties(held, now=now)
    if key := _TICKS.get(status):
        tick_key(held, key, actor=actor, now=now)
    incident.refresh_from_db()


def _undo_end(held: Incident, actor: User, now: datetime) -> None:
    """What two decided for the end doesn't count any more; the clock is the first."""
    stood = Decision.objects.filter(incident=held, refused_at=None)
    stood.filter(what__in=(What.DISMISS, What.NO_NOTICE)).update(
        refused_by=actor.pk, refused_at=now
    )


def _nothing_left(held: Incident) -> None:
    """Nothing may be open that nobody accepted. Raises IncidentRefused."""
    left = sum(
        open_tasks(Task.Source.INCIDENT, pk).filter(left_open_by=None).count()
        for pk in held.cases
    )
    if left:
        raise IncidentRefused(
            f"{left} of its tasks aren't done. Finish them, or let a second officer "
            "accept that they stay open."
        )
    owed = NoticeDuty.objects.filter(incident=held, is_needed=True, met_at=None)
    if owed.exists():
        names = ", ".join(duty.get_recipient_display() for duty in owed)
        raise IncidentRefused(f"A notice is still owed to: {names}.")
    if Decision.objects.filter(incident=held, signed_at=None, refused_at=None).exists():
        raise IncidentRefused("A decision waits for a second officer.")
    _nothing_stands(held)


def _nothing_stands(held: Incident) -> None:
    """What was stopped is taken back, or somebody says that it stays."""
    if told := before_the_end(held):
        raise IncidentRefused(told)


@transaction.atomic
@sensitive_variables("why")
def ask_decision(
    *, actor: User, incident: Incident, what: Decision.What, why: str, now: datetime
) -> Decision:
    """Ask for what takes two; the other officers are told. Raises IncidentRefused."""
    officer_at(actor, incident)
    held = hold(incident)
    why = _reason(why)
    if not held.is_open:
        raise IncidentRefused("This incident has ended. Open it again first.")
    if what == What.DISMISS and held.status not in (Status.DETECTED, Status.TRIAGED):
        raise IncidentRefused("Work on it has begun: it can't be dismissed any more.")
    if what == What.DISMISS:
        _nothing_stands(held)
    if (what != What.DISMISS and not held.involves_amazon) or standing(held, what):
        raise IncidentRefused("That is decided already. Nothing was changed.")
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                incident=held,
                what=what,
                why=why,
                seal_id=held.pk,
                asked_by=actor.pk,
                asked_at=now,
            )
    except IntegrityError:
        raise IncidentRefused("It waits for a second officer already.") from None
    note_fact(held, "asked", actor=actor, now=now, text=why, decision=str(what))
    tell(
        held,
        subject=f"{held.reference} waits for a second officer",
        text=(
            f"An officer asks to record: {what.label}. It changes nothing until "
            "another officer signs it at the desk, under Incidents. Until then every "
            "clock runs."
        ),
        now=now,
    )
    return decision


@transaction.atomic
def sign(*, actor: User, decision: Decision, now: datetime) -> None:
    """The second signature; what was asked for holds from now on."""
    officer_at(actor, decision.incident)
    held = hold(decision.incident)
    if actor.pk == decision.asked_by:
        raise IncidentRefused("A second person has to sign. Ask another officer.")
    waits = Decision.objects.filter(pk=decision.pk, signed_at=None, refused_at=None)
    if not waits.update(signed_by=actor.pk, signed_at=now):
        raise IncidentRefused("It doesn't wait any more. Nothing was changed.")
    decision.refresh_from_db()
    what = What(decision.what)
    note_fact(held, "signed", actor=actor, now=now, decision=str(what))
    if what == What.DISMISS:
        _nothing_stands(held)
        fields = {"ended_at": now, "triaged_at": held.triaged_at or now}
        move(held, Status.DISMISSED, **fields)
        note_fact(held, str(Status.DISMISSED), actor=actor, now=now)
        _owe_no_incident(held, actor, now)
    elif what == What.NOT_AMAZON:
        held.amazon = Incident.Involved.NO
        held.save(update_fields=["amazon"])
    if what != What.DISMISS:
        tick_key(held, "amazon", actor=actor, now=now)
    renew_duties(held, now=now)


def _owe_no_incident(held: Incident, actor: User, now: datetime) -> None:
    """Whoever was told of a false alarm is told that it was one."""
    told = Notice.objects.filter(duty__incident=held).exclude(sent_at=None)
    for duty in NoticeDuty.objects.filter(notices__in=told).distinct():
        due_at = now + NoticeDuty.WITHIN[NoticeDuty.Recipient.AMAZON]
        open_task(
            actor=actor,
            source=Task.Source.INCIDENT,
            subject_id=held.pk,
            key=f"no incident {duty.recipient}",
            title=f"{held.reference}: tell {duty.get_recipient_display()} that it "
            "wasn't an incident",
            due_at=due_at,
            now=now,
        )


@transaction.atomic
def refuse(*, actor: User, decision: Decision, now: datetime) -> None:
    """It isn't signed; who asked for it may take it back this way as well."""
    officer_at(actor, decision.incident)
    waits = Decision.objects.filter(pk=decision.pk, signed_at=None, refused_at=None)
    if not waits.update(refused_by=actor.pk, refused_at=now):
        raise IncidentRefused("It doesn't wait any more. Nothing was changed.")
    decided = str(decision.what)
    note_fact(decision.incident, "refused", actor=actor, now=now, decision=decided)


@transaction.atomic
@sensitive_variables("facts")
def know(
    *,
    actor: User,
    incident: Incident,
    now: datetime,
    title: str,
    kind: Incident.Kind,
    severity: Incident.Severity,
    marketplaces: Iterable[str],
    data_kinds: Iterable[str],
    amazon_is_involved: bool,
    **facts: str,
) -> None:
    """Keep what is known now; duties and runbook follow. Raises IncidentRefused.

    That no Amazon Information is involved takes two (`ask_decision`).
    """
    officer_at(actor, incident)
    held = hold(incident)
    if any(len(fact) > LONGEST_TEXT for fact in facts.values()):
        raise IncidentRefused(f"Write at most {LONGEST_TEXT:,} characters each.")
    if facts.keys() - set(FACTS) or set(marketplaces) - set(MARKETPLACES):
        raise IncidentRefused("There is no such fact, or no such marketplace.")
    if not title.strip() or len(title) > 200:
        raise IncidentRefused("Give the incident a title of 1 to 200 characters.")
    was = (held.kind, held.amazon)
    held.title, held.kind, held.severity = " ".join(title.split()), kind, severity
    held.marketplaces = sorted(set(marketplaces))
    held.data_kinds = sorted(set(data_kinds))
    if amazon_is_involved or "amazon" in held.marketplaces:
        held.amazon = Incident.Involved.YES
    known = held.facts.reveal() if held.facts else {}
    changed = sorted(name for name in facts if facts[name] != known.get(name, ""))
    held.facts = {**known, **facts}
    held.save()
    if was[1] != held.amazon:
        stood = Decision.objects.filter(incident=held, refused_at=None)
        stood.exclude(what=What.DISMISS).update(refused_by=actor.pk, refused_at=now)
    if was[0] != held.kind:
        lay_out(held)
        tick_key(held, "kind", actor=actor, now=now)
    if held.marketplaces and held.data_kinds:
        tick_key(held, "scope", actor=actor, now=now)
    note_fact(
        held,
        "known",
        actor=actor,
        now=now,
        facts=changed,
        kind=str(kind),
        severity=str(severity),
        marketplaces=held.marketplaces,
        data_kinds=held.data_kinds,
        amazon=held.amazon,
    )
    renew_duties(held, now=now)
    incident.refresh_from_db()


@transaction.atomic
def give_lead(*, actor: User, incident: Incident, lead: User, now: datetime) -> None:
    """Say which officer leads. Raises IncidentRefused."""
    officer_at(actor, incident)
    held = hold(incident)
    there = officers().filter(pk=lead.pk).exists()
    if not there or held.is_barred(lead.pk):
        raise IncidentRefused("They can't lead this case. Choose another officer.")
    Incident.objects.filter(pk=held.pk).update(lead_id=lead.pk)
    note_fact(held, "lead", actor=actor, now=now, lead=str(lead.pk))
    tick_key(held, "lead", actor=actor, now=now)
    incident.refresh_from_db()


@transaction.atomic
@sensitive_variables("why")
def bar(
    *, actor: User, incident: Incident, person: User, why: str, now: datetime
) -> None:
    """The case may be about them: from now on they don't see it, nor decide in it.

    Who led it leads no more. Raises IncidentRefused.
    """
    officer_at(actor, incident)
    held = hold(incident)
    why = _reason(why)
    if held.is_barred(person.pk):
        raise IncidentRefused("They are barred already. Nothing was changed.")
    others = officers().exclude(pk=person.pk)
    if not [one for one in others if not held.is_barred(one.pk)]:
        raise IncidentRefused("Nobody would be left to work on it. Add an officer.")
    held.barred = [*held.barred, str(person.pk)]
    led = held.lead_id == person.pk
    held.lead_id = None if led else held.lead_id
    held.save(update_fields=["barred", "lead_id"])
    steps = RunbookStep.objects.filter(incident=held, owner_id=person.pk)
    steps.update(owner_id=None)
    Task.objects.filter(
        source=Task.Source.INCIDENT,
        subject_id=held.pk,
        owner_id=person.pk,
        done_at=None,
    ).update(owner_id=None)
    waits = Decision.objects.filter(incident=held, asked_by=person.pk, signed_at=None)
    waits.filter(refused_at=None).update(refused_by=actor.pk, refused_at=now)
    note_fact(held, "barred", actor=actor, now=now, text=why, person=str(person.pk))
    if led:
        tell(
            held,
            subject=f"{held.reference} needs another lead",
            text="Its lead leads no more. Take it at the desk, under Incidents.",
            now=now,
        )
    incident.refresh_from_db()


@transaction.atomic
def unbar(
    *, actor: User, incident: Incident, person_id: UUID, why: str, now: datetime
) -> None:
    """The case isn't about them after all. Raises IncidentRefused."""
    officer_at(actor, incident)
    held = hold(incident)
    why = _reason(why)
    if not held.is_barred(person_id):
        raise IncidentRefused("They aren't barred. Nothing was changed.")
    held.barred = [one for one in held.barred if one != str(person_id)]
    held.save(update_fields=["barred"])
    note_fact(held, "let in", actor=actor, now=now, text=why, person=str(person_id))
    incident.refresh_from_db()


def _reason(why: str) -> str:
    why = why.strip()
    if not why:
        raise IncidentRefused("Write why.")
    return why
