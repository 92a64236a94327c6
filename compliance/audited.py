"""What is logged of requests and deadlines: states and instants; nobody's name."""

from compliance.models import (
    AffectedList,
    Arming,
    Canary,
    Certificate,
    DayOfReads,
    Deadline,
    Decision,
    DeletionRequest,
    Detection,
    EntryLink,
    EvidenceFile,
    Incident,
    LegalHold,
    Measure,
    Notice,
    NoticeDuty,
    Outcome,
    PostReview,
    Purge,
    Reading,
    RunbookStep,
    SeenPath,
    Sending,
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
summed_up(TimelineEntry, why="each is an entry of its own, without its text")
summed_up(NoticeDuty, why="each change is a step of its incident")
summed_up(Notice, why="each is a step of its incident, with its hash")
summed_up(Sending, why="each state is a step of its incident")
summed_up(RunbookStep, why="each tick is a step of its incident")
summed_up(Decision, why="each signature is a step of its incident")
summed_up(Arming, why="each is an entry of its own")
summed_up(Canary, why="its planting is an entry of its own")
summed_up(Reading, why="how far the log was read; the log itself says the rest")
summed_up(DayOfReads, why="sums of entries that are there")
summed_up(SeenPath, why="names of places; the incident tells what is new")
summed_up(Detection, why="each is a step of its incident")
summed_up(AffectedList, why="each is a step of its incident, with its hash")
summed_up(Measure, why="each is a step of its incident")
summed_up(EvidenceFile, why="each is a step of its incident, with its hash")
summed_up(EntryLink, why="each is a step of its incident")
summed_up(PostReview, why="each is a step of its incident")
