"""What detection rules found, for who reviews the logs every two weeks (GOV-1)."""

from collections.abc import Iterator

from compliance.incidents.detection.models import Detection
from compliance.incidents.detection.rules import BY_NAME
from compliance.packing import Period
from compliance.reviewing import Row, finding_source


def found(period: Period) -> Iterator[Row]:
    """Each rule that fired, with the incident it opened."""
    fired = Detection.objects.filter(
        first_at__gte=period.begins, first_at__lt=period.ends, incident__is_drill=False
    )
    for one in fired.select_related("incident"):
        rule = BY_NAME.get(one.rule)
        yield Row(
            str(one.pk),
            f"{one.incident.reference}: {rule.title if rule else one.rule}"[:200],
            {
                "hits": one.hits,
                "from": f"{one.first_at:%Y-%m-%d %H:%M} UTC",
                "to": f"{one.last_at:%Y-%m-%d %H:%M} UTC",
                "incident": one.incident.get_status_display(),
            },
        )


finding_source("detection rules", found)
