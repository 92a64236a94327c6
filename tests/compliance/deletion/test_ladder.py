"""The clock of a request runs whoever is there: warned, asked, done by day 29."""

from datetime import UTC, datetime, timedelta

import pytest

from compliance import clocks
from compliance.deletion.models import DeletionRequest
from compliance.deletion.services import ask_identity, begin, go_on_unattended
from plugseller.accounts.models import Seller, User
from plugseller.audit.models import Entry
from tests.compliance.deletion.asked import (
    DAY,
    by_letter,
    by_owner,
    mails_to,
    subjects_to,
)
from tests.conftest import Cast, person
from tests.marketplaces.console import rows

pytestmark = pytest.mark.django_db
Source, Status = DeletionRequest.Source, DeletionRequest.Status
WRITER = "writer@example.test"


def days_pass(start: datetime, *, until: float, every: float = 0.25) -> None:
    """The job runs, and nobody does anything."""
    for step in range(int(until / every) + 1):
        clocks.run_due(start + step * every * DAY)
        go_on_unattended(start + step * every * DAY)


def the_request() -> DeletionRequest:
    return DeletionRequest.objects.get()


def test_every_officer_is_warned_at_10_5_2_and_1_days(
    cast: Cast, now: datetime
) -> None:
    clara = person("clara", staff_role="officer")
    away = person("away", staff_role="officer")
    User.objects.filter(pk=away.pk).update(is_active=False)
    request = by_owner(cast.alice, cast.north, now=now)
    days_pass(now, until=29.75)
    said = [f"{left} left: {request.reference}: The whole account" for left in DAYS]
    assert subjects_to(cast.carl.email) == subjects_to(clara.email) == said
    assert subjects_to(away.email) == []
    days_pass(now + 30 * DAY, until=2)
    assert subjects_to(cast.carl.email)[-1].startswith("OVERDUE")
    assert len(subjects_to(cast.carl.email)) == 5
    assert Entry.objects.filter(event="deadline.missed").count() == 1
    assert request.steps.filter(what="overdue").count() == 1


DAYS = ("10 days", "5 days", "2 days", "1 day")


def test_with_everybody_on_holiday_it_may_begin_at_its_time(
    cast: Cast, now: datetime
) -> None:
    by_owner(cast.alice, cast.north, now=now)
    days_pass(now, until=2)
    assert begin(the_request(), now=now + 2 * DAY)


def test_by_day_29_it_begins_whatever_was_wanted(cast: Cast, now: datetime) -> None:
    """Even a grace period that somebody set too long ends by then."""
    request = by_owner(cast.alice, cast.north, now=now, grace=60 * DAY)
    assert request.starts_at == now + 29 * DAY
    DeletionRequest.objects.update(starts_at=now + 50 * DAY)
    days_pass(now, until=29)
    assert the_request().starts_at == now + 29 * DAY
    assert begin(the_request(), now=now + 29 * DAY)
    assert Entry.objects.filter(event="deadline.acted").exists()


def test_a_writer_nobody_verified_is_asked_within_3_days_and_answered(
    cast: Cast, now: datetime
) -> None:
    """Edge case 7, with every officer on holiday for 31 days."""
    by_letter(cast.carl, seller=cast.north, now=now)
    days_pass(now, until=3)
    assert "Please prove" in subjects_to(WRITER)[-1]
    days_pass(now + 3 * DAY, until=25.5)
    assert the_request().status == Status.RECEIVED
    days_pass(now + 28.5 * DAY, until=2.5)
    request = the_request()
    assert request.status == Status.REJECTED
    assert request.ended_at == now + 29 * DAY
    last = mails_to(WRITER)[-1]["text"]
    assert "couldn't verify it in time" in last
    assert "data protection authority" in last
    assert "somebody who hasn't decided about it" in last
    assert Seller.objects.get(pk=cast.north.pk).frozen_at is None
    assert Entry.objects.filter(event="deletion.rejected").exists()
    assert not clocks.running()


def test_officers_are_told_to_decide_by_day_25(cast: Cast, now: datetime) -> None:
    by_letter(cast.carl, seller=cast.north, now=now)
    days_pass(now, until=25)
    said = [
        subject for subject in subjects_to(cast.carl.email) if "who asked" in subject
    ]
    assert said[-1].startswith("OVERDUE")
    assert "1 day left" in said[-2]


def test_an_officer_who_asked_for_a_proof_is_in_time(cast: Cast, now: datetime) -> None:
    letter = by_letter(cast.carl, seller=cast.north, now=now)
    ask_identity(actor=cast.carl, request=letter, now=now + DAY)
    days_pass(now, until=4)
    assert sum("Please prove" in one for one in subjects_to(WRITER)) == 1


def test_a_marketplaces_notice_about_an_account_needs_nobody(
    cast: Cast, now: datetime
) -> None:
    account = rows.connect(cast.north)
    request = by_letter(
        cast.carl,
        seller=cast.north,
        connection=account,
        source=Source.MARKETPLACE,
        verified=True,
        now=now,
    )
    assert begin(request, now=now + 2 * DAY)


def test_received_in_the_last_second_of_a_day_before_a_leap_day(cast: Cast) -> None:
    received = datetime.fromisoformat("2028-02-28T23:59:59+03:00")
    request = by_owner(cast.alice, cast.north, now=received)
    assert request.due_at - request.received_at == timedelta(seconds=30 * 86_400)
    assert the_request().due_at == datetime(2028, 3, 29, 20, 59, 59, tzinfo=UTC)


def test_mails_tell_the_readers_own_time(cast: Cast, now: datetime) -> None:
    User.objects.filter(pk=cast.alice.pk).update(time_zone="Europe/Istanbul")
    cast.alice.refresh_from_db()
    by_owner(cast.alice, cast.north, now=now)
    text = mails_to(cast.alice.email)[-1]["text"]
    assert "26 November 2026, 15:00 (Europe/Istanbul; 2026-11-26 12:00 UTC)" in text
