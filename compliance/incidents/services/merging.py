"""Two alarms, one cause; and the other way round (INC-1).

The case that takes another in counts from the earlier detection. What belongs to the
other stays its own, sealed by its own key, and is read together with it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from compliance import clocks
from compliance.incidents.casework import NoticeDuty
from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.services.clock import move_back, renew_duties
from compliance.incidents.services.opening import open_incident
from compliance.incidents.services.outcomes import settle
from compliance.incidents.services.people import officer_at
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.states import IncidentRefused, Status, move
from plugseller.accounts.models import User

Involved = Incident.Involved
_GRAVER = {Involved.NO: 0, Involved.UNKNOWN: 1, Involved.YES: 2}
_SELLERS = NoticeDuty.Recipient.SELLERS
_SEVERITIES = list(Incident.Severity)


@transaction.atomic
def merge(
    *, actor: User, incident: Incident, into: Incident, why: str, now: datetime
) -> None:
    """Make the incident part of another. Raises IncidentRefused."""
    for one in (incident, into):
        officer_at(actor, one)
    if incident.pk == into.pk or incident.is_drill != into.is_drill:
        raise IncidentRefused("A case and a drill, or a case and itself, stay apart.")
    held = _hold_both(incident, into)
    part, whole = held[incident.pk], held[into.pk]
    if not whole.is_open:
        raise IncidentRefused(f"{whole.reference} has ended. Open it again first.")
    move(part, Status.MERGED, merged_into=whole, ended_at=now)
    part.merged.update(merged_into=whole)
    _take_over(part, whole)
    note_fact(part, "merged", actor=actor, now=now, text=why, into=whole.reference)
    note_fact(whole, "took in", actor=actor, now=now, text=why, part=part.reference)
    _take_notices(part, whole, now)
    if part.detected_at < whole.detected_at:
        known = f"{part.reference} was detected earlier."
        move_back(whole, part.detected_at, actor=actor, why=known, now=now)
    for one in (part, whole):
        renew_duties(one, now=now)
    for duty in NoticeDuty.objects.filter(incident=whole, recipient=_SELLERS):
        settle(duty, now=now)
    incident.refresh_from_db()
    into.refresh_from_db()


def _hold_both(one: Incident, other: Incident) -> dict[UUID, Incident]:
    """Locked in the same order by everybody."""
    both = Incident.objects.select_for_update().filter(pk__in=[one.pk, other.pk])
    return {each.pk: each for each in both.order_by("pk")}


def _take_over(part: Incident, whole: Incident) -> None:
    """The graver of what is known of each; who is barred from one is from both."""
    whole.amazon = max(
        part.amazon, whole.amazon, key=lambda one: _GRAVER[Involved(one)]
    )
    whole.severity = max(
        part.severity,
        whole.severity,
        key=lambda one: _SEVERITIES.index(Incident.Severity(one)),
    )
    whole.marketplaces = sorted({*part.marketplaces, *whole.marketplaces})
    whole.data_kinds = sorted({*part.data_kinds, *whole.data_kinds})
    whole.barred = sorted({*part.barred, *whole.barred})
    if whole.lead_id and whole.is_barred(whole.lead_id):
        whole.lead_id = None
    whole.save()


def _take_notices(part: Incident, whole: Incident, now: datetime) -> None:
    """Who was told of the part was told of the whole; a follow-up tells the rest."""
    met = NoticeDuty.objects.filter(incident=part).exclude(met_at=None)
    for done in met.exclude(recipient=_SELLERS):  # those are told one by one
        own = NoticeDuty.objects.filter(incident=whole, recipient=done.recipient)
        if own.filter(met_at=None).update(met_at=done.met_at):
            duty = own.get()
            clocks.met(duty.clock_name, duty.pk, now=done.met_at or now)
            note_fact(
                whole,
                "told with the part",
                actor=None,
                now=now,
                recipient=done.recipient,
                part=part.reference,
            )


@transaction.atomic
def split_off(
    *, actor: User, incident: Incident, title: str, why: str, now: datetime
) -> Incident:
    """A case of its own for a part of this one, with the same detection.

    What was merged comes out again by being opened again. Raises IncidentRefused.
    """
    officer_at(actor, incident)
    if not incident.is_open:
        raise IncidentRefused(f"{incident.reference} has ended. Open it again first.")
    if not why.strip():
        raise IncidentRefused("Write why.")
    made = open_incident(
        actor=actor,
        title=title,
        detected_by=Incident.Detected(incident.detected_by),
        detected_at=incident.detected_at,
        kind=Incident.Kind(incident.kind),
        severity=Incident.Severity(incident.severity),
        is_drill=incident.is_drill,
        now=now,
    )
    made.barred = incident.barred
    made.save(update_fields=["barred"])
    note_fact(made, "split from", actor=actor, now=now, whole=incident.reference)
    part = made.reference
    note_fact(incident, "split off", actor=actor, now=now, text=why, part=part)
    return made


def whole_timeline(incident: Incident) -> list[TimelineEntry]:
    """What happened, in the case and in those it took in, by the time of the fact."""
    found = TimelineEntry.objects.filter(incident__in=incident.cases)
    return list(found.select_related("incident").order_by("at", "noted_at", "pk"))
