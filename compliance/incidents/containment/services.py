"""Stops what goes on, at once, and takes it back where that makes sense (INC-1).

Each is done once, by an officer who isn't barred from the case, and stands on the
timeline with its ids and figures.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Min
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.affected.services import newest
from compliance.incidents.containment.actions import BY_NAME, Action, Counts
from compliance.incidents.containment.models import Measure
from compliance.incidents.models import Incident
from compliance.incidents.sections import asks_before_the_end
from compliance.incidents.services import (
    IncidentRefused,
    note_fact,
    officer_at,
    tick_key,
)
from compliance.incidents.services.people import hold
from marketplaces.connecting import pause_new_accounts
from plugseller.accounts.models import User
from plugseller.audit.pruning import hold_log

_HELD_BEFORE = timedelta(days=30)  # the detection, if no other time is known


def contain(
    *, actor: User, incident: Incident, action: Action, target: str, now: datetime
) -> Measure:
    """Do it. Raises IncidentRefused, and then nothing was changed."""
    if action.calls_out:
        return _call_out(actor, incident, action, target, now)
    with transaction.atomic():
        measure = _claim(actor, incident, action, target, now)
        return _done(actor, measure, action, action.do(actor, target, now), now)


def _call_out(
    actor: User, incident: Incident, action: Action, target: str, now: datetime
) -> Measure:
    """Written down before a marketplace is asked, so that nobody asks beside us."""
    with transaction.atomic():
        measure = _claim(actor, incident, action, target, now)
    try:
        counts = action.do(actor, target, now)
    except IncidentRefused:
        Measure.objects.filter(pk=measure.pk).update(ended_at=now, counts={"done": 0})
        raise
    with transaction.atomic():
        return _done(actor, measure, action, counts, now)


def _claim(
    actor: User, incident: Incident, action: Action, target: str, now: datetime
) -> Measure:
    officer_at(actor, incident)
    held = hold(incident)
    if not held.is_open:
        raise IncidentRefused("This incident has ended. Open it again first.")
    if held.is_drill:
        raise IncidentRefused(
            "This is a drill: nothing real is stopped. Tick the step instead."
        )
    try:
        with transaction.atomic():
            return Measure.objects.create(
                incident=held,
                kind=action.name,
                target=target,
                begun_at=now,
                begun_by=actor.pk,
                since=_since(held) if action.name == "hold-log" else None,
            )
    except IntegrityError:
        raise IncidentRefused("That is done already. Nothing was changed.") from None


def _done(
    actor: User, measure: Measure, action: Action, counts: Counts, now: datetime
) -> Measure:
    measure.counts = counts
    if action.undo is None:
        measure.ended_at = now
    measure.save(update_fields=["counts", "ended_at"])
    note_fact(
        measure.incident,
        "contained by",
        actor=actor,
        now=now,
        action=action.name,
        target=measure.target,
        **counts,
    )
    for key in action.ticks:
        tick_key(measure.incident, key, actor=actor, now=now)
    return measure


@transaction.atomic
def undo(*, actor: User, measure: Measure, now: datetime) -> None:
    """Take it back. What another incident stops as well stays stopped.

    Raises IncidentRefused.
    """
    officer_at(actor, measure.incident)
    hold(measure.incident)
    action = BY_NAME[measure.kind]
    if action.undo is None:
        raise IncidentRefused(action.after)
    ours = Measure.objects.filter(pk=measure.pk, ended_at=None)
    if not ours.update(ended_at=now, ended_by=actor.pk):
        raise IncidentRefused("It was taken back already. Nothing was changed.")
    others = Measure.objects.filter(
        kind=measure.kind, target=measure.target, ended_at=None
    )
    stays = others.exists()
    counts: Counts = {"stays": 1} if stays else action.undo(actor, measure.target)
    note_fact(
        measure.incident,
        "containment undone",
        actor=actor,
        now=now,
        action=action.name,
        target=measure.target,
        **counts,
    )
    measure.refresh_from_db()


@transaction.atomic
@sensitive_variables("why")
def keep(*, actor: User, measure: Measure, why: str, now: datetime) -> None:
    """Confirm that it outlasts the incident, and why. It can still be taken back.

    Raises IncidentRefused.
    """
    officer_at(actor, measure.incident)
    held = hold(measure.incident)
    if not why.strip():
        raise IncidentRefused("Write why it stays, and until when.")
    ours = Measure.objects.filter(pk=measure.pk, ended_at=None)
    if not ours.update(kept_at=now, kept_by=actor.pk):
        raise IncidentRefused("It was taken back already. Nothing was changed.")
    note_fact(
        held,
        "containment stays",
        actor=actor,
        now=now,
        text=why,
        action=measure.kind,
        target=measure.target,
    )
    measure.refresh_from_db()


def unanswered(incident: Incident) -> list[Measure]:
    """What still stands, in the case or one it took in, and nobody said that it stays
    since the case was opened or opened again."""
    again = incident.timeline.filter(what="opened again").aggregate(at=Max("noted_at"))
    stands = Measure.objects.filter(incident__in=incident.cases, ended_at=None)
    since = again["at"] or incident.entered_at
    return list(stands.exclude(kept_at__gte=since))


def _ask(incident: Incident) -> str:
    left = unanswered(incident)
    if not left:
        return ""
    names = Counter(BY_NAME[one.kind].label for one in left)
    told = ", ".join(
        f"{name} ({times} times)" if times > 1 else name
        for name, times in sorted(names.items())
    )
    return (
        f"Still stopped: {told}. Under Containment take each back, or confirm that it "
        "stays and why."
    )


def _since(incident: Incident) -> datetime:
    found = newest(incident)
    earliest = incident.detected_at - _HELD_BEFORE
    return min(earliest, found.since) if found else earliest


def log_is_held_since() -> datetime | None:
    """From when on the audit log is held by an incident; None: it isn't."""
    standing = Measure.objects.filter(kind="hold-log", ended_at=None)
    since: datetime | None = standing.aggregate(since=Min("since"))["since"]
    return since


def paused_since(seller: UUID) -> datetime | None:
    """Since when an incident keeps a seller from being fetched; None: none does."""
    standing = Measure.objects.filter(
        kind="pause-seller", target=str(seller), ended_at=None
    )
    since: datetime | None = standing.aggregate(since=Min("begun_at"))["since"]
    return since


hold_log(log_is_held_since)
pause_new_accounts(paused_since)
asks_before_the_end(_ask)
