"""What this floor holds: requests and proofs, which stay as evidence."""

from django.db.models import Model

from compliance.incidents.evidence.store import EvidenceFiles, EvidenceRows
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
from compliance.questions.store import QuestionRows
from compliance.retention.times import chosen_time
from plugseller.custody.erasers import hold_machine, hold_table
from plugseller.shelves import DataClass, Holding, hold, shorten

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
_CASE = "It is the record of an incident or a review, and names nobody."
_CASES: tuple[tuple[type[Model], str, str, int], ...] = (
    (TimelineEntry, "Timelines of incidents", "incident__ended_at", 99),
    (Sending, "How notices were sent", "notice__duty__incident__ended_at", 96),
    (Notice, "Notices of incidents", "duty__incident__ended_at", 97),
    (NoticeDuty, "Who is told of incidents", "incident__ended_at", 98),
    (RunbookStep, "Steps of runbooks", "incident__ended_at", 98),
    (Decision, "What two officers decided", "incident__ended_at", 98),
    (Arming, "Who armed the notices that send themselves", "ended_at", 99),
    (Detection, "What detection rules found", "incident__ended_at", 98),
    (AffectedList, "Who is affected by incidents", "incident__ended_at", 98),
    (Measure, "What was done to contain incidents", "incident__ended_at", 98),
    (EntryLink, "Audit entries of incidents", "incident__ended_at", 98),
    (PostReview, "Reviews of incidents", "incident__ended_at", 98),
    (Incident, "Incidents", "ended_at", 100),
    (Task, "Tasks", "done_at", 99),
    (ReviewDecision, "Decisions in reviews", "review__signed_at", 97),
    (ReviewItem, "What was reviewed", "review__signed_at", 98),
    (Review, "Reviews", "signed_at", 99),
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
_OURS = "It is about our own staff, by id, and proves that our policies are followed."
_GOVERNED: tuple[tuple[type[Model], str, str], ...] = (
    (Acknowledgement, "Acknowledgements of policies", "at"),  # then asked for anew
    (Training, "Trainings of our staff", "recorded_at"),
    (Risk, "Risks", "closed_at"),
    (RiskSignOff, "Sign-offs of the risk register", "signed_at"),
    (Supplier, "Suppliers", "ended_at"),
)
for governed, label, path in _GOVERNED:
    hold_table(
        governed,
        label,
        data_class=DataClass.EVIDENCE,
        rule="incidents",
        rank=99,
        age=path,
        stays=_OURS,
    )
hold_table(
    PolicyVersion,
    "Versions of policies",
    data_class=DataClass.EVIDENCE,
    rule="proofs",
    rank=99,
    stays="It says which texts were in force, and nothing of anybody.",
)
hold_table(
    EvidenceFile,
    "Evidence of incidents",
    data_class=DataClass.EVIDENCE,
    rule="incidents",
    rank=98,
    store=EvidenceRows(),
    stays=_CASE,
)
hold(
    Holding(
        name="evidence",
        label="Sealed files of incidents",
        data_class=DataClass.EVIDENCE,
        rule="incidents",
        store=EvidenceFiles(),
        rank=98,
        stays="They are sealed under a key of the incident's own.",
    )
)
hold_table(
    DayOfReads,
    "How much people read a day",
    data_class=DataClass.PERSONAL,
    rule="habits",
    rank=40,
    people=["person_id"],
    age="day",
)
hold_table(
    Question,
    "Questions about data",
    data_class=DataClass.PERSONAL,
    rule="questions",
    rank=40,
    store=QuestionRows(),
)
hold_table(
    Canary,
    "Planted sellers",
    data_class=DataClass.OPERATIONAL,
    rule="with_account",
    rank=90,
    seller="seller_id",
)
hold_machine(Reading, SeenPath)
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
