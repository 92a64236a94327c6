"""What was signed can't be changed, deleted or back-dated, by whatever way (GOV-1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.controls import reviews_done
from compliance.governance.reviews.models import Review, ReviewDecision, ReviewItem
from compliance.governance.reviews.sampling import OF_EACH, drawn
from compliance.governance.reviews.services import ReviewRefused
from compliance.packing import PARTS, Period, Table
from compliance.reviewing import Row, finding_source
from compliance.tasks import Task
from plugseller.accounts.models import User
from plugseller.accounts.roles import StaffRole
from plugseller.audit import triggers
from plugseller.audit.checks import check_triggers
from plugseller.audit.services import record
from plugseller.custody.rules import RULES
from plugseller.shelves import HOLDINGS, Verdict
from tests.compliance.governance.reviewed import (
    DAY,
    answered,
    began,
    items_of,
    settled,
)
from tests.conftest import NOW, Cast, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clara(cast: Cast) -> User:
    made = person("clara", staff_role=StaffRole.OFFICER)
    settled(made, cast.carl, cast.olga)
    return made


@pytest.fixture
def signed(cast: Cast, clara: User) -> Review:
    review = began(Kind.PLAN)
    answered(review, cast.carl)
    return services.sign_off(actor=clara, review=review, note="Well.", now=NOW)


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


ORM: dict[str, Callable[[], object]] = {
    "signed earlier": lambda: Review.objects.update(signed_at=NOW - DAY),
    "opened again": lambda: Review.objects.update(signed_at=None),
    "another signer": lambda: Review.objects.update(signed_by=None),
    "another hash": lambda: Review.objects.update(hash="0" * 64),
    "begun earlier": lambda: Review.objects.update(ends=NOW - DAY),
    "deleted": lambda: Review.objects.all()._raw_delete("default"),
    "decided otherwise": lambda: ReviewDecision.objects.update(choice="finding"),
    "decided earlier": lambda: ReviewDecision.objects.update(at=NOW - DAY),
    "no decision": lambda: ReviewDecision.objects.all().delete(),
    "another item": lambda: ReviewItem.objects.update(label="Something else"),
    "no item": lambda: ReviewItem.objects.all()._raw_delete("default"),
    "one decision more": lambda: _one_more(),
    "one item more": lambda: _one_item_more(),
}
SQL = (
    "UPDATE compliance_review SET signed_at = begins",
    "UPDATE compliance_review SET kind = 'logs'",
    "DELETE FROM compliance_review",
    "DELETE FROM compliance_reviewdecision",
    "UPDATE compliance_reviewdecision SET effect = 'x'",
    "UPDATE compliance_reviewitem SET flags = '[1]'",
    "DELETE FROM compliance_reviewitem",
)


def _one_more() -> None:
    one = ReviewItem.objects.first()
    assert one is not None
    ReviewDecision.objects.create(
        item=one, review=one.review, number=9, at=NOW, choice="finding", effect=""
    )


def _one_item_more() -> None:
    ReviewItem.objects.create(
        review=Review.objects.get(),
        number=99,
        sort=Sort.QUESTION,
        subject="x",
        label="x",
        made_at=NOW,
    )


def test_a_line_of_the_logs_says_what_was_changed_and_leads_to_its_entry(
    cast: Cast, clara: User
) -> None:
    record("person.sign_in_failed", actor=cast.bob, subject=cast.bob)
    now = timezone.now()
    review = began(Kind.LOGS, last=now - DAY, now=now)
    [line] = [
        one
        for one in items_of(review)
        if one.facts.get("event") == "person.sign_in_failed"
    ]
    page = signed_in(cast.carl).get(
        reverse("admin:compliance_review_change", args=[review.pk])
    )
    assert "About: accounts.user" in page.content.decode()
    entry = reverse("admin:audit_entry_change", args=[line.subject])
    assert entry in page.content.decode()
    assert signed_in(cast.carl).get(entry).status_code == 200


@pytest.mark.parametrize("way", ORM)
def test_the_orm_changes_nothing(signed: Review, way: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ORM[way]()
    assert services.is_whole(Review.objects.get())


@pytest.mark.parametrize("statement", SQL)
def test_sql_changes_nothing(signed: Review, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement)
    assert services.is_whole(Review.objects.get())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own way")
def test_sql_replaces_nothing(signed: Review) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        sql("INSERT OR REPLACE INTO compliance_review SELECT * FROM compliance_review")


def test_no_service_changes_it_either(cast: Cast, signed: Review) -> None:
    line = items_of(signed)[0]
    with pytest.raises(ReviewRefused, match="signed"):
        services.decide(
            actor=cast.carl, item=line, choice=Choice.FINDING, note="x", now=NOW
        )
    with pytest.raises(ReviewRefused, match="signed"):
        services.sign_off(actor=cast.carl, review=signed, now=NOW)


def test_it_isnt_signed_before_it_began(cast: Cast, clara: User) -> None:
    review = began(Kind.PLAN)
    answered(review, cast.carl)
    with pytest.raises(ReviewRefused, match="before it began"):
        services.sign_off(actor=cast.carl, review=review, now=NOW - DAY)


def test_an_open_one_can_neither_be_deleted_nor_redrawn(
    cast: Cast, clara: User
) -> None:
    began(Kind.LOGS)
    for statement in (
        "DELETE FROM compliance_review",
        "UPDATE compliance_review SET seed = 'mine'",
        "UPDATE compliance_review SET due_at = '2099-01-01'",
        "UPDATE compliance_review SET begins = '2099-01-01'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            sql(statement)


def test_whoever_gets_round_the_database_is_found_out(
    cast: Cast, signed: Review
) -> None:
    services.begin_due(NOW)
    assert reviews_done(NOW).verdict == Verdict.PASS
    triggers.lift("default")
    assert "audit.E002" in {found.id for found in check_triggers("default")}
    ReviewDecision.objects.filter(review=signed).update(choice="finding")
    triggers.install("default")
    assert check_triggers("default") == []
    assert not services.is_whole(signed)
    found = reviews_done(NOW)
    assert found.verdict == Verdict.FAIL
    assert found.evidence["changed since"] == 1


def test_one_made_up_later_has_no_signature_in_the_log(cast: Cast, clara: User) -> None:
    triggers.lift("default")
    made_up = Review.objects.create(
        kind=Kind.PLAN,
        begins=NOW - 200 * DAY,
        ends=NOW - 100 * DAY,
        due_at=NOW - 90 * DAY,
        seed="x",
        signed_at=NOW - 95 * DAY,
        hash="0" * 64,
    )
    assert not services.is_whole(made_up)


def test_the_control_fails_when_one_is_overdue_or_never_began(
    cast: Cast, clara: User
) -> None:
    assert reviews_done(NOW - 399 * DAY).verdict == Verdict.PASS
    late = reviews_done(NOW)
    assert (late.verdict, late.evidence["not begun"]) == (Verdict.FAIL, 6)
    services.begin_due(NOW)
    assert reviews_done(NOW).verdict == Verdict.PASS
    assert reviews_done(NOW + 2 * DAY).verdict == Verdict.FAIL, "the logs are due"


def test_retention_takes_what_was_kept_long_enough(cast: Cast, clara: User) -> None:
    keep = RULES["incidents"].keep
    assert keep is not None
    long_ago = NOW - keep - 40 * DAY
    review = began(Kind.PLAN, now=long_ago, last=long_ago - 200 * DAY)
    answered(review, cast.carl, long_ago)
    services.sign_off(actor=cast.carl, review=review, now=long_ago)
    young = began(Kind.PLAN, last=long_ago)
    for name in ("ReviewDecision", "ReviewItem", "Review"):
        HOLDINGS[f"compliance.{name}"].store.purge(NOW - keep, at_most=100)
    assert list(Review.objects.all()) == [young]


@pytest.mark.django_db(transaction=True)
def test_tests_that_empty_the_database_can(signed: Review) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Review.objects.exists()
    assert check_triggers("default") == []


class TestSamples:
    def log_of_the_period(self, someone: User) -> Period:
        for number in range(30):
            record("person.sign_in_failed", actor=someone, details={"n": number})
        now = timezone.now()  # of what the review itself logs nothing is drawn
        return Period(now - DAY, now)

    def test_the_machine_draws_and_draws_the_same_again(
        self, cast: Cast, clara: User
    ) -> None:
        period = self.log_of_the_period(cast.bob)
        review = services.begin(Kind.LOGS, last=period.begins, now=period.ends)
        assert review is not None
        entries = review.items.filter(sort=Sort.ENTRY)
        failed = [one for one in entries if one.facts["drawn as"] == "Failed sign-ins"]
        assert len(failed) == OF_EACH
        again = drawn(review.seed, Period(review.begins, review.ends))
        assert [str(number) for _, number in again] == [one.subject for one in entries]

    def test_it_depends_on_a_seed_that_nobody_chooses(self, cast: Cast) -> None:
        period = self.log_of_the_period(cast.bob)
        drawings = {tuple(drawn(str(seed), period)) for seed in range(8)}
        assert len(drawings) > 4
        assert "seed" not in services.begin.__annotations__

    def test_a_finding_becomes_a_task_and_a_question_isnt_an_answer(
        self, cast: Cast, clara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("compliance.reviewing._findings", {})
        monkeypatch.setattr(
            "compliance.governance.reviews.sampling.FINDINGS",
            found := {},
        )
        found["rules"] = lambda period: [Row("r1", "Many foreign ids", {"times": 3})]
        review = services.begin(Kind.LOGS, last=NOW - DAY, now=NOW)
        assert review is not None
        line = review.items.get(sort=Sort.FINDING)
        with pytest.raises(ReviewRefused, match="note"):
            services.decide(actor=clara, item=line, choice=Choice.ASK, now=NOW)
        services.decide(
            actor=clara, item=line, choice=Choice.ASK, note="Who was it?", now=NOW
        )
        with pytest.raises(ReviewRefused, match="aren't decided"):
            services.sign_off(actor=clara, review=review, now=NOW)
        services.decide(
            actor=clara, item=line, choice=Choice.FINDING, note="A scan.", now=NOW
        )
        task = Task.objects.get()
        assert task.title == f"Finding: line {line.number} of the logs"
        assert (task.owner_id, task.due_at) == (clara.pk, NOW + timedelta(days=14))
        services.sign_off(actor=clara, review=review, now=NOW)

    def test_a_source_has_one_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("compliance.reviewing._findings", {})
        finding_source("rules", lambda period: [])
        with pytest.raises(ValueError, match="rules"):
            finding_source("rules", lambda period: [])


def test_the_pack_holds_reviews_and_no_note(cast: Cast, signed: Review) -> None:
    parts = PARTS["reviews"](Period(NOW - DAY, NOW + DAY), NOW)
    told = {one.name: list(one.rows) for one in parts if isinstance(one, Table)}
    [row] = told["reviews.csv"]
    assert row[0] == signed.pk
    assert len(told["review-decisions.csv"]) == 10
    assert "Well." not in str(told)
