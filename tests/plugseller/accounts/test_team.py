"""The team: who changes it, what that ends, and what no crafted request can do."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from plugseller.accounts.models import Membership
from plugseller.accounts.roles import PERMISSIONS, Role
from plugseller.accounts.services import change_role, leave_seller, remove_member
from plugseller.accounts.tenancy import standing_at
from tests.conftest import Cast, enter, signed_in
from tests.plugseller.accounts.team import (
    entries,
    invited,
    letters_to,
    member,
    of,
    orphans,
    rights,
    sees_nothing,
    token_of,
)


def path_of(membership: Membership, step: str, slug: str = "north") -> str:
    return f"/s/{slug}/team/{membership.pk}/{step}"


def change(actor: Any, membership: Membership, role: Role) -> None:
    change_role(actor=actor, membership=membership, role=role, now=timezone.now())


def remove(actor: Any, membership: Membership) -> None:
    remove_member(actor=actor, membership=membership, now=timezone.now())


def test_the_page_names_members_of_this_seller_only(cast: Cast) -> None:
    invited(cast, "dora@example.test", Role.MANAGER)
    page = signed_in(cast.alice).get("/s/north/team").content.decode()
    for shown in ("alice@example.test", "bob@example.test", "dora@example.test"):
        assert shown in page
    assert "charlie" not in page
    south = signed_in(cast.charlie).get("/s/south/team").content.decode()
    for hidden in ("alice", "bob", "dora"):
        assert hidden not in south


@pytest.mark.parametrize("role", [r for r in Role if r != Role.OWNER])
def test_members_without_the_right_see_neither_page_nor_link(
    cast: Cast, role: Role
) -> None:
    client = signed_in(member(cast.north, "mary", role).user)
    assert client.get("/s/north/team").status_code == 403
    assert "/s/north/team" not in client.get("/s/north/").content.decode()
    assert "/s/north/team" in signed_in(cast.alice).get("/s/north/").content.decode()


def test_the_page_costs_the_same_for_any_team(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(cast.alice)
    client.get("/s/north/team")
    with django_assert_num_queries(9) as few:
        assert client.get("/s/north/team").status_code == 200
    for number in range(12):
        member(cast.north, f"m{number}", Role.ANALYST)
        invited(cast, f"i{number}@example.test")
    with django_assert_num_queries(len(few)):
        page = client.get("/s/north/team").content.decode()
    assert page.count("Remove…") == 13


def test_a_new_role_counts_at_once_and_ends_the_sessions(cast: Cast) -> None:
    browser = Client()
    enter(browser, cast.bob.email)
    assert browser.get("/s/north/").status_code == 200
    answer = signed_in(cast.alice).post(
        path_of(of(cast.bob, cast.north), "role"), {"role": "shipping"}
    )
    assert answer["Location"] == "/s/north/team"
    assert rights(cast.bob, cast.north) == {r.value for r in PERMISSIONS[Role.SHIPPING]}
    assert browser.get("/s/north/")["Location"].startswith("/sign-in")
    [entry] = entries("member.role_changed")
    assert entry.additional_data == {"from": "viewer", "to": "shipping"}
    assert (entry.actor_id, entry.seller_id) == (cast.alice.pk, cast.north.pk)
    assert "you are now Shipping" in letters_to(cast.bob.email)


def test_a_removed_person_is_out_at_the_next_request(cast: Cast) -> None:
    browser, token = Client(), token_of(cast.bob, cast.north, kind="machine")
    enter(browser, cast.bob.email)
    assert browser.get("/s/north/").status_code == 200
    client, path = signed_in(cast.alice), path_of(of(cast.bob, cast.north), "remove")
    page = client.get(path).content.decode()
    assert "signed out everywhere" in page
    assert "mine" in page  # the token's label
    assert rights(cast.bob, cast.north)
    client.post(path)
    assert browser.get("/s/north/")["Location"].startswith("/sign-in")
    assert signed_in(cast.bob).get("/s/north/").status_code == 404
    token.refresh_from_db()
    assert not token.is_live(timezone.now())
    assert sees_nothing(cast.bob, cast.north, token)
    assert not sees_nothing(cast.alice, cast.north)
    [entry] = entries("member.left")
    assert entry.additional_data == {"tokens": 1, "invitations": 0}
    assert "- mine" in letters_to(cast.alice.email)
    assert "were removed" not in letters_to(cast.alice.email)
    assert "ended your role" in letters_to(cast.bob.email)
    assert orphans() == 0


def test_a_token_of_another_seller_stays(cast: Cast) -> None:
    membership = member(cast.south, "eve", Role.ANALYST)
    stays = token_of(membership.user, cast.south)
    goes = token_of(cast.bob, cast.north)
    remove(cast.alice, of(cast.bob, cast.north))
    stays.refresh_from_db()
    goes.refresh_from_db()
    assert stays.is_live(timezone.now())
    assert not goes.is_live(timezone.now())


def test_a_lowered_role_narrows_the_token(cast: Cast) -> None:
    token = token_of(cast.bob, cast.north)
    assert not sees_nothing(cast.bob, cast.north, token)
    token.permissions = ["view_catalog"]
    token.save()
    change(cast.alice, of(cast.bob, cast.north), Role.SHIPPING)
    token.refresh_from_db()
    with pytest.raises(Http404):
        standing_at(cast.bob, "north", now=timezone.now(), token=token)


@pytest.mark.parametrize("step", ["role", "remove"])
@pytest.mark.parametrize("who", ["manager", "bob", "charlie", "olga", "carl"])
def test_who_isnt_owner_here_changes_nothing(cast: Cast, who: str, step: str) -> None:
    mary = member(cast.north, "mary", Role.MANAGER)
    actor = mary.user if who == "manager" else getattr(cast, who)
    before = list(Membership.objects.order_by("pk").values())
    refused = 403 if who in ("manager", "bob") else 404
    client = signed_in(actor)
    for target in (of(cast.alice, cast.north), of(cast.bob, cast.north), mary):
        path = path_of(target, step)
        assert client.get(path).status_code == refused
        assert client.post(path, {"role": "owner"}).status_code == refused
        with pytest.raises((PermissionDenied, Http404)):
            change(actor, target, Role.OWNER)
        with pytest.raises((PermissionDenied, Http404)):
            remove(actor, target)
    assert list(Membership.objects.order_by("pk").values()) == before


def test_a_member_of_another_seller_is_as_unknown_as_nobody(cast: Cast) -> None:
    client, foreign = signed_in(cast.alice), of(cast.charlie, cast.south)
    for step in ("role", "remove"):
        answer = client.post(path_of(foreign, step), {"role": "viewer"})
        unknown = client.post(
            path_of(foreign, step).replace(str(foreign.pk), str(cast.north.pk)),
            {"role": "viewer"},
        )
        assert answer.status_code == unknown.status_code == 404
        assert answer.content == unknown.content
    take_back = f"/s/north/team/invitations/{foreign.pk}/take-back"
    assert client.post(take_back).status_code == 404
    foreign.refresh_from_db()
    assert foreign.role == Role.OWNER


def test_an_invitation_of_another_seller_cant_be_taken_back(cast: Cast) -> None:
    invitation = invited(cast, "dora@example.test")
    path = f"/s/south/team/invitations/{invitation.pk}/take-back"
    assert signed_in(cast.charlie).post(path).status_code == 404
    invitation.refresh_from_db()
    assert invitation.ended_at is None


def test_nobody_changes_or_removes_themself_there(cast: Cast) -> None:
    member(cast.north, "eve", Role.OWNER)
    client, own = signed_in(cast.alice), of(cast.alice, cast.north)
    answer = client.post(path_of(own, "role"), {"role": "viewer"})
    assert answer.status_code == 400
    assert "Nobody changes their own role" in answer.content.decode()
    answer = client.post(path_of(own, "remove"))
    assert answer.status_code == 400
    own.refresh_from_db()
    assert own.role == Role.OWNER


def test_a_role_that_doesnt_exist_is_refused(cast: Cast) -> None:
    client, bob = signed_in(cast.alice), of(cast.bob, cast.north)
    for role in ("king", "", "officer"):
        answer = client.post(path_of(bob, "role"), {"role": role})
        assert answer.status_code == 400
    assert client.post(path_of(bob, "role"), {"role": "viewer"}).status_code == 400
    assert entries("member.role_changed") == []


def test_dangerous_steps_ask_for_the_second_factor_again(cast: Cast) -> None:
    client, bob = signed_in(cast.alice, confirmed=False), of(cast.bob, cast.north)
    for path, sent in (
        ("/s/north/team/invite", {"email": "d@example.test", "role": "owner"}),
        (path_of(bob, "role"), {"role": "owner"}),
        (path_of(bob, "remove"), {}),
        ("/s/north/leave", {}),
    ):
        answer = client.post(path, sent)
        assert answer["Location"].startswith("/account/confirm/code"), path
    assert client.get("/s/north/team").status_code == 200
    bob.refresh_from_db()
    assert bob.role == Role.VIEWER
    assert not cast.north.invitations.exists()


def test_the_last_owner_stays(cast: Cast) -> None:
    client = signed_in(cast.alice)
    assert "only owner" in client.get("/s/north/leave").content.decode()
    answer = client.post("/s/north/leave")
    assert answer.status_code == 400
    assert "Make somebody else Owner first" in answer.content.decode()
    with pytest.raises(ValidationError):
        leave_seller(actor=cast.alice, seller=cast.north, now=timezone.now())
    assert rights(cast.alice, cast.north) == {r.value for r in PERMISSIONS[Role.OWNER]}


def test_an_owner_who_cant_sign_in_any_more_isnt_another_owner(cast: Cast) -> None:
    eve = member(cast.north, "eve", Role.OWNER)
    eve.user.is_active = False
    eve.user.save()
    with pytest.raises(ValidationError, match="without an owner"):
        leave_seller(actor=cast.alice, seller=cast.north, now=timezone.now())
    remove(cast.alice, eve)


def test_a_member_goes_by_choice(cast: Cast) -> None:
    browser = Client()
    enter(browser, cast.bob.email)
    client = signed_in(cast.bob)
    assert "Leave North?" in client.get("/s/north/leave").content.decode()
    answer = client.post("/s/north/leave", follow=True)
    assert "You have left North" in answer.content.decode()
    assert browser.get("/s/north/")["Location"].startswith("/sign-in")
    assert sees_nothing(cast.bob, cast.north)
    [entry] = entries("member.left")
    assert entry.actor_id == cast.bob.pk
    assert signed_in(cast.olga).get("/s/north/leave").status_code == 404
    assert signed_in(cast.charlie).post("/s/north/leave").status_code == 404


def test_nobody_gives_back_a_role_they_never_had(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        leave_seller(actor=cast.charlie, seller=cast.north, now=timezone.now())
