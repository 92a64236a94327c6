"""What this floor holds: requests and proofs, which stay as evidence."""

from django.db.models import Model

from compliance.models import (
    Certificate,
    ControlResult,
    Deadline,
    DeletionRequest,
    Incident,
    LegalHold,
    Outcome,
    Purge,
    ShorterTime,
    Step,
    Task,
    TimelineEntry,
)
from compliance.retention.times import chosen_time
from plugseller.custody.erasers import hold_table
from plugseller.shelves import DataClass, shorten

_PROOF = "It is the proof that something was deleted, and names nobody."

for table, label, path in (
    (Step, "Steps of deletion requests", "request__ended_at"),
    (Outcome, "Outcomes of deletion requests", "request__ended_at"),
    (LegalHold, "Legal holds", "request__ended_at"),
    (Certificate, "Deletion certificates", "request__ended_at"),
    (DeletionRequest, "Deletion requests", "ended_at"),
):
    hold_table(
        table,
        label,
        data_class=DataClass.EVIDENCE,
        rule="requests",
        rank=100 if table is DeletionRequest else 99,
        age=path,
        stays=_PROOF,
    )
hold_table(
    Deadline,
    "Deadlines",
    data_class=DataClass.EVIDENCE,
    rule="requests",
    rank=99,
    age="ended_at",
    stays=_PROOF,
)
hold_table(
    ShorterTime,
    "Shorter times chosen by sellers",
    data_class=DataClass.OPERATIONAL,
    rule="with_account",
    rank=90,
    seller="seller",
)
hold_table(
    Purge,
    "What retention removed",
    data_class=DataClass.EVIDENCE,
    rule="staff_access",
    rank=0,
    age="began_at",
    stays="Counts of rows; nobody stands in them.",
)
_CASE = "It is the record of an incident, and names nobody."
_CASES: tuple[tuple[type[Model], str, str, int], ...] = (
    (TimelineEntry, "Timelines of incidents", "incident__ended_at", 99),
    (Incident, "Incidents", "ended_at", 100),
    (Task, "Tasks", "done_at", 99),
)
for case, label, path, rank in _CASES:
    hold_table(
        case,
        label,
        data_class=DataClass.EVIDENCE,
        rule="incidents",
        rank=rank,
        age=path,
        stays=_CASE,
    )
hold_table(
    ControlResult,
    "What controls found",
    data_class=DataClass.EVIDENCE,
    rule="incidents",
    rank=0,
    age="at",
    stays="Figures about our own systems; nobody stands in them.",
)
shorten(chosen_time)
