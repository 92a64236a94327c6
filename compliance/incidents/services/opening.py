"""How an incident begins: reported by anybody, opened by an officer, or by a rule."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction

from compliance.incidents.models import Incident
from compliance.incidents.services.clock import renew_duties
from compliance.incidents.services.runbook import lay_out
from compliance.incidents.services.timeline import checked_detection, note_fact
from compliance.incidents.states import IncidentRefused
from plugseller.accounts.models import User
from plugseller.crypto.services import create_data_key

_TRIES = 5  # two openings at once may want the same number


@transaction.atomic
def open_incident(
    *,
    actor: User | None,
    title: str,
    detected_by: Incident.Detected,
    now: datetime,
    detected_at: datetime | None = None,
    what: str = "",
    kind: Incident.Kind = Incident.Kind.UNKNOWN,
    severity: Incident.Severity = Incident.Severity.MEDIUM,
    rule: str = "",
    data_kinds: Iterable[str] = (),
    marketplaces: Iterable[str] = (),
    amazon: Incident.Involved = Incident.Involved.UNKNOWN,
    is_drill: bool = False,
) -> Incident:
    """A new incident, detected; its clocks count from `detected_at` (INC-3).

    Its notices are owed and its runbook is laid out at once: suspected is enough.
    `what` is sealed. Raises IncidentRefused.
    """
    title = " ".join(title.split())
    if not title or len(title) > 200:
        raise IncidentRefused("Give the incident a title of 1 to 200 characters.")
    detected_at = checked_detection(detected_at or now, now)
    incident = _numbered(
        is_drill=is_drill,
        title=title,
        kind=kind,
        severity=severity,
        detected_at=detected_at,
        detected_by=detected_by,
        rule=rule,
        entered_at=now,
        entered_by=actor.pk if actor else None,
        data_kinds=sorted(set(data_kinds)),
        marketplaces=sorted(set(marketplaces)),
        amazon=amazon,
    )
    if what:
        incident.facts = {"what": what}
        incident.save(update_fields=["facts"])
    note_fact(
        incident,
        "detected",
        actor=actor,
        now=now,
        at=detected_at,
        rule=rule,
        by=str(detected_by),
    )
    renew_duties(incident, now=now)
    lay_out(incident)
    return incident


def _numbered(**fields: object) -> Incident:
    """Stored with the year's next number; drills count by themselves."""
    year = f"{fields['entered_at']:%Y}"
    series = "DRILL" if fields["is_drill"] else "INC"
    for _ in range(_TRIES):
        newest = (
            Incident.objects.filter(reference__startswith=f"{series}-{year}-")
            .order_by("-reference")
            .values_list("reference", flat=True)
            .first()
        )
        number = int(newest.rsplit("-", 1)[1]) + 1 if newest else 1
        reference, pk = f"{series}-{year}-{number:05}", uuid4()
        create_data_key(pk)
        try:
            with transaction.atomic():
                return Incident.objects.create(id=pk, reference=reference, **fields)
        except IntegrityError:
            continue
    raise IncidentRefused("Many incidents are being opened at once. Try again.")
