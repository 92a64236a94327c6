"""Reviews come by themselves and by cron alone, however people work (GOV-1)."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from compliance import clocks
from compliance.desklines import Block, told
from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.schedule import SCHEDULES
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import StaffRole
from plugseller.jobs.timetable import run_due
from plugseller.shelves import HOLDINGS
from tests.compliance.governance.reviewed import (
    DAY,
    answered,
    began,
    item,
    mails_to,
    settled,
    tick,
)
from tests.conftest import NOW, Cast, person, signed_in

pytestmark = pytest.mark.django_db
FIRST = NOW - 400 * DAY


@pytest.fixture
def clara(cast: Cast) -> User:
    made = person("clara", staff_role=StaffRole.OFFICER)
    settled(made, cast.carl, cast.olga, cast.alice, cast.bob, cast.charlie)
    Seller.objects.update(created_at=FIRST)
    return made


def begun() -> dict[str, list[datetime]]:
    found = defaultdict(list)
    for review in Review.objects.order_by("ends"):
        found[review.kind].append(review.ends)
    return found


def test_busy_officers_sign_each_review_in_time_for_400_days(
    cast: Cast, clara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dict(list(HOLDINGS.items())[:2])
    monkeypatch.setattr("compliance.governance.reviews.registers.HOLDINGS", few)
    for day in range(401):
        now = FIRST + day * DAY
        services.begin_due(now)
        for review in Review.objects.filter(signed_at=None):
            if now >= review.ends + DAY:
                people = (
                    (cast.alice, cast.charlie)
                    if review.seller_id
                    else (cast.carl, clara)
                )
                for one in people if review.seller_id is None else people[:1]:
                    answered(review, one, now)
                services.sign_off(actor=people[0], review=review, now=now)
    found = begun()
    assert {kind: len(at) for kind, at in found.items()} == {
        Kind.ACCESS: 5,
        Kind.MEMBERS: 5,
        Kind.LOGS: 33,
        Kind.CONTROLS: 5,
        Kind.PLAN: 2,
        Kind.INVENTORY: 5,
        Kind.SUPPLIERS: 1,
    }
    assert not [r for r in Review.objects.all() if (r.signed_at or now) >= r.due_at]
    logs = list(Review.objects.filter(kind=Kind.LOGS).order_by("ends"))
    gaps = [b.begins - a.ends for a, b in pairwise(logs)]
    assert set(gaps) == {timedelta()}, "no entry is left out between two reviews"


def test_idle_officers_find_one_red_review_of_each_kind(
    cast: Cast, clara: User
) -> None:
    User.objects.filter(pk=clara.pk).delete()
    for day in range(0, 401, 5):
        tick(FIRST + day * DAY)
    ours = Review.objects.filter(seller_id=None)
    assert sorted(ours.values_list("kind", flat=True)) == sorted(
        kind for kind in SCHEDULES if kind != Kind.MEMBERS
    )
    assert all(one.is_overdue(NOW) for one in ours)
    overdue = [
        text for text in mails_to(cast.carl) if text.startswith("OVERDUE: The review")
    ]
    assert len(overdue) == len(SCHEDULES) - 1, "each once"
    late = [one for one in told(cast.carl, NOW)[Block.LATE] if " review" in one.text]
    assert len(late) == len(SCHEDULES) - 1


def test_an_early_signature_moves_the_next_date(cast: Cast, clara: User) -> None:
    first = began(Kind.PLAN, now=FIRST, last=FIRST - 168 * DAY)
    answered(first, cast.carl, FIRST)
    services.sign_off(actor=cast.carl, review=first, now=FIRST)
    services.begin_due(FIRST + 167 * DAY)
    assert not Review.objects.filter(kind=Kind.PLAN, signed_at=None).exists()
    services.begin_due(FIRST + 168 * DAY)
    second = Review.objects.get(kind=Kind.PLAN, signed_at=None)
    assert second.due_at == FIRST + 182 * DAY
    assert second.due_at <= FIRST + SCHEDULES[Kind.PLAN].oldest


def test_who_begins_late_gets_a_shorter_time_and_never_none(
    cast: Cast, clara: User
) -> None:
    schedule = SCHEDULES[Kind.ACCESS]
    assert schedule.due(FIRST, FIRST + 75 * DAY) == FIRST + 89 * DAY
    assert schedule.due(FIRST, FIRST + 85 * DAY) == FIRST + 92 * DAY
    assert schedule.due(FIRST, FIRST + 300 * DAY) == FIRST + 301 * DAY


def test_the_first_comes_when_there_was_somebody_for_a_while(cast: Cast) -> None:
    """A new installation isn't greeted by seven reviews."""
    joined = User.objects.get(pk=cast.carl.pk).joined_at
    assert services.begin_due(joined + 10 * DAY) == 0
    assert services.begin_due(joined + 12 * DAY) == 1


