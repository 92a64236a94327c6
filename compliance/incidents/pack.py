"""What an auditor takes along of incidents: instants, states and hashes; no words that
people wrote, and nobody's address (INC-1, INC-2)."""

from collections.abc import Iterator
from datetime import datetime

from compliance.incidents.casework import NoticeDuty, Sending
from compliance.incidents.figures import figures_of
from compliance.incidents.models import Incident, TimelineEntry
from compliance.packing import Period, Table, packed

_Rows = Iterator[tuple[object, ...]]


def part(period: Period, now: datetime) -> Iterator[Table]:
    """Incidents that were detected in the period, and all that belongs to them."""
    yield Table(
        "incidents.csv",
        "Every incident and drill that was detected in the period.",
        (
            *("reference", "drill", "kind", "severity", "status", "detected"),
            *("entered", "ended", "amazon", "marketplaces", "data kinds"),
            *("minutes to triage", "minutes to contain", "minutes to notify"),
        ),
        _incidents(period),
    )
    yield Table(
        "incident-notices-owed.csv",
        "Who was owed a notice of each, why or why not, and when it was met.",
        ("incident", "recipient", "needed", "because", "due", "met", "late"),
        _duties(period),
    )
    yield Table(
        "incident-notices-sent.csv",
        "Each notice on each way, with what proves it.",
        (
            *("incident", "recipient", "number", "kind", "by itself", "sha256"),
            *("way", "real", "state", "queued", "accepted", "answer", "message id"),
        ),
        _sendings(period),
    )
    yield Table(
        "incident-timelines.csv",
        "What happened in each, by the time of the fact; words are sealed.",
        ("incident", "at", "noted", "what", "automatic"),
        _timelines(period),
    )


def _cases(period: Period) -> list[Incident]:
    found = Incident.objects.filter(
        detected_at__gte=period.begins, detected_at__lt=period.ends
    )
    return list(found.defer("facts").order_by("reference"))


def _incidents(period: Period) -> _Rows:
    for one in _cases(period):
        figures = figures_of(one)
        yield (
            *(one.reference, one.is_drill, one.kind, one.severity, one.status),
            *(one.detected_at, one.entered_at, one.ended_at, one.amazon),
            *(", ".join(one.marketplaces), ", ".join(one.data_kinds)),
            *(figures.to_triage, figures.to_contain, figures.to_notify),
        )


def _duties(period: Period) -> _Rows:
    owed = NoticeDuty.objects.filter(incident__in=_cases(period))
    for one in owed.select_related("incident").order_by("incident__reference"):
        yield (
            *(one.incident.reference, one.recipient, one.is_needed, one.because),
            *(one.due_at, one.met_at, one.was_late),
        )


def _sendings(period: Period) -> _Rows:
    sent = Sending.objects.filter(notice__duty__incident__in=_cases(period))
    found = sent.defer("address", "notice__content")
    for one in found.select_related("notice__duty__incident"):
        notice = one.notice
        yield (
            *(notice.duty.incident.reference, notice.duty.recipient, notice.number),
            *(notice.kind, notice.went_by_itself, notice.sha256, one.way),
            *(one.is_real, one.state, one.queued_at, one.accepted_at),
            *(one.answer, one.message_id),
        )


def _timelines(period: Period) -> _Rows:
    entries = TimelineEntry.objects.filter(incident__in=_cases(period)).defer("text")
    for one in entries.select_related("incident").order_by("incident__reference", "at"):
        reference = one.incident.reference
        yield (reference, one.at, one.noted_at, one.what, one.is_automatic)


packed("incidents", part)
