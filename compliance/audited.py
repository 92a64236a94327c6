"""What is logged of requests and deadlines: states and instants; nobody's name."""

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
from plugseller.audit.diff import audited, summed_up

audited(
    DeletionRequest,
    fields=("kind", "source", "status", "received_at", "due_at", "starts_at"),
    seller="seller_id",
)
audited(
    LegalHold,
    fields=("holdings", "ends_at", "asked_by", "approved_by", "released_by"),
)
audited(
    Incident,
    fields=(
        *("status", "severity", "kind", "amazon", "is_drill", "detected_at"),
        *("lead_id", "data_kinds", "marketplaces", "ended_at"),
    ),
)
audited(Task, fields=("owner_id", "due_at", "done_at", "done_by", "left_open_by"))
audited(ShorterTime, fields=("seller", "rule", "days"))
summed_up(Step, why="it is a log itself")
summed_up(Outcome, why="each holding's end is an entry of its own")
summed_up(Certificate, why="its issue is an entry of its own")
summed_up(Deadline, why="each step of its ladder is an entry of its own")
summed_up(Purge, why="each ends with an entry of its own")
summed_up(ControlResult, why="each round and each change is an entry of its own")
summed_up(TimelineEntry, why="each is an entry of its own, without its text")