def test_a_seller_of_one_person_without_keys_isnt_asked(
    cast: Cast, clara: User
) -> None:
    services.begin_due(NOW)
    found = Review.objects.filter(seller_id__isnull=False)
    assert [one.seller_id for one in found] == [cast.north.pk]


def test_cron_alone_begins_warns_and_ends(cast: Cast, clara: User) -> None:
    """The whole timetable, as `manage.py tick` runs it."""
    Seller.objects.filter(pk=cast.south.pk).update(frozen_at=NOW)
    start = timezone.now() + timedelta(minutes=1)  # from then on pieces are due
    User.objects.filter(staff_role=StaffRole.OFFICER).update(
        joined_at=start - 75 * DAY, last_login=start
    )
    for hours in (0, 1, 24 * 7 + 1, 24 * 13 + 1, 24 * 14 + 1, 24 * 14 + 2):
        run_due(start + timedelta(hours=hours))
    access = Review.objects.get(kind=Kind.ACCESS)
    assert len(access.warned) == 2
    assert not User.objects.get(pk=cast.olga.pk).is_active
    members = Review.objects.get(kind=Kind.MEMBERS)
    assert members.signed_at is not None
    assert clocks.running().filter(subject_id=access.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_begin_one_review(cast: Cast, clara: User) -> None:
    def work(_: int) -> int:
        try:
            return services.begin_due(NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(2))) == len(SCHEDULES)
    assert Review.objects.count() == len(SCHEDULES)


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_decide_one_after_the_other(
    cast: Cast, clara: User
) -> None:
    line = item(began(Kind.ACCESS), Sort.STAFF, cast.olga)

    def work(actor: User) -> str:
        try:
            services.decide(actor=actor, item=line, choice=Choice.REMOVE, now=NOW)
        except services.ReviewRefused as refused:
            return refused.messages[0]
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(work, (cast.carl, clara)))
    assert said[1] == "done"
    assert said[0].startswith("This has ended already")
    assert line.decisions.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_officers_who_remove_each_other_leave_one(cast: Cast, clara: User) -> None:
    review = began(Kind.ACCESS)
    pairs = ((cast.carl, clara), (clara, cast.carl))

    def work(pair: tuple[User, User]) -> None:
        line = item(review, Sort.STAFF, pair[1])
        try:
            services.decide(actor=pair[0], item=line, choice=Choice.REMOVE, now=NOW)
        except Exception:  # refused, or no officer any more
            return
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, pairs))
    officers = User.objects.filter(is_active=True, staff_role=StaffRole.OFFICER)
    assert officers.count() == 1


def test_the_desk_shows_what_is_due(cast: Cast, clara: User) -> None:
    now = timezone.now()
    User.objects.filter(staff_role=StaffRole.OFFICER).update(joined_at=now - 80 * DAY)
    services.begin_due(now)
    carl = signed_in(cast.carl)
    home = "/admin/compliance/review/"
    for state, there in (("open", True), ("overdue", False), ("signed", False)):
        page = carl.get(f"{home}?state={state}").content.decode()
        assert ("Logs, fortnightly" in page) == there, state
    assert "days left" in carl.get(home).content.decode()
    lines = told(cast.carl, now)[Block.DUE]
    assert {line.text.split(":")[0] for line in lines} == {
        "Access of our staff, quarterly review",
        "Logs, fortnightly review",
        "Controls, quarterly review",
        "Data inventory, quarterly review",
    }
    assert not any(cast.olga.email in line.text for line in lines)
    assert all(carl.get(line.url).status_code == 200 for line in lines)
