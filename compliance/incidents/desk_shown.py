"""What an incident's page shows, from top to bottom in the order of work."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.html import format_html

from compliance.countdown import clock
from compliance.incidents import services
from compliance.incidents.casework import Decision, NoticeDuty, RunbookStep
from compliance.incidents.desk_steps import steps_for
from compliance.incidents.figures import figures_of
from compliance.incidents.models import Incident
from compliance.incidents.sections import affected_sellers, shown
from compliance.incidents.services.notices import sent_to_sellers
from compliance.incidents.services.people import those_who_work_on
from compliance.incidents.services.reach import unreachable
from compliance.incidents.services.selfsending import BEFORE
from compliance.incidents.services.sending import is_real
from compliance.instants import seen_by
from compliance.tasks import Task
from plugseller.accounts.models import Seller, User

SOON = timedelta(hours=6)  # a clock is shown bold from then on


def clock_of(incident: Incident, duties: Iterable[NoticeDuty], now: datetime) -> str:
    """The most urgent notice that is owed; else that nothing is."""
    dues = [one.due_at for one in duties if one.is_open]
    if dues and (incident.is_open or incident.status == Incident.Status.CLOSED):
        return clock(min(dues), is_open=True, now=now, soon=SOON)
    if any(one.was_late for one in duties):
        return format_html('<strong class="overdue">{}</strong>', "sent late")
    return "none owed" if incident.is_open else "ended"


def work(incident: Incident, reader: User, now: datetime) -> dict[str, Any]:
    """Everything below the header."""
    duties = list(
        NoticeDuty.objects.filter(incident=incident).prefetch_related(
            "notices__sendings"
        )
    )
    for duty in duties:
        duty.incident = incident
    timeline = services.whole_timeline(incident)
    ours = Task.objects.filter(
        source=Task.Source.INCIDENT, subject_id__in=incident.cases
    )
    tasks = list(ours)
    steps = list(RunbookStep.objects.filter(incident=incident, is_due=True))
    waiting = list(
        Decision.objects.filter(incident=incident, signed_at=None, refused_at=None)
    )
    people = _people(
        *(entry.actor_id for entry in timeline),
        *(task.owner_id for task in tasks),
        *(step.owner_id or step.done_by for step in steps),
        *(one.asked_by for one in waiting),
        incident.lead_id,
        *map(UUID, incident.barred),
    )
    return {
        "about": incident,
        "clock": clock_of(incident, duties, now),
        "detected": seen_by(reader, incident.detected_at),
        "entered": seen_by(reader, incident.entered_at),
        "lead": people.get(incident.lead_id, "nobody yet"),
        "barred": [
            people.get(UUID(one), "somebody who left") for one in incident.barred
        ],
        "figures": figures_of(incident),
        "desk_steps": steps_for(incident),
        "waiting": [_waiting(one, reader, people) for one in waiting],
        "by_itself": _by_itself(incident, duties, reader),
        "duties": [_duty(one, reader, now) for one in duties],
        "officers": [one for one in those_who_work_on(incident) if one.pk != reader.pk],
        "runbook": [_step(one, people, reader, now) for one in steps],
        "timeline": [
            {
                "entry": entry,
                "at": seen_by(reader, entry.at),
                "noted": seen_by(reader, entry.noted_at),
                "is_late": entry.noted_at != entry.at,
                "by": people.get(entry.actor_id, "somebody"),
                "is_of_part": entry.incident_id != incident.pk,
                "has_text": bool(entry.text),
                "details": _told(entry.details),
            }
            for entry in timeline
        ],
        "tasks": [
            {
                "task": task,
                "owner": people.get(task.owner_id, "any officer"),
                "due": seen_by(reader, task.due_at),
                "is_overdue": task.is_overdue(now),
            }
            for task in tasks
        ],
        "sections": shown(incident, reader, now, is_late=False),
        "late_sections": shown(incident, reader, now, is_late=True),
    }


def _people(*ids: UUID | None) -> dict[UUID | None, str]:
    """Our own staff by address; a seller's people by what they are."""
    found = User.objects.in_bulk({one for one in ids if one})
    return {
        pk: one.email if one.is_staff else "a seller's person"
        for pk, one in found.items()
    }


def _told(details: dict[str, Any]) -> str:
    """Ids are for programs; people are shown the rest."""
    kept = {
        k: v for k, v in details.items() if v not in ("", None, []) and k != "person"
    }
    return ", ".join(f"{k}: {v}" for k, v in kept.items() if not _is_id(v))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


def _waiting(
    one: Decision, reader: User, people: dict[UUID | None, str]
) -> dict[str, Any]:
    return {
        "decision": one,
        "by": people.get(one.asked_by, "somebody"),
        "at": seen_by(reader, one.asked_at),
        "may_sign": one.asked_by != reader.pk,
    }


def _by_itself(incident: Incident, duties: list[NoticeDuty], reader: User) -> str:
    """What happens to the notice to Amazon if nobody does anything."""
    for duty in duties:
        if duty.recipient != NoticeDuty.Recipient.AMAZON or not duty.is_open:
            continue
        if any(one.sent_at for one in duty.notices.all()):
            continue
        at = seen_by(reader, duty.due_at - BEFORE)
        if is_real(incident) and not services.is_armed():
            return f"It will NOT go by itself at {at}: two officers haven't armed that."
        to = "" if is_real(incident) else ", to the drill's address"
        return f"If nobody sends it, it goes out at {at} with the facts on file{to}."
    return ""


def _duty(duty: NoticeDuty, reader: User, now: datetime) -> dict[str, Any]:
    notices = list(duty.notices.all())
    return {
        "duty": duty,
        "clock": clock(duty.due_at, is_open=duty.is_open, now=now, soon=SOON),
        "is_refused": any(
            sending.is_refused
            for notice in notices
            for sending in notice.sendings.all()
        ),
        "due": seen_by(reader, duty.due_at),
        "met": seen_by(reader, duty.met_at),
        "sellers": _sellers(duty),
        "notices": [
            {
                "notice": notice,
                "sent": seen_by(reader, notice.sent_at),
                "sendings": [
                    {
                        "sending": one,
                        "queued": seen_by(reader, one.queued_at),
                        "accepted": seen_by(reader, one.accepted_at),
                        "delivered": seen_by(reader, one.delivered_at),
                        "bounced": seen_by(reader, one.bounced_at),
                    }
                    for one in notice.sendings.all()
                ],
            }
            for notice in notices
        ],
    }


def _sellers(duty: NoticeDuty) -> list[dict[str, Any]]:
    """Each affected seller, and whether its people were written to, or can't be."""
    if duty.recipient != NoticeDuty.Recipient.SELLERS:
        return []
    ids = affected_sellers(duty.incident)
    names = dict(Seller.objects.filter(pk__in=ids).values_list("pk", "name"))
    told = set(sent_to_sellers(duty.incident).values_list("seller_id", flat=True))
    gone = unreachable(ids)
    return [
        {
            "id": pk,
            "name": names.get(pk, "A seller that left"),
            "is_told": pk in told,
            "why_not": gone.get(pk, ""),
        }
        for pk in ids
    ]


def _step(
    step: RunbookStep, people: dict[UUID | None, str], reader: User, now: datetime
) -> dict[str, Any]:
    return {
        "step": step,
        "who": people.get(step.owner_id or step.done_by, ""),
        "due": seen_by(reader, step.due_at),
        "done": seen_by(reader, step.done_at),
        "is_overdue": step.is_overdue(now),
    }
