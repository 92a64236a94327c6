"""INC-1, INC-2: the record of an incident can't be rewritten, removed or replaced
behind the services' back, and goes with the incident when its time is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from compliance.incidents.casework import Decision, Notice, Sending
from compliance.incidents.models import Incident, TimelineEntry
from compliance.incidents.review.models import PostReview
from compliance.incidents.review.services import write_review
from compliance.incidents.services import (
    advance,
    ask_decision,
    drop_draft,
    edit_notice,
    refuse,
    sign,
)
from compliance.incidents.services.outcomes import follow_mails, note_bounced
from compliance.incidents.services.timeline import note_fact
from plugseller.accounts.models import User
from plugseller.audit import guards, triggers
from plugseller.crypto.resealing import rotate_owner
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS
from tests.compliance.incidents.cases import deliver, duty_of, opened, sent_by
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
KEEP = RULES["incidents"].keep or timedelta()
DAY = timedelta(days=1)
CHANGES: dict[type[Any], tuple[str, ...]] = {  # what somebody would like otherwise
    TimelineEntry: ("what = 'noted'", "at = '2020-01-01 00:00:00'", "actor_id = NULL"),
    Notice: (
        "sent_at = NULL, sha256 = ''",
        "sent_at = '2020-01-01 00:00:00'",
        "sha256 = 'x'",
        "approved_by = NULL",
        "superseded_at = '2020-01-01 00:00:00'",
        "number = 9",
    ),
    Sending: (
        "message_id = '<x@y>'",
        "accepted_at = '2020-01-01 00:00:00'",
        "answer = 'x'",
        "is_real = (NOT is_real)",
        "mail_id = NULL",
        "queued_at = '2020-01-01 00:00:00'",
    ),
    Decision: (
        "signed_at = NULL, signed_by = NULL",
        "asked_at = '2020-01-01 00:00:00'",
        "what = 'no notice'",
    ),
    PostReview: ("written_at = '2020-01-01 00:00:00'", "number = 9"),
}
TABLES = pytest.mark.parametrize("model", CHANGES, ids=lambda one: one.__name__)
EVERY = [(model, change) for model, changes in CHANGES.items() for change in changes]


@pytest.fixture
def case(cast: Cast, clara: User, production: Any) -> Incident:
    """A row of each: sent and accepted, signed, reviewed."""
    now = timezone.now()
    made = opened(cast.carl, now, what="A key lay about.")
    sent_by(cast.carl, duty_of(made), now)
    deliver(now)
    follow_mails(now)
    asked = ask_decision(
        actor=cast.carl,
        incident=made,
        what=Decision.What.NOT_AMAZON,
        why="Ours only.",
        now=now,
    )
    sign(actor=clara, decision=asked, now=now)
    for status in ("triaged", "contained"):
        advance(actor=cast.carl, incident=made, status=Incident.Status(status), now=now)
    answers = {"root_cause": "A script.", "lessons": "No scripts."}
    write_review(actor=cast.carl, incident=made, answers=answers, now=now)
    return made


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize(("model", "change"), EVERY)
def test_the_database_refuses_to_change_it(
    case: Incident, model: type[Any], change: str
) -> None:
    statement = f"UPDATE {model._meta.db_table} SET {change}"  # noqa: S608  ours
    assert model.objects.exists()
    assert refused(statement)
    triggers.lift("default")
    assert not refused(statement)


@TABLES
def test_the_database_refuses_to_remove_or_replace_it(
    case: Incident, model: type[Any]
) -> None:
    table, rows = model._meta.db_table, model.objects.count()
    assert rows
    assert refused(f"DELETE FROM {table}")  # noqa: S608  ours
    if connection.vendor == "sqlite":
        assert refused(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608  ours
    with pytest.raises(DatabaseError), transaction.atomic():
        model._base_manager.all()._raw_delete("default")
    assert model.objects.count() == rows


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_both_databases_have_a_guard_of_each_kind(vendor: str) -> None:
    asked = guards.guards()
    for model in CHANGES:
        for kind in ("no_change", "no_delete", "no_replace"):
            entry = asked[f"{model._meta.model_name}_{kind}"]
            assert guards.creating(entry, vendor)


def test_retention_takes_it_with_the_incident_and_not_before(case: Incident) -> None:
    def purged(before: datetime) -> dict[type[Any], int]:
        ranked = sorted(CHANGES, key=lambda one: HOLDINGS[one._meta.label].rank)
        found = {}
        for model in ranked:
            rows = model.objects.count()
            store = HOLDINGS[model._meta.label].store
            found[model] = rows - store.purge(before, at_most=100)
        return found

    now = timezone.now()
    rows = {model: model.objects.count() for model in CHANGES}
    ended = {"status": Incident.Status.CLOSED}
    Incident.objects.filter(pk=case.pk).update(ended_at=now - KEEP + DAY, **ended)
    assert purged(now - KEEP) == rows  # all of it is left
    # By a clock that leapt forward it would go; the database has one of its own.
    with pytest.raises(DatabaseError), transaction.atomic():
        purged(now)
    Incident.objects.filter(pk=case.pk).update(ended_at=now - KEEP - DAY)
    assert purged(now - KEEP) == dict.fromkeys(CHANGES, 0)


def test_a_notice_that_is_not_sent_is_edited_and_dropped(
    cast: Cast, production: Any
) -> None:
    now = timezone.now()
    duty = duty_of(opened(cast.carl, now))
    for text in ("One.", "Two."):
        edit_notice(actor=cast.carl, duty=duty, subject="A notice", text=text, now=now)
    drop_draft(actor=cast.carl, duty=duty, now=now)
    assert refused("UPDATE compliance_notice SET superseded_at = NULL")


def test_what_came_back_and_what_was_refused_stays_so(
    cast: Cast, clara: User, production: Any
) -> None:
    now = timezone.now()
    case = opened(cast.carl, now)
    sent_by(cast.carl, duty_of(case), now)
    note_bounced(actor=cast.carl, sending=Sending.objects.get(), why="It did.", now=now)
    assert refused("UPDATE compliance_sending SET state = 'accepted'")
    what = Decision.What.NOT_AMAZON
    asked = ask_decision(
        actor=cast.carl, incident=case, what=what, why="Ours.", now=now
    )
    refuse(actor=clara, decision=asked, now=now)
    assert refused(
        "UPDATE compliance_decision SET refused_at = NULL, refused_by = NULL"
    )
    assert refused("UPDATE compliance_decision SET signed_at = refused_at")


def test_sealed_words_may_be_sealed_anew(case: Incident) -> None:
    rotate_owner(case.pk, now=timezone.now())
    content = Notice.objects.get().content.reveal()
    assert content["subject"]
    assert Decision.objects.get().why.reveal() == "Ours only."


def test_what_happened_at_one_time_stands_as_it_was_written(cast: Cast) -> None:
    now = timezone.now()
    incident = opened(cast.carl, now)
    for number in range(20):
        note_fact(incident, "noted", actor=cast.carl, now=now, place=number)
    written = [entry.details.get("place") for entry in incident.timeline.all()]
    assert written[-20:] == list(range(20))
    assert {entry.pk.version for entry in incident.timeline.all()} == {7}
