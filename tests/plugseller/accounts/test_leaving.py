"""One action ends everything a person had, and hands over what would be orphaned."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from plugseller.accounts.models import Grant, SetUpLink, User
from plugseller.accounts.roles import PERMISSIONS, Permission, Role
from plugseller.accounts.services import (
    Leaving,
    Why,
    WithoutOwner,
    offboard_user,
    plan_leaving,
)
from plugseller.accounts.tenancy import live_grants
from plugseller.audit.models import Entry
from tests.conftest import PASSWORD, Cast, enter, person, signed_in
from tests.plugseller.accounts.team import (
    entries,
    invited,
    letters_to,
    mails_to,
    member,
    of,
    orphans,
    rights,
    sees_nothing,
    soon,
    token_of,
)


def gone(cast: Cast, user: User, **more: Any) -> Leaving:
    """Carl, the officer, ends somebody's account."""
    given: dict[str, Any] = {"reason": Why.LEFT, "now": timezone.now()} | more
    return offboard_user(actor=cast.carl, person=user, **given)


def grant_of(user: User, cast: Cast, *, begun: bool) -> Grant:
    now = timezone.now()
    times = {"starts_at": now, "ends_at": now + timedelta(hours=2)} if begun else {}
    return Grant.objects.create(
        seller=cast.north,
        person=user,
        permissions=[Permission.VIEW_ORDERS.value],
        reason="asked",
        ticket="1",
        hours=2,
        approved_by=cast.carl if begun else None,
        **times,
    )


def test_everything_of_a_sellers_person_ends(cast: Cast) -> None:
    browser = Client()
    enter(browser, cast.bob.email)
    assert browser.get("/s/north/").status_code == 200
    personal = token_of(cast.bob, cast.north)
    machine = token_of(cast.bob, cast.north, kind="machine", label="warehouse robot")
    elsewhere = token_of(cast.bob, cast.south)  # of a seller they don't belong to
    group = Group.objects.create(name="some")
    cast.bob.groups.add(group)
    written = Entry.objects.filter(object_pk=str(cast.bob.pk)).count()
    plan = gone(cast, cast.bob)
    assert (plan.sessions, plan.tokens, plan.factors) == (1, 3, 1)
    assert browser.get("/s/north/")["Location"].startswith("/sign-in")
    for token in (personal, machine, elsewhere):
        token.refresh_from_db()
        assert not token.is_live(timezone.now())
        assert sees_nothing(cast.bob, cast.north, token)
    bob = User.objects.get(pk=cast.bob.pk)
    assert not bob.is_active
    assert bob.left_at is not None
    assert soon(bob.left_at)
    assert not bob.has_usable_password()
    assert not bob.groups.exists()
    assert not bob.memberships.exists()
    assert not bob.used_passwords.exists()
    assert not Authenticator.objects.filter(user=bob).exists()
    assert not UserSession.objects.filter(user=bob).exists()
    assert "warehouse robot" in letters_to(cast.alice.email)
    assert "Your account at Plug Seller has ended" in letters_to(bob.email)
    assert not sees_nothing(cast.alice, cast.north)
    assert orphans() == 0
    # The trail stays, and reads as the same pseudonym everywhere.
    assert Entry.objects.filter(object_pk=str(bob.pk)).count() > written
    assert bob.known_as == bob.pseudonym == f"Former member {str(bob.pk)[:8]}"
    assert cast.alice.known_as == "Alice"


