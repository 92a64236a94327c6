"""What is logged of requests and deadlines: states and instants; nobody's name."""

from compliance import guards  # noqa: F401  the database's refusals
from compliance.governance.reviews import guards as of_reviews  # noqa: F401  and these
from compliance.incidents import guards as of_incidents  # noqa: F401  and these
from compliance.incidents import hiding  # noqa: F401  what isn't shown to whom
from compliance.models import (
    Acknowledgement,
    AffectedList,
    Arming,
    Canary,
    Certificate,
    ControlResult,
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
    PolicyVersion,
    PostReview,
    Purge,
    Question,
    Reading,
    Review,
    ReviewDecision,
    ReviewItem,
    Risk,
    RiskSignOff,
    RunbookStep,
    SeenPath,
    Sending,
    ShorterTime,
    Step,
    Supplier,
    Task,
    TimelineEntry,
    Training,
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
audited(
    Review,
    fields=("kind", "begins", "ends", "due_at", "signed_at", "signed_by", "hash"),
    seller="seller_id",
)
audited(Training, fields=("course", "taken_on", "expires_on"))
audited(
    Risk,
    fields=(
        *("kind", "owner_id", "likelihood", "impact", "treatment"),
        *("review_at", "ends_at", "closed_at"),
    ),
)
audited(Supplier, fields=("owner_id", "assessed_on", "review_at", "ended_at"))
audited(ShorterTime, fields=("seller", "rule", "days"))
summed_up(Step, why="it is a log itself")
summed_up(Outcome, why="each holding's end is an entry of its own")
summed_up(Certificate, why="its issue is an entry of its own")
summed_up(Question, why="its asking and its answer are entries of their own")
summed_up(Deadline, why="each step of its ladder is an entry of its own")
summed_up(Purge, why="each ends with an entry of its own")
summed_up(ControlResult, why="each round and each change is an entry of its own")
summed_up(TimelineEntry, why="each is an entry of its own, without its text")
summed_up(ReviewItem, why="they are the snapshot of a review that begins")
summed_up(ReviewDecision, why="each is an entry of its own")
summed_up(PolicyVersion, why="that each came into force is an entry of its own")
summed_up(Acknowledgement, why="each is an entry of its own, with the text's hash")
summed_up(RiskSignOff, why="each is an entry of its own, with the register's hash")
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
