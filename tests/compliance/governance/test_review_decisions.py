"""A decision takes effect in the same request; nobody decides about himself (GOV-1)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.services import ReviewRefused
from compliance.tasks import Task
from plugseller.accounts.models import ApiToken, Grant, Membership, User
from plugseller.accounts.roles import Permission, Role, StaffRole
from plugseller.accounts.services import invite_staff, make_token
from plugseller.accounts.services.officers import LastOne
from plugseller.accounts.services.reviewed import end_staff_access
from plugseller.audit.models import Entry
from tests.compliance.governance.reviewed import (
    answered,
    began,
    item,
    items_of,
    mails_to,
    settled,
)
from tests.conftest import NOW, Cast, enter, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clara(cast: Cast) -> User:
    made = person("clara", staff_role=StaffRole.OFFICER)
    settled(made, cast.carl, cast.olga, cast.alice, cast.bob, cast.charlie)
    return made


def field(name: str, pk: object) -> str:
    return f"{name}-{pk}"


def logged(*events: str) -> bool:
    """Whether the log tells of each."""
    found = Entry.objects.filter(event__in=events).values_list("event", flat=True)
    return set(found) == set(events)


def address(step: str, review: Review) -> str:
    return reverse(f"admin:compliance_review_{step}", args=[review.pk])


def test_who_is_removed_is_out_in_the_same_request(cast: Cast, clara: User) -> None:
    olga, carl = Client(), signed_in(cast.carl)
    enter(olga, cast.olga.email)
    assert olga.get("/admin/").status_code == 200
    review = began(Kind.ACCESS)
    line = item(review, Sort.STAFF, cast.olga)
    sent = {field("choice", line.pk): "remove"}
    asked = carl.post(address("decide", review), sent)
    assert "takes effect at once" in asked.content.decode()
    assert User.objects.get(pk=cast.olga.pk).is_active, "nothing before it is confirmed"
    carl.post(address("decide", review), {**sent, "sure": "yes"})
    told = olga.get("/admin/")
    assert told.status_code == 302
    assert told["Location"].startswith("/admin/login/")
    gone = User.objects.get(pk=cast.olga.pk)
    assert (gone.is_active, gone.staff_role) == (False, "")
    assert line.decisions.get().effect.startswith("The account ended")
    assert "Your account has ended" in mails_to(cast.olga)


def test_nobody_decides_about_himself_and_the_line_says_so(
    cast: Cast, clara: User
) -> None:
    review = began(Kind.ACCESS)
    own = item(review, Sort.STAFF, cast.carl)
    with pytest.raises(ReviewRefused, match="Another officer"):
        services.decide(actor=cast.carl, item=own, choice=Choice.KEEP, now=NOW)
    carl = signed_in(cast.carl)
    sent = {field("choice", own.pk): "keep"}
    carl.post(address("decide", review), sent)
    assert not own.decisions.exists()
    page = carl.get(address("change", review)).content.decode()
    assert "Yours: another officer decides." in page
    assert field("choice", own.pk) not in page
    services.decide(actor=clara, item=own, choice=Choice.KEEP, now=NOW)


def test_the_keep_all_button_leaves_flags_and_oneself(cast: Cast, clara: User) -> None:
    User.objects.filter(pk=cast.olga.pk).update(last_login=None)
    review = began(Kind.ACCESS)
    carl = signed_in(cast.carl)
    page = carl.get(address("keep", review)).content.decode()
    assert cast.olga.email not in page
    assert not review.decisions.exists()
    carl.post(address("keep", review))
    kept = {one.item.person_id for one in review.decisions.all()}
    assert clara.pk in kept
    assert not kept & {cast.carl.pk, cast.olga.pk}


def test_another_role_takes_sessions_and_grants(cast: Cast, clara: User) -> None:
    grant = Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=[Permission.VIEW_ORDERS.value],
        reason="r",
        ticket="t",
        hours=2,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=2),
        asked_at=NOW,
    )
    olga = Client()
    enter(olga, cast.olga.email)
    line = item(began(Kind.ACCESS), Sort.STAFF, cast.olga)
    with pytest.raises(ReviewRefused, match="Choose the new role"):
        services.decide(
            actor=clara, item=line, choice=Choice.CHANGE, to="king", now=NOW
        )
    services.decide(
        actor=clara, item=line, choice=Choice.CHANGE, to="operator", now=NOW
    )
    assert User.objects.get(pk=cast.olga.pk).staff_role == StaffRole.OPERATOR
    grant.refresh_from_db()
    assert grant.end == Grant.End.REVIEWED
    assert grant.state_at(NOW) == Grant.State.REVIEWED
    assert logged("staff.role_changed", "grant.reviewed_away", "review.decided")
    assert olga.get("/admin/").status_code == 302


def test_a_grant_that_is_open_ends(cast: Cast, clara: User) -> None:
    grant = Grant.objects.create(
        seller=cast.north,
        person=cast.olga,
        permissions=[Permission.VIEW_ORDERS.value],
        reason="r",
        ticket="t",
        hours=2,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=2),
        asked_at=NOW,
    )
    line = item(began(Kind.ACCESS), Sort.GRANT)
    services.decide(actor=clara, item=line, choice=Choice.REMOVE, now=NOW)
    grant.refresh_from_db()
    assert not grant.is_live(NOW)


def test_a_decision_is_undone_by_another_but_what_ended_by_an_invitation(
    cast: Cast, clara: User
) -> None:
    line = item(began(Kind.ACCESS), Sort.STAFF, cast.olga)
    services.decide(actor=clara, item=line, choice=Choice.KEEP, now=NOW)
    services.decide(actor=clara, item=line, choice=Choice.REMOVE, now=NOW)
    assert [one.choice for one in line.decisions.all()] == ["keep", "remove"]
    with pytest.raises(ReviewRefused, match="invite the person again"):
        services.decide(actor=clara, item=line, choice=Choice.KEEP, now=NOW)
    back = invite_staff(
        actor=clara,
        email=cast.olga.email,
        name="",
        role=StaffRole.SUPPORT,
        now=NOW,
    )
    assert back.pk == cast.olga.pk
    assert back.is_active
    assert not back.has_usable_password()
    assert back.set_up_links.filter(used_at=None).count() == 1
    assert logged("person.came_back")


def test_who_left_a_seller_never_comes_back_as_staff(cast: Cast, clara: User) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_active=False, left_at=NOW)
    with pytest.raises(Exception, match="here already"):
        invite_staff(
            actor=clara,
            email=cast.bob.email,
            name="",
            role=StaffRole.SUPPORT,
            now=NOW,
        )


def test_the_last_officer_stays_whoever_asks(cast: Cast) -> None:
    with pytest.raises(LastOne):
        end_staff_access(actor=None, person=cast.carl, now=NOW)
    assert User.objects.get(pk=cast.carl.pk).is_officer


@pytest.mark.parametrize("name", ["olga", "alice"])
def test_only_officers_decide_about_ours(cast: Cast, clara: User, name: str) -> None:
    line = item(began(Kind.ACCESS), Sort.STAFF, clara)
    with pytest.raises(PermissionDenied):
        services.decide(
            actor=getattr(cast, name), item=line, choice=Choice.REMOVE, now=NOW
        )


def test_a_credential_of_ours_gets_a_task_and_no_outage(
    cast: Cast, clara: User
) -> None:
    review = began(Kind.ACCESS)
    line = review.items.filter(sort=Sort.SERVICE).first()
    assert line is not None
    services.decide(actor=clara, item=line, choice=Choice.CHANGE, now=NOW)
    task = Task.objects.get(subject_id=review.pk)
    assert task.title.startswith("Rotate: ")
    assert task.owner_id == clara.pk
    assert line.decisions.get().task_id == task.pk


class TestAtASeller:
    def key_of(self, cast: Cast, owner: User, kind: str = "personal") -> ApiToken:
        made, _ = make_token(
            actor=owner,
            seller=cast.north,
            kind=kind,
            label="till",
            permissions=[Permission.VIEW_ORDERS],
            now=NOW,
        )
        return made

    def test_an_owner_decides_in_the_console(self, cast: Cast, clara: User) -> None:
        bob, alice = Client(), signed_in(cast.alice)
        enter(bob, cast.bob.email)
        assert bob.get("/s/north/").status_code == 200
        key = self.key_of(cast, cast.bob)
        review = began(Kind.MEMBERS, seller=cast.north)
        page = alice.get("/s/north/review").content.decode()
        line = item(review, Sort.MEMBER, cast.bob)
        own = item(review, Sort.MEMBER, cast.alice)
        assert field("choice", line.pk) in page
        assert field("choice", own.pk) not in page
        sent = {field("choice", line.pk): "remove", field("choice", own.pk): "remove"}
        asked = alice.post("/s/north/review/decide", sent)
        assert "Sure?" in asked.content.decode()
        alice.post("/s/north/review/decide", {**sent, "sure": "yes"})
        assert bob.get("/s/north/")["Location"].startswith("/sign-in")
        assert not Membership.objects.filter(user=cast.bob).exists()
        assert Membership.objects.get(user=cast.alice).role == Role.OWNER
        key.refresh_from_db()
        assert key.revoked_at is not None
        alice.post("/s/north/review/decide", {"do": "keep", "sure": "yes"})
        [token_line] = [one for one in items_of(review) if one.sort == Sort.TOKEN]
        if not token_line.decisions.exists():
            services.decide(
                actor=cast.alice, item=token_line, choice=Choice.KEEP, now=NOW
            )
        asked = alice.post("/s/north/review/decide", {"do": "finish"})
        assert "nothing in it can be changed" in asked.content.decode()
        assert Review.objects.get(pk=review.pk).is_open
        finish = {"do": "finish", "sure": "yes"}
        done = alice.post("/s/north/review/decide", finish, follow=True)
        review.refresh_from_db()
        assert review.signed_by == cast.alice.pk, done.content.decode()
        assert own.decisions.get().choice == Choice.SPARED
        assert "No review is under way" in alice.get("/s/north/review").content.decode()

    def test_keeping_many_at_once_says_first_whom_and_what_it_means(
        self, cast: Cast, clara: User
    ) -> None:
        settled(cast.bob)
        review, alice = began(Kind.MEMBERS, seller=cast.north), signed_in(cast.alice)
        asked = alice.post("/s/north/review/decide", {"do": "keep"}).content.decode()
        assert "Bob" in asked
        assert "until the next review" in asked
        assert not review.decisions.exists()
        alice.post("/s/north/review/decide", {"do": "keep", "sure": "yes"})
        [kept] = review.decisions.all()
        assert kept.choice == Choice.KEEP
        assert kept.item.person_id == cast.bob.pk

    def test_an_owner_ends_anothers_key(self, cast: Cast, clara: User) -> None:
        key = self.key_of(cast, cast.bob)
        line = item(began(Kind.MEMBERS, seller=cast.north), Sort.TOKEN)
        services.decide(actor=cast.alice, item=line, choice=Choice.REMOVE, now=NOW)
        key.refresh_from_db()
        assert not key.is_live(NOW)

    @pytest.mark.parametrize("name", ["bob", "charlie", "carl"])
    def test_nobody_else_does(self, cast: Cast, clara: User, name: str) -> None:
        line = item(began(Kind.MEMBERS, seller=cast.north), Sort.MEMBER, cast.alice)
        with pytest.raises(PermissionDenied):
            services.decide(
                actor=getattr(cast, name), item=line, choice=Choice.REMOVE, now=NOW
            )

    def test_a_foreign_line_can_not_be_sent_along(
        self, cast: Cast, clara: User
    ) -> None:
        north = began(Kind.MEMBERS, seller=cast.north)
        foreign = item(north, Sort.MEMBER, cast.bob)
        began(Kind.MEMBERS, seller=cast.south)
        sent = {field("choice", foreign.pk): "remove", "sure": "yes"}
        signed_in(cast.charlie).post("/s/south/review/decide", sent)
        assert Membership.objects.filter(user=cast.bob).exists()


def test_officers_see_no_name_of_a_sellers_people(cast: Cast, clara: User) -> None:
    review = began(Kind.MEMBERS, seller=cast.north)
    carl = signed_in(cast.carl)
    page = carl.get(address("change", review)).content.decode()
    assert cast.bob.email not in page
    assert "Bob" not in page
    assert carl.post(address("sign", review)).status_code == 404


def test_an_operator_sees_no_review(cast: Cast, clara: User) -> None:
    review = began(Kind.ACCESS)
    operator = signed_in(person("oscar", staff_role=StaffRole.OPERATOR))
    assert operator.get(address("change", review)).status_code == 403
    assert operator.post(address("decide", review)).status_code == 403


def test_signing_needs_every_line(cast: Cast, clara: User) -> None:
    review = began(Kind.ACCESS)
    answered(review, cast.carl)
    with pytest.raises(ReviewRefused, match="about you"):
        services.sign_off(actor=cast.carl, review=review, now=NOW)
    answered(review, clara)
    carl = signed_in(cast.carl)
    assert "Sign" in carl.get(address("change", review)).content.decode()
    carl.post(address("sign", review), {"note": "All well."})
    review.refresh_from_db()
    assert review.signed_by == cast.carl.pk
    assert review.note is not None
    assert review.note.reveal() == "All well."
    assert logged("review.begun", "review.decided", "review.signed")
    entry = Entry.objects.get(event="review.signed")
    assert entry.additional_data["hash"] == review.hash
    assert "All well" not in str(entry.additional_data)
    late = carl.get(address("change", review)).content.decode()
    assert "choice-" not in late


@pytest.mark.parametrize("kind", [k for k in Kind if k != Kind.MEMBERS])
def test_each_kind_can_be_walked_to_its_signature(
    cast: Cast, clara: User, kind: Kind
) -> None:
    review = began(kind)
    carl = signed_in(cast.carl)
    assert carl.get(address("change", review)).status_code == 200
    answered(review, cast.carl)
    answered(review, clara)
    services.sign_off(actor=clara, review=review, now=NOW)
    assert services.is_whole(Review.objects.get(pk=review.pk))