def test_who_left_cant_come_in_by_any_door(cast: Cast) -> None:
    gone(cast, cast.bob)
    client = Client()
    answer = client.post("/sign-in", {"login": cast.bob.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session
    client.post("/forgotten", {"email": cast.bob.email})
    assert "_auth_user_id" not in client.session
    assert len(mails_to(cast.bob.email)) <= 2  # the farewell; no code
    assert all("code" not in text for text in mails_to(cast.bob.email))
    assert signed_in(cast.bob).get("/")["Location"].startswith("/sign-in")


def test_one_entry_tells_what_ended_and_nothing_personal(cast: Cast) -> None:
    token_of(cast.bob, cast.north)
    gone(cast, cast.bob, reason=Why.SECURITY)
    [entry] = entries("person.left")
    assert entry.actor_id == cast.carl.pk
    assert entry.object_pk == str(cast.bob.pk)
    assert entry.additional_data == {
        "reason": "security",
        "of_staff": False,
        "sessions": 0,
        "tokens": 1,
        "grants": 0,
        "second_factors": 1,
        "invitations": 0,
        "sellers": 1,
        "without_owner": 0,
    }
    for one in Entry.objects.all():
        assert "bob@" not in f"{one.changes}{one.additional_data}"


def test_our_staff_lose_role_grants_and_links(cast: Cast) -> None:
    live = grant_of(cast.olga, cast, begun=True)
    waiting = grant_of(cast.olga, cast, begun=False)
    others = grant_of(person("sue", staff_role="support"), cast, begun=True)
    old = grant_of(cast.olga, cast, begun=True)
    past = timezone.now() - timedelta(days=1)
    Grant.objects.filter(pk=old.pk).update(
        starts_at=past - timedelta(hours=1), ends_at=past
    )
    link = SetUpLink.objects.create(
        user=cast.olga, key_hash="x", expires_at=timezone.now() + timedelta(hours=1)
    )
    assert signed_in(cast.olga).get("/s/north/").status_code == 200
    assert gone(cast, cast.olga).grants == 2
    for grant in (live, waiting):
        grant.refresh_from_db()
        assert grant.end == Grant.End.LEFT
        assert not grant.is_live(timezone.now())
        assert not grant.is_waiting(timezone.now())
    others.refresh_from_db()
    assert others.ended_at is None
    old.refresh_from_db()
    assert old.ended_at is None  # it was over already
    link.refresh_from_db()
    assert link.expires_at <= timezone.now()
    olga = User.objects.get(pk=cast.olga.pk)
    assert not olga.is_staff
    assert signed_in(cast.olga).get("/s/north/").status_code == 302


def test_a_grant_approved_afterwards_opens_nothing(cast: Cast) -> None:
    """The guarded update of an approval finds no row; and if it did, still nothing."""
    waiting = grant_of(cast.olga, cast, begun=False)
    gone(cast, cast.olga)
    still = Grant.objects.filter(pk=waiting.pk, starts_at=None, ended_at=None)
    now = timezone.now()
    times = {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    assert still.update(**times) == 0
    Grant.objects.filter(pk=waiting.pk).update(**times, ended_at=None)
    assert not live_grants(cast.olga, now=now).exists()
    assert sees_nothing(User.objects.get(pk=cast.olga.pk), cast.north)


def test_a_superuser_is_none_any_more(cast: Cast) -> None:
    User.objects.filter(pk=cast.olga.pk).update(is_superuser=True)
    gone(cast, cast.olga)
    assert not User.objects.get(pk=cast.olga.pk).is_superuser


def test_the_successor_becomes_owner(cast: Cast) -> None:
    mary = member(cast.north, "mary", Role.MANAGER).user
    browser = Client()
    enter(browser, cast.bob.email)
    gone(cast, cast.alice, successor=cast.bob)
    assert of(cast.bob, cast.north).role == Role.OWNER
    assert rights(cast.bob, cast.north) == {r.value for r in PERMISSIONS[Role.OWNER]}
    assert of(mary, cast.north).role == Role.MANAGER
    assert browser.get("/s/north/").status_code == 302  # a new role, a new session
    assert "you are Owner" in letters_to(cast.bob.email)
    [entry] = entries("ownership.handed_over")
    assert entry.object_pk == str(of(cast.bob, cast.north).pk)
    assert entry.additional_data == {"from": "viewer"}
    assert orphans() == 0


def test_without_one_the_most_senior_member_does(cast: Cast) -> None:
    ann = member(cast.north, "ann", Role.ANALYST)
    late = member(cast.north, "late", Role.MANAGER)
    early = member(cast.north, "early", Role.MANAGER)
    type(early).objects.filter(pk=early.pk).update(
        since=timezone.now() - timedelta(days=400)
    )
    absent = member(cast.north, "absent", Role.MANAGER)
    type(absent).objects.filter(pk=absent.pk).update(
        since=timezone.now() - timedelta(days=900)
    )
    User.objects.filter(pk=absent.user_id).update(is_active=False)
    gone(cast, cast.alice)
    roles = {m.user.name: m.role for m in cast.north.memberships.all()}
    assert roles == {
        "Early": "owner",
        "Late": "manager",
        "Ann": "analyst",
        "Bob": "viewer",
        "Absent": "manager",
    }
    assert ann.pk != late.pk


def test_with_another_owner_nothing_is_handed_over(cast: Cast) -> None:
    member(cast.north, "eve", Role.OWNER)
    gone(cast, cast.alice, successor=cast.charlie)
    assert of(cast.bob, cast.north).role == Role.VIEWER
    assert entries("ownership.handed_over") == []


@pytest.mark.parametrize("who", ["charlie", "olga", "alice"])
def test_a_successor_must_belong_to_the_seller(cast: Cast, who: str) -> None:
    with pytest.raises(ValidationError, match="doesn't belong to north"):
        gone(cast, cast.alice, successor=getattr(cast, who))
    assert of(cast.alice, cast.north).role == Role.OWNER
    assert entries("person.left") == []


def test_nobody_left_is_refused_until_it_is_meant(cast: Cast) -> None:
    with pytest.raises(WithoutOwner, match="south"):
        gone(cast, cast.charlie)
    assert not sees_nothing(cast.charlie, cast.south)
    paula = person("paula", staff_role="officer")
    gone(cast, cast.charlie, leave_without_owner=True)
    assert sees_nothing(User.objects.get(pk=cast.charlie.pk), cast.south)
    for officer in (cast.carl, paula):
        assert "- south" in letters_to(officer.email)
    assert mails_to(cast.olga.email) == []
    [entry] = entries("ownership.vacant")
    assert entry.seller_id == cast.south.pk
    desk, path = signed_in(cast.carl), "/admin/accounts/seller/"
    nobody = desk.get(path, {"owned": "no"}).content.decode()
    assert ">south<" in nobody
    assert ">north<" not in nobody
    somebody = desk.get(path, {"owned": "yes"}).content.decode()
    assert ">north<" in somebody
    assert ">south<" not in somebody


def test_what_the_person_offered_is_taken_back(cast: Cast) -> None:
    invitation = invited(cast, "dora@example.test", Role.OWNER)
    assert gone(cast, cast.alice).invitations == 1
    invitation.refresh_from_db()
    assert invitation.ended_at is not None
    told = "".join(mails_to(cast.bob.email))  # the owner now
    assert "taken back: 1" in told


def test_nobody_leaves_twice(cast: Cast) -> None:
    gone(cast, cast.bob)
    with pytest.raises(ValidationError, match="left already"):
        gone(cast, User.objects.get(pk=cast.bob.pk))
    assert len(entries("person.left")) == 1


def test_only_officers_end_accounts_and_never_their_own(cast: Cast) -> None:
    for actor, whom in (
        (cast.alice, cast.bob),
        (cast.olga, cast.bob),
        (cast.bob, cast.bob),
        (cast.carl, cast.carl),
    ):
        with pytest.raises(PermissionDenied):
            offboard_user(actor=actor, person=whom, now=timezone.now(), reason=Why.LEFT)
    assert entries("person.left") == []


def test_a_failure_in_the_middle_changes_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(cast.alice, cast.north)

    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(
        "plugseller.accounts.services.leaving.teamletters.account_ended", fails
    )
    with pytest.raises(RuntimeError):
        gone(cast, cast.alice)
    token.refresh_from_db()
    assert token.is_live(timezone.now())
    assert of(cast.alice, cast.north).role == Role.OWNER
    assert of(cast.bob, cast.north).role == Role.VIEWER
    assert User.objects.get(pk=cast.alice.pk).is_active


def test_the_plan_says_what_then_happens(cast: Cast) -> None:
    token_of(cast.alice, cast.north)
    invited(cast, "dora@example.test")
    now = timezone.now()
    plan = plan_leaving(person=cast.alice, now=now)
    assert [seat.heir.user for seat in plan.seats if seat.heir] == [cast.bob]
    assert of(cast.bob, cast.north).role == Role.VIEWER  # nothing happened yet
    assert gone(cast, cast.alice) == plan


# --- The officer's button -----------------------------------------------------------


def page_of(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/offboard/"


def test_the_officer_reads_what_ends_and_presses_the_button(cast: Cast) -> None:
    token_of(cast.alice, cast.north, kind="machine", label="robot")
    desk = signed_in(cast.carl)
    record = f"/admin/accounts/user/{cast.alice.pk}/change/"
    assert page_of(cast.alice) in desk.get(record).content.decode()
    page = desk.get(page_of(cast.alice)).content.decode()
    for text in ("robot", "bob@example.test", "Owner of north", "second factor"):
        assert text in page
    sent = {"reason": "left", "successor": str(cast.bob.pk)}
    assert desk.post(page_of(cast.alice), sent)["Location"] == record
    assert of(cast.bob, cast.north).role == Role.OWNER
    assert page_of(cast.alice) not in desk.get(record).content.decode()
    again = desk.post(page_of(cast.alice), sent)
    assert again["Location"] == record
    assert len(entries("person.left")) == 1


def test_the_button_refuses_what_isnt_meant(cast: Cast) -> None:
    desk = signed_in(cast.carl)
    answer = desk.post(page_of(cast.charlie), {"reason": "left"})
    assert answer.status_code == 400
    assert "Nobody else belongs to south" in answer.content.decode()
    wrong = {"reason": "left", "successor": str(cast.charlie.pk)}
    assert desk.post(page_of(cast.alice), wrong).status_code == 400
    assert desk.post(page_of(cast.alice), {"reason": "boredom"}).status_code == 400
    assert entries("person.left") == []
    meant = {"reason": "asked", "leave_without_owner": "on"}
    assert desk.post(page_of(cast.charlie), meant).status_code == 302
    assert len(entries("person.left")) == 1


def test_the_button_is_for_officers_who_just_proved_who_they_are(cast: Cast) -> None:
    User.objects.filter(pk=cast.olga.pk).update(is_superuser=True)
    olga = User.objects.get(pk=cast.olga.pk)
    for someone in (cast.alice, cast.bob, olga):
        client = signed_in(someone)
        for answer in (
            client.get(page_of(cast.charlie)),
            client.post(page_of(cast.charlie), {"reason": "left"}),
        ):
            assert answer.status_code in (302, 403)
    late = signed_in(cast.carl, confirmed=False)
    answer = late.post(page_of(cast.bob), {"reason": "left"})
    assert answer["Location"].startswith("/account/confirm/code")
    assert signed_in(cast.carl).get(page_of(cast.carl)).status_code == 403
    assert signed_in(cast.carl).get(page_of(cast.bob)[:-10] + "x/").status_code != 500
    assert entries("person.left") == []
