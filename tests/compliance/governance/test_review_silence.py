"""Who isn't decided about loses the access, after notice; the last ones stay."""

from datetime import timedelta

import pytest
from django.test import Client

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.models import Review
from compliance.tasks import Task
from plugseller.accounts.models import ApiToken, Membership, Seller, User
from plugseller.accounts.roles import Permission, Role, StaffRole
from plugseller.accounts.services import join, make_token
from plugseller.audit.models import Entry
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from tests.compliance.governance.reviewed import (
    DAY,
    answered,
    began,
    item,
    mails_to,
    settled,
    tick,
    ticks,
)
from tests.conftest import NOW, Cast, enter, person

pytestmark = pytest.mark.django_db
ENDED = NOW + 15 * DAY


@pytest.fixture
def clara(cast: Cast) -> User:
    made = person("clara", staff_role=StaffRole.OFFICER)
    settled(made, cast.carl, cast.olga, cast.alice, cast.bob, cast.charlie)
    return made


def is_there(someone: User) -> bool:
    return User.objects.get(pk=someone.pk).is_active


def test_silence_takes_the_access_with_notice_before_and_after(
    cast: Cast, clara: User
) -> None:
    olga = Client()
    enter(olga, cast.olga.email)
    review = began(Kind.ACCESS)
    for one in (cast.carl, clara):
        other = clara if one == cast.carl else cast.carl
        mine = item(review, Sort.STAFF, one)
        services.decide(actor=other, item=mine, choice=Choice.KEEP, now=NOW)
    ticks([1, 7, 13])
    assert olga.get("/admin/").status_code == 200
    warned = [text for text in mails_to(cast.olga) if "unless it is confirmed" in text]
    assert len(warned) == 2
    tick(NOW + 14 * DAY - timedelta(minutes=1))
    assert is_there(cast.olga), "not a minute early"
    ticks([14])
    assert not is_there(cast.olga)
    assert olga.get("/admin/").status_code == 302
    line = item(review, Sort.STAFF, cast.olga)
    assert line.decisions.get().choice == Choice.LAPSED
    assert line.decisions.get().by is None
    assert "Your account has ended" in mails_to(cast.olga)
    assert any("lost their access" in text for text in mails_to(cast.carl))
    assert is_there(cast.carl)
    assert is_there(clara)


def test_an_answer_before_the_date_counts(cast: Cast, clara: User) -> None:
    review = began(Kind.ACCESS)
    ticks([7, 13])
    answered(review, cast.carl, review.due_at - timedelta(seconds=1))
    answered(review, clara, review.due_at - timedelta(seconds=1))
    ticks([14, 15])
    assert all(is_there(one) for one in (cast.olga, cast.carl, clara))


def test_the_only_officer_stays_and_is_told_to_find_a_second(cast: Cast) -> None:
    settled(cast.carl, cast.olga)
    review = began(Kind.ACCESS)
    answered(review, cast.carl)
    ticks([7, 13, 14, 15])
    assert is_there(cast.carl)
    assert not item(review, Sort.STAFF, cast.carl).decisions.exists()
    overdue = [
        mail.content.reveal()
        for mail in OutgoingMail.objects.filter(owner=cast.carl.pk)
        if mail.content.reveal()["subject"].startswith("OVERDUE: The review of access")
    ]
    assert len(overdue) == 1
    assert "second officer" in overdue[0]["text"]
    second = person("clara", staff_role=StaffRole.OFFICER)
    answered(review, second, ENDED)
    services.sign_off(actor=second, review=review, now=ENDED)


def test_of_two_silent_officers_one_stays(cast: Cast, clara: User) -> None:
    User.objects.filter(pk=cast.carl.pk).update(last_login=NOW - 5 * DAY)
    began(Kind.ACCESS)
    ticks([7, 13, 14, 15, 16])
    assert (is_there(cast.carl), is_there(clara)) == (False, True), "seen last, stays"


def test_without_warnings_nothing_is_taken_but_warned_now(
    cast: Cast, clara: User
) -> None:
    """No job ran until the date: it happens a week later, after two warnings."""
    began(Kind.ACCESS)
    ticks([14, 15, 17, 19])
    assert is_there(cast.olga)
    assert any("unless it is confirmed" in text for text in mails_to(cast.olga))
    ticks([21])
    assert not is_there(cast.olga)


