"""What an auditor takes along of the parts of this room: rules, measures, evidence.

Instants, figures and hashes; no name, no target, no word that people wrote.
"""

from collections.abc import Iterator
from datetime import datetime

from compliance.incidents.affected.models import AffectedList
from compliance.incidents.containment.models import Measure
from compliance.incidents.detection.models import Detection
from compliance.incidents.evidence.models import EvidenceFile
from compliance.packing import Period, Table, packed

_Rows = Iterator[tuple[object, ...]]


def part(period: Period, now: datetime) -> Iterator[Table]:
    """What was found, stopped, computed and kept in the period."""
    yield Table(
        "incident-detections.csv",
        "Which rule fired on which day, how often, and the incident it opened.",
        ("rule", "incident", "first", "last", "hits"),
        _detections(period),
    )
    yield Table(
        "incident-measures.csv",
        "What was done to contain incidents, and what was taken back.",
        ("incident", "what", "begun", "ended"),
        _measures(period),
    )
    yield Table(
        "incident-affected.csv",
        "Each list of affected sellers: how many, from how many entries, its hash.",
        ("incident", "number", "computed", "sellers", "entries", "sha256"),
        _lists(period),
    )
    yield Table(
        "incident-evidence.csv",
        "Each file that is kept as evidence, with its hash.",
        ("incident", "kind", "added", "bytes", "sha256", "times opened"),
        _evidence(period),
    )


def _within(period: Period, name: str) -> dict[str, datetime]:
    return {f"{name}__gte": period.begins, f"{name}__lt": period.ends}


def _detections(period: Period) -> _Rows:
    found = Detection.objects.filter(**_within(period, "first_at"))
    names = ("rule", "incident__reference", "first_at", "last_at", "hits")
    yield from found.order_by("first_at", "pk").values_list(*names)


def _measures(period: Period) -> _Rows:
    found = Measure.objects.filter(**_within(period, "begun_at"))
    yield from found.values_list("incident__reference", "kind", "begun_at", "ended_at")


def _lists(period: Period) -> _Rows:
    found = AffectedList.objects.filter(**_within(period, "computed_at"))
    for one in found.select_related("incident").order_by("computed_at", "pk"):
        count = len(one.sellers)
        reference = one.incident.reference
        yield (
            *(reference, one.number, one.computed_at, count, one.entries),
            one.sha256,
        )


def _evidence(period: Period) -> _Rows:
    found = EvidenceFile.objects.filter(**_within(period, "added_at"))
    names = ("incident__reference", "kind", "added_at", "size", "sha256", "opened")
    yield from found.values_list(*names)


packed("incident parts", part)
