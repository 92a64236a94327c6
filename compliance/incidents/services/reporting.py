"""A suspicion, by anybody who is signed in (INC-1).

It opens an incident at once, and every officer hears of it. What a seller's person
writes reaches us when it is sent; what our own staff noticed counts from when they did.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from compliance.incidents.models import Incident
from compliance.incidents.services.opening import open_incident
from compliance.incidents.services.people import tell
from compliance.incidents.services.timeline import LONGEST_TEXT, note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User

_DAY = timedelta(days=1)


@transaction.atomic
@sensitive_variables("what")
def report_suspicion(
    *, reporter: User, what: str, noticed_at: datetime | None, now: datetime
) -> Incident:
    """Tell us of something that may be an incident. Raises IncidentRefused.

    Their words may name somebody: they are sealed on the timeline, and no notice is
    drafted from them.
    """
    if not reporter.is_active:
        raise PermissionDenied
    what = what.strip()
    if not what or len(what) > LONGEST_TEXT:
        raise IncidentRefused(f"Write what you saw, in up to {LONGEST_TEXT:,} letters.")
    User.objects.select_for_update(no_key=True).get(pk=reporter.pk)
    _not_too_many(reporter, now)
    noticed_at = noticed_at or now
    if noticed_at > now:
        raise IncidentRefused("That time hasn't come yet. Choose a time up to now.")
    by = "our staff" if reporter.is_staff else "a seller's person"
    incident = open_incident(
        actor=reporter,
        title=f"A suspicion that {by} reported",
        detected_by=Incident.Detected.PERSON,
        detected_at=noticed_at if reporter.is_staff else now,
        now=now,
    )
    note_fact(incident, "reported", actor=reporter, now=now, at=noticed_at, text=what)
    tell(
        incident,
        subject=f"A suspicion was reported: {incident.reference}",
        text=(
            "Somebody who is signed in reported that something may have happened. "
            "What they wrote stands at the desk, under Incidents.\n\n"
            "Look at it now: its clock runs. Confirm it, or say with a second officer "
            "that it isn't an incident."
        ),
        now=now,
    )
    return incident


def _not_too_many(reporter: User, now: datetime) -> None:
    """Each report can send a notice to a marketplace, so nobody floods us with them."""
    if reporter.is_staff:
        return
    own = Incident.objects.filter(entered_by=reporter.pk, entered_at__gt=now - _DAY)
    if own.count() >= settings.REPORTS_PER_DAY:
        raise IncidentRefused(
            "You reported several things today, and all of them reached us. Write to "
            f"{settings.CONTACT_ADDRESS} if there is more."
        )
