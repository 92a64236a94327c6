"""Who may work on an incident, and who is told of it: never who is barred (INC-1)."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from compliance.incidents.models import Incident
from plugseller.accounts.models import User
from plugseller.accounts.services.grants import officers
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail


def officer_at(actor: User | None, incident: Incident) -> User:
    """The officer, if they may see the case; PermissionDenied for anybody else."""
    if actor is None or not officers().filter(pk=actor.pk).exists():
        raise PermissionDenied
    barred = Incident.objects.filter(pk=incident.pk).values_list("barred", flat=True)
    if str(actor.pk) in barred.get():
        raise PermissionDenied
    return actor


def visible_to(user: User) -> QuerySet[Incident]:
    """The incidents an officer may see: those they aren't barred from."""
    if not user.is_officer:
        return Incident.objects.none()
    return Incident.objects.exclude(pk__in=hidden_from(user))


def hidden_from(user: User) -> list[UUID]:
    """Ids of the incidents the person is barred from, and of those they took in."""
    barring = Incident.objects.exclude(barred=[]).values_list("pk", "barred")
    cases = [pk for pk, barred in barring if str(user.pk) in barred]
    parts = Incident.objects.filter(merged_into__in=cases).exclude(pk__in=cases)
    return [*cases, *parts.values_list("pk", flat=True)] if cases else []


def those_who_work_on(incident: Incident) -> list[User]:
    """Every officer who is there and may see the case."""
    return [one for one in officers() if not incident.is_barred(one.pk)]


def hold(incident: Incident) -> Incident:
    """The incident as it stands now, locked until the transaction ends."""
    return Incident.objects.select_for_update().get(pk=incident.pk)


def tell(
    incident: Incident, *, subject: str, text: str, now: datetime
) -> list[OutgoingMail]:
    """A mail to all who work on it, the lead among them; a drill's go to its address.

    In the caller's transaction.
    """
    if incident.is_drill:
        to = settings.INCIDENT_DRILL_ADDRESS
        drill = f"DRILL: {subject}"
        return [outbox.post(to=to, subject=drill, text=text, now=now)] if to else []
    return [
        outbox.post(to=one.email, subject=subject, text=text, owner=one.pk, now=now)
        for one in those_who_work_on(incident)
    ]
