"""What auditors take along of the ground floor: the audit log's head (ACC-2), staff
access (ACC-1), credentials (ACC-3), backups, jobs, and every deadline."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDay

from compliance.clocks import Deadline
from compliance.packing import Document, Period, Table, packed
from plugseller.accounts.models import Grant, User
from plugseller.audit.append import keys
from plugseller.audit.models import Checkpoint, Entry
from plugseller.custody.models import Backup, Replay
from plugseller.jobs.models import Run
from plugseller.shelves import CREDENTIALS

Outcome = Run.Outcome


def log(period: Period, now: datetime) -> Iterable[Table | Document]:
    """Where the log stood, signed, and what sort of things it holds."""
    newest = Checkpoint.objects.order_by("-id").first()
    last = Checkpoint.objects.filter(made_at__lt=period.ends).order_by("-id").first()
    head = {
        "newest": asdict(newest.seal()) if newest else None,
        "last_of_the_period": asdict(last.seal()) if last else None,
        "public_keys": keys(anew=True).public(),
        "signed": "Ed25519 over “plugseller audit checkpoint v1”, a line break and the "
        "JSON list of kind, number, hash, entries, made_at and key_id.",
    }
    yield Document(
        "audit/head.json",
        "The last signed checkpoints of the audit log, and the keys to check them: an "
        "entry before them can't be changed or taken out unseen.",
        json.dumps(head, ensure_ascii=False, indent=1).encode(),
    )
    made = Checkpoint.objects.filter(
        made_at__gte=period.begins, made_at__lt=period.ends
    ).order_by("id")
    yield Table(
        "audit/checkpoints.csv",
        "Every checkpoint of the period, as it was signed.",
        ("kind", "number", "hash", "entries", "made_at", "key_id", "signature"),
        (tuple(asdict(one.seal()).values()) for one in made.iterator()),
    )
    within = Entry.objects.filter(
        timestamp__gte=period.begins, timestamp__lt=period.ends
    ).order_by()
    yield Table(
        "audit/events.csv",
        "How often each thing happened in the period, by what sort of actor.",
        ("event", "by", "times"),
        within.values_list("event", "actor_kind")
        .annotate(times=Count("id"))
        .order_by("event", "actor_kind")
        .iterator(),
    )


def access(period: Period, now: datetime) -> Iterable[Table]:
    """Our staff by the ids they have in the audit log, and what was opened to them."""
    staff = User.objects.exclude(staff_role="").filter(joined_at__lt=period.ends)
    yield Table(
        "access/staff.csv",
        "Who of ours had an account in the period.",
        ("person", "role", "active", "joined_at", "left_at", "second_factors"),
        staff.exclude(left_at__lt=period.begins)
        .annotate(factors=Count("authenticator"))
        .order_by("joined_at", "pk")
        .values_list("pk", "staff_role", "is_active", "joined_at", "left_at", "factors")
        .iterator(),
    )
    columns = (
        *("pk", "person_id", "role", "seller_id", "permissions", "hours"),
        *("break_glass", "asked_at", "approved_by_id", "starts_at", "ends_at"),
        *("ended_at", "end", "review_due_at", "reviewed_by_id", "reviewed_at"),
    )
    touched = (
        Q(asked_at__gte=period.begins)
        | Q(ends_at__gte=period.begins)
        | Q(reviewed_at__gte=period.begins)
    )
    grants = Grant.objects.filter(touched, asked_at__lt=period.ends)
    yield Table(
        "access/grants.csv",
        "Every access of our staff to a seller's data that was asked for, open or "
        "reviewed in the period: what for, how long, and who approved and reviewed it.",
        ("grant", *(name.removesuffix("_id") for name in columns[1:])),
        grants.order_by("asked_at", "pk").values_list(*columns).iterator(),
    )


def credentials(period: Period, now: datetime) -> Iterable[Table]:
    """How many of each kind there are now; no label, which their owners wrote."""
    yield Table(
        "credentials/inventory.csv",
        "Keys, tokens and certificates as of when the pack was made: how many of each "
        "kind, how they stand, and when the first has to be renewed.",
        ("source", "kind", "standing", "count", "first_due_at"),
        _counted(now),
    )


def _counted(now: datetime) -> Iterator[tuple[object, ...]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], datetime] = {}
    for source, entry in CREDENTIALS.items():
        for row in entry.rows(now, None):
            key = source, row.kind, row.standing(now).value
            counts[key] += 1
            if row.due_at:
                first[key] = min(row.due_at, first.get(key, row.due_at))
    for key in sorted(counts):
        yield *key, counts[key], first.get(key)


def backups(period: Period, now: datetime) -> Iterable[Table]:
    """What was made and proved, and what was put back."""
    columns = (
        *("pk", "made_at", "kind", "outcome", "size", "sha256", "seconds"),
        *("verified_at", "verified", "period", "expires_at", "removed_at"),
    )
    known = Q(made_at__gte=period.begins, made_at__lt=period.ends) | Q(
        verified_at__gte=period.begins, verified_at__lt=period.ends
    )
    yield Table(
        "backups/backups.csv",
        "Every backup that was made, or put back to prove it, in the period: whether "
        "it held what it should, and when its key is destroyed.",
        ("backup", *columns[1:]),
        Backup.objects.filter(known)
        .order_by("made_at", "pk")
        .values_list(*columns)
        .iterator(),
    )
    told = ("began_at", "ended_at", "first", "done", "last", "matched", "rows")
    replays = Replay.objects.filter(
        began_at__gte=period.begins, began_at__lt=period.ends
    )
    yield Table(
        "backups/replays.csv",
        "When the database was put back from a backup, and that what had been deleted "
        "was deleted again before anything was served from it.",
        told,
        replays.order_by("began_at", "pk").values_list(*told).iterator(),
    )


def jobs(period: Period, now: datetime) -> Iterable[Table]:
    """Day by day whether the timetable was at work; and every run that ended badly."""
    runs = Run.objects.filter(started_at__gte=period.begins, started_at__lt=period.ends)
    yield Table(
        "jobs/days.csv",
        "How often each job ran on each day of the period, and how often it failed.",
        ("day", "job", "runs", "done", "not done", "last_started_at"),
        _days(runs),
    )
    columns = ("name", "started_at", "ended_at", "outcome", "note")
    bad = runs.exclude(outcome__in=(Outcome.DONE, Outcome.RUNNING))
    yield Table(
        "jobs/failures.csv",
        "Every run of the period that failed, hung or died.",
        columns,
        bad.order_by("started_at", "pk").values_list(*columns).iterator(),
    )


def _days(runs: QuerySet[Run]) -> Iterator[tuple[object, ...]]:
    rows = (
        runs.order_by()
        .annotate(day=TruncDay("started_at", tzinfo=UTC))
        .values_list("day", "name")
        .annotate(
            runs=Count("pk"),
            done=Count("pk", filter=Q(outcome=Outcome.DONE)),
            last=Max("started_at"),
        )
        .order_by("day", "name")
    )
    for day, name, ran, done, last in rows.iterator():
        yield f"{day:%Y-%m-%d}", name, ran, done, ran - done, last


def deadlines(period: Period, now: datetime) -> Iterable[Table]:
    """Every promise with a date whose clock ran in the period."""
    columns = (
        *("pk", "duty", "subject_id", "started_at", "due_at", "warned"),
        *("acted_at", "escalated_at", "met_at", "ended_at"),
    )
    ran = Q(ended_at=None) | Q(ended_at__gte=period.begins)
    found = Deadline.objects.filter(ran, started_at__lt=period.ends)
    yield Table(
        "deadlines.csv",
        "Every clock that ran in the period: when it was due, who was warned when, and "
        "whether it was met.",
        ("clock", *columns[1:]),
        found.order_by("started_at", "pk").values_list(*columns).iterator(),
    )


packed("audit", log)
packed("access", access)
packed("credentials", credentials)
packed("backups", backups)
packed("jobs", jobs)
packed("deadlines", deadlines)
