"""What incidents and tasks say on the officers' start page."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.urls import reverse

from compliance.desklines import Block, Line, lines
from compliance.incidents.casework import Decision, NoticeDuty
from compliance.incidents.desk import OPEN
from compliance.incidents.models import Incident
from compliance.incidents.services.people import hidden_from, visible_to
from compliance.incidents.services.selfsending import alarms, is_armed
from compliance.tasks import Task
from plugseller.accounts.models import User

Told = Iterator[tuple[Block, Line]]
_HOME = "admin:compliance_incident_changelist"


def _of_incidents(officer: User, now: datetime) -> Told:
    cases = {one.pk: one for one in visible_to(officer).filter(OPEN).defer("facts")}
    duties = list(
        NoticeDuty.objects.filter(
            incident__in=list(cases), is_needed=True, met_at=None
        ).select_related("incident")
    )
    people = User.objects.in_bulk(
        {one.lead_id for one in cases.values() if one.lead_id}
    )
    for pk, case in cases.items():
        dues = [duty.due_at for duty in duties if duty.incident_id == pk]
        lead = people.get(case.lead_id) if case.lead_id else None
        line = Line(
            text=f"{case.reference}: {case.title}. {case.get_status_display()}",
            url=_page(case),
            due_at=min(dues, default=None),
            owner=lead.email if lead else "nobody leads it yet",
        )
        yield Block.BURNING, line
    for duty in duties:
        if duty.is_overdue(now):
            about = f"{duty.incident.reference}: {duty.get_recipient_display()}"
            yield (
                Block.LATE,
                Line(f"{about} isn't told", _page(duty.incident), duty.due_at),
            )
    for alarm in alarms(now, reader=officer):
        yield Block.BURNING, Line(alarm, reverse(_HOME), now)
    yield from _asked(officer, cases)
    if not cases:
        yield Block.QUIET, Line("No incident is open.", reverse(_HOME))
    arming = reverse("admin:compliance_incident_arming")
    if is_armed():
        yield Block.QUIET, Line("Notices that send themselves are armed.", arming)
    else:
        told = "Notices don't send themselves: two officers haven't armed that."
        yield Block.ASKED, Line(told, arming)


def _asked(officer: User, cases: dict[UUID, Incident]) -> Told:
    waiting = Decision.objects.filter(signed_at=None, refused_at=None)
    others = waiting.exclude(asked_by=officer.pk).defer("why")
    for one in others.filter(incident__in=list(cases)).select_related("incident"):
        text = f"{one.incident.reference}: {one.get_what_display()}?"
        yield Block.ASKED, Line(text, _page(one.incident))


def _page(case: Incident) -> str:
    return reverse("admin:compliance_incident_change", args=[case.pk])


def _of_tasks(officer: User, now: datetime) -> Told:
    ours = Task.objects.filter(done_at=None).exclude(
        subject_id__in=hidden_from(officer)
    )
    owners = User.objects.in_bulk({one.owner_id for one in ours if one.owner_id})
    for task in ours:
        owner = owners.get(task.owner_id) if task.owner_id else None
        line = Line(
            text=task.title,
            url=reverse("admin:compliance_task_change", args=[task.pk]),
            due_at=task.due_at,
            owner=owner.email if owner else "any officer",
        )
        yield (Block.LATE if task.is_overdue(now) else Block.DUE), line
    counts = Task.objects.aggregate(done=Count("pk", filter=~Q(done_at=None)))
    if not ours:
        told = f"No task is open; {counts['done']} are done."
        home = reverse("admin:compliance_task_changelist")
        yield Block.QUIET, Line(told, home)


lines("incidents", _of_incidents)
lines("tasks", _of_tasks)