def test_mails_that_never_left_are_no_warning(
    cast: Cast, clara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(mail: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(outbox, "_send", down)
    began(Kind.ACCESS)
    ticks(range(0, 30, 2))
    assert is_there(cast.olga)


def test_our_own_services_are_never_ended_by_silence(cast: Cast, clara: User) -> None:
    review = began(Kind.ACCESS)
    ticks([7, 13, 14])
    lines = list(review.items.filter(sort=Sort.SERVICE))
    assert lines
    assert {one.decisions.get().choice for one in lines} == {Choice.SPARED}
    assert Task.objects.filter(subject_id=review.pk).count() == len(lines)


class TestAtASeller:
    @pytest.fixture
    def review(self, cast: Cast, clara: User) -> Review:
        return began(Kind.MEMBERS, seller=cast.north)

    def key(self, cast: Cast, owner: User, kind: str) -> ApiToken:
        made, _ = make_token(
            actor=owner,
            seller=cast.north,
            kind=kind,
            label="till",
            permissions=[Permission.VIEW_ORDERS],
            now=NOW,
        )
        return made

    def test_members_lose_it_owners_stay_and_it_closes_itself(
        self, cast: Cast, clara: User
    ) -> None:
        second = person("anna")
        join(actor=None, seller=cast.north, user=second, role=Role.OWNER)
        review = began(Kind.MEMBERS, seller=cast.north)
        ticks([7, 13])
        told = [t for t in mails_to(cast.alice) if "review of access at North" in t]
        assert told[0] == "The review of access at North has begun"
        assert len(told) == 3, "and two warnings"
        assert sum("unless it is confirmed" in t for t in mails_to(cast.bob)) == 2
        ticks([14])
        left = Membership.objects.filter(seller=cast.north)
        assert {one.user_id for one in left} == {cast.alice.pk, second.pk}
        review.refresh_from_db()
        assert review.signed_at is not None
        assert review.signed_by is None
        assert services.is_whole(review)
        assert "Your access to North has ended" in mails_to(cast.bob)
        assert is_there(cast.bob), "the account stays"

    def test_a_machine_gets_two_weeks_and_a_person_none(
        self, cast: Cast, clara: User
    ) -> None:
        anna = person("anna")
        join(actor=None, seller=cast.north, user=anna, role=Role.OWNER)
        robot = self.key(cast, anna, "machine")
        own = self.key(cast, anna, "personal")
        began(Kind.MEMBERS, seller=cast.north)
        ticks([7, 13, 14])
        robot.refresh_from_db()
        own.refresh_from_db()
        assert own.revoked_at is not None
        assert robot.is_live(NOW + 27 * DAY)
        assert not robot.is_live(NOW + 29 * DAY)
        assert Entry.objects.get(event="token.lapses").object_pk == str(robot.pk)
        told = OutgoingMail.objects.filter(owner=cast.north.pk)
        subjects = [mail.content.reveal()["subject"] for mail in told]
        assert any("machine key of North ends" in one for one in subjects)

    def test_the_only_owners_key_stays(self, cast: Cast, clara: User) -> None:
        key = self.key(cast, cast.alice, "personal")
        review = began(Kind.MEMBERS, seller=cast.north)
        ticks([7, 13, 14])
        key.refresh_from_db()
        assert key.is_live(NOW + 14 * DAY)
        assert item(review, Sort.TOKEN).decisions.get().choice == Choice.SPARED

    def test_where_no_owner_was_warned_nothing_is_taken(
        self, cast: Cast, review: Review
    ) -> None:
        User.objects.filter(pk=cast.alice.pk).update(is_active=False)
        ticks([7, 13, 14, 15, 22])
        assert Membership.objects.filter(user=cast.bob).exists()
        assert any(t.startswith("OVERDUE") for t in mails_to(cast.carl))

    def test_nothing_is_taken_at_who_is_to_be_deleted(
        self, cast: Cast, review: Review
    ) -> None:
        ticks([7, 13])
        Seller.objects.filter(pk=cast.north.pk).update(frozen_at=NOW)
        ticks([14, 15])
        assert Membership.objects.filter(user=cast.bob).exists()

    def test_a_seller_that_is_gone_leaves_no_review_open(
        self, cast: Cast, review: Review
    ) -> None:
        cast.north.delete()
        ticks([14])
        review.refresh_from_db()
        assert not review.is_open
