"""Who is owed a notice by when, and the clocks of that (INC-2, INC-3).

Duties follow what is known: they appear and vanish with it, and one that vanished stays
with its reason. Every clock counts from the detection; when that is learned to have
been earlier, the clocks move back, and nothing moves them later.
"""

from datetime import datetime

from django.db import transaction

from compliance import clocks
from compliance.incidents.casework import Decision, NoticeDuty
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers
from compliance.incidents.services.people import hold, officer_at, tell
from compliance.incidents.services.reach import reachable_sellers
from compliance.incidents.services.timeline import checked_detection, note_fact
from compliance.incidents.states import IncidentRefused, Status
from plugseller.accounts.models import User
from plugseller.shelves import DataClass

Recipient = NoticeDuty.Recipient
Owed = tuple[bool, str]  # whether, and because


def renew_duties(incident: Incident, *, now: datetime) -> None:
    """Let the duties and their clocks follow what is known of the incident now.

    In the caller's transaction, which holds the incident.
    """
    if incident.status == Status.CLOSED:
        return  # what was owed stands as it was when it was closed
    there = {
        duty.recipient: duty for duty in NoticeDuty.objects.filter(incident=incident)
    }
    for recipient in Recipient:
        is_needed, because = _owed(incident, recipient)
        duty = there.get(recipient)
        if duty is None:
            duty = NoticeDuty.objects.create(
                incident=incident,
                recipient=recipient,
                is_needed=is_needed,
                because=because,
            )
        elif (duty.is_needed, duty.because) != (is_needed, because):
            _change(incident, duty, is_needed, because, now)
        duty.incident = incident  # as it stands now
        run_clock(duty, now=now)


def _change(
    incident: Incident, duty: NoticeDuty, is_needed: bool, because: str, now: datetime
) -> None:
    was = duty.is_needed
    duty.is_needed, duty.because = is_needed, because
    duty.save(update_fields=["is_needed", "because"])
    if was != is_needed:
        what = "notice owed" if is_needed else "notice not owed"
        note_fact(incident, what, actor=None, now=now, recipient=duty.recipient)


def run_clock(duty: NoticeDuty, *, now: datetime) -> None:
    """Its clock runs while it is owed and not met. In the caller's transaction."""
    if duty.is_open:
        clocks.start(
            duty.clock_name,
            duty.pk,
            label=f"{duty.incident.reference}: notice to {_named(duty)}",
            now=duty.incident.detected_at,
            due_at=duty.due_at,
        )
    elif duty.met_at is None:
        clocks.drop(duty.clock_name, duty.pk, now=now)


def _named(duty: NoticeDuty) -> str:
    label = duty.get_recipient_display()
    return label if label in ("Amazon", "Walmart") else label.lower()


def _owed(incident: Incident, recipient: NoticeDuty.Recipient) -> Owed:
    if incident.status == Status.DISMISSED:
        return False, "It isn't an incident."
    if incident.status == Status.MERGED and incident.merged_into:
        into = incident.merged_into.reference
        return False, f"It is part of {into}, which has its own notices."
    rules = {
        Recipient.AMAZON: _amazon,
        Recipient.WALMART: _walmart,
        Recipient.SELLERS: _sellers,
        Recipient.AUTHORITY: _authority,
    }
    return rules[recipient](incident)


def _amazon(incident: Incident) -> Owed:
    if not incident.involves_amazon:
        return False, "Two officers found that no Amazon Information is involved."
    if standing(incident, Decision.What.NO_NOTICE):
        return False, "Two officers recorded why no notice is due."
    if incident.amazon == Incident.Involved.YES:
        return True, "Amazon Information is involved."
    return True, "As long as nobody knows, Amazon Information counts as involved."


def _walmart(incident: Incident) -> Owed:
    if "walmart" in incident.marketplaces:
        return True, "Walmart's data is involved; our policy sets the hours."
    if not incident.marketplaces:
        return True, "As long as nobody knows, Walmart's data counts as involved."
    return False, "Only another marketplace's data is involved."


def _sellers(incident: Incident) -> Owed:
    if reachable_sellers(incident):
        return True, "Sellers are affected."
    if affected_sellers(incident):
        return False, "Every affected seller was deleted since; none can be told."
    return False, "No affected seller is known."


def _authority(incident: Incident) -> Owed:
    if DataClass.PERSONAL in incident.data_kinds:
        return True, "Personal data is involved."
    return False, "No personal data is known to be involved."


def standing(incident: Incident, what: Decision.What) -> bool:
    """Whether two officers decided it, and nothing took it back."""
    signed = Decision.objects.filter(incident=incident).exclude(signed_at=None)
    return signed.filter(what=what, refused_at=None).exists()


@transaction.atomic
def learn_detection(
    *, actor: User, incident: Incident, detected_at: datetime, why: str, now: datetime
) -> None:
    """It was detected earlier than thought: the clocks move back, and may be overdue
    at once. Raises IncidentRefused; it never becomes later."""
    officer_at(actor, incident)
    held = hold(incident)
    detected_at = checked_detection(detected_at, now)
    if detected_at >= held.detected_at:
        raise IncidentRefused(
            "A detection only becomes earlier. A later time would give us hours that "
            "the promise doesn't."
        )
    if not why.strip():
        raise IncidentRefused("Write how you know that it was detected earlier.")
    move_back(held, detected_at, actor=actor, why=why, now=now)
    incident.refresh_from_db()


def move_back(
    held: Incident, detected_at: datetime, *, actor: User, why: str, now: datetime
) -> None:
    """The first instant kept on the timeline, and every clock counted anew.

    In the caller's transaction, which holds the incident.
    """
    old, held.detected_at = held.detected_at, detected_at
    held.save(update_fields=["detected_at"])
    renew_duties(held, now=now)
    note_fact(
        held,
        "detected earlier",
        actor=actor,
        now=now,
        at=detected_at,
        text=why,
        was=old.isoformat(),
        known=detected_at.isoformat(),
    )
    tell(
        held,
        subject=f"{held.reference} was detected earlier: its clocks moved back",
        text=f"It counts from {detected_at:%Y-%m-%d %H:%M} UTC now, and not from "
        f"{old:%Y-%m-%d %H:%M} UTC. Look at it at the desk, under Incidents.",
        now=now,
    )
