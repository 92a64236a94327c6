"""An invitation is for who owns the address, once, at one seller, in time."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from plugseller.accounts.mailboxes import is_twin, proven_by, spelled, whose
from plugseller.accounts.models import Invitation, Membership, User
from plugseller.accounts.roles import PERMISSIONS, Role
from plugseller.accounts.services import (
    accept_invitation,
    invitations_of,
    invite,
    leave,
    take_back_invitation,
)
from tests.conftest import Cast, person, signed_in
from tests.plugseller.accounts.team import (
    entries,
    invited,
    letters_to,
    mails,
    mails_to,
    member,
    rights,
)

ADDRESS = "dora@example.test"


def accept(user: User, invitation: Invitation) -> Membership:
    return accept_invitation(actor=user, invitation=invitation, now=timezone.now())


def test_who_owns_the_address_accepts_and_has_the_role_and_nothing_else(
    cast: Cast,
) -> None:
    dora, invitation = person("dora"), invited(cast, "Dora@Example.TEST", Role.ANALYST)
    assert list(invitations_of(dora, now=timezone.now())) == [invitation]
    assert list(invitations_of(cast.charlie, now=timezone.now())) == []
    client = signed_in(dora)
    assert "North" in client.get("/").content.decode()
    answer = client.post(f"/invitations/{invitation.pk}/accept", follow=True)
    assert answer.request["PATH_INFO"] == "/s/north/"
    assert rights(dora, cast.north) == {r.value for r in PERMISSIONS[Role.ANALYST]}
    assert rights(dora, cast.south) == set()
    [made], [accepted] = entries("invitation.made"), entries("invitation.accepted")
    assert made.actor_id == cast.alice.pk
    assert accepted.actor_id == dora.pk
    assert accepted.seller_id == made.seller_id == cast.north.pk
    assert "example" not in f"{made.additional_data} {accepted.additional_data}"


def test_the_mail_holds_no_secret_and_nothing_the_sender_could_write(
    cast: Cast,
) -> None:
    cast.north.name = "Win a prize at evil.example"
    cast.north.save()
    invitation = invited(cast, ADDRESS)
    [text] = mails_to(ADDRESS)
    assert "sign in or sign up with this address" in " ".join(text.split())
    assert str(invitation.pk) not in text
    assert "evil.example" not in f"{mails()}"


def test_the_mail_doesnt_say_whether_the_address_is_known(cast: Cast) -> None:
    person("dora")
    invited(cast, ADDRESS)
    invited(cast, "nobody@example.test")
    known, unknown = mails_to(ADDRESS), mails_to("nobody@example.test")
    assert [t.replace("dora", "nobody") for t in known] == unknown


def test_another_address_gets_nowhere_whatever_it_posts(cast: Cast) -> None:
    invitation = invited(cast, ADDRESS)
    for who in (cast.charlie, cast.bob, cast.olga, cast.carl):
        client = signed_in(who)
        for step in ("accept", "decline"):
            answer = client.post(f"/invitations/{invitation.pk}/{step}")
            unknown = client.post(f"/invitations/{cast.north.pk}/{step}")
            assert answer.status_code == unknown.status_code == 404
            assert answer.content == unknown.content
        with pytest.raises(PermissionDenied):
            accept(who, invitation)
    invitation.refresh_from_db()
    assert invitation.ended_at is None
    anonymous = Client().post(f"/invitations/{invitation.pk}/accept")
    assert anonymous["Location"].startswith("/sign-in")


def test_an_address_that_isnt_verified_opens_nothing(cast: Cast) -> None:
    dora, invitation = person("dora"), invited(cast, ADDRESS)
    EmailAddress.objects.filter(user=dora).update(verified=False)
    assert list(invitations_of(dora, now=timezone.now())) == []
    with pytest.raises(PermissionDenied):
        accept(dora, invitation)


@pytest.mark.parametrize(
    ("invited_as", "verified", "same"),
    [
        ("mike@example.test", "MIKE@Example.Test", True),
        ("Mike@example.test", "mike@example.test", True),
        ("mike@example.test", "mıke@example.test", False),  # dotless i
        ("mike@example.test", "mİke@example.test", False),  # i with a dot
        ("mike@example.test", "ｍｉｋｅ@example.test", False),  # full-width
        ("kate@example.test", "\u212aate@example.test", False),  # Kelvin sign
        ("sam@example.test", "ſam@example.test", False),  # long s
        ("a@strasse.test", "a@straße.test", False),  # another domain
        ("ｍｉｋｅ@example.test", "mike@example.test", True),  # typed in full width
    ],
)
def test_twins_of_an_address_arent_the_address(
    cast: Cast, invited_as: str, verified: str, same: bool
) -> None:
    twin, invitation = person("twin"), invited(cast, invited_as)
    EmailAddress.objects.filter(user=twin).update(email=verified)
    User.objects.filter(pk=twin.pk).update(email=verified)
    twin.refresh_from_db()
    if same:
        assert accept(twin, invitation).user == twin
        return
    assert list(invitations_of(twin, now=timezone.now())) == []
    with pytest.raises(PermissionDenied):
        accept(twin, invitation)
    assert is_twin(verified) or spelled(verified) != invitation.email
    assert whose(invited_as) is None or is_twin(verified)


def test_a_look_up_by_address_never_finds_a_twin(cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(email="mıke@example.test")
    assert whose("mike@example.test") is None
    assert whose(" ALICE@example.test\n") == cast.alice


def test_it_works_once_and_at_no_other_seller(cast: Cast) -> None:
    dora, invitation = person("dora"), invited(cast, ADDRESS)
    accept(dora, invitation)
    with pytest.raises(ValidationError, match="already"):
        accept(dora, invitation)
    leave(actor=None, seller=cast.north, user=dora, now=timezone.now())
    with pytest.raises(ValidationError, match="is over"):
        accept(dora, invitation)
    invitation.seller = cast.south  # a crafted object changes nothing that is kept
    with pytest.raises(ValidationError, match="is over"):
        accept(dora, invitation)
    assert rights(dora, cast.north) == rights(dora, cast.south) == set()


def test_it_is_over_after_its_days(cast: Cast) -> None:
    dora, invitation = person("dora"), invited(cast, ADDRESS)
    last = invitation.invited_at + settings.INVITATION_LASTS
    assert invitation.expires_at == last
    assert list(invitations_of(dora, now=last - timedelta(seconds=1)))
    assert list(invitations_of(dora, now=last)) == []
    with pytest.raises(ValidationError, match="is over"):
        accept_invitation(actor=dora, invitation=invitation, now=last)


@pytest.mark.parametrize("step", ["decline", "take back"])
def test_what_was_declined_or_taken_back_cant_be_accepted(
    cast: Cast, step: str
) -> None:
    dora, invitation = person("dora"), invited(cast, ADDRESS)
    if step == "decline":
        client, path = signed_in(dora), f"/invitations/{invitation.pk}/decline"
    else:
        client = signed_in(cast.alice)
        path = f"/s/north/team/invitations/{invitation.pk}/take-back"
    assert client.post(path).status_code == 302
    with pytest.raises(ValidationError, match="is over"):
        accept(dora, invitation)
    assert rights(dora, cast.north) == set()
    event = "invitation.declined" if step == "decline" else "invitation.taken_back"
    assert len(entries(event)) == 1
    client.post(path)
    assert len(entries(event)) == 1


def test_a_second_one_to_the_same_address_waits_for_the_first(cast: Cast) -> None:
    first = invited(cast, ADDRESS)
    with pytest.raises(ValidationError, match="take that one back"):
        invited(cast, " DORA@example.test ", Role.MANAGER)
    assert len(mails_to(ADDRESS)) == 1
    take_back_invitation(actor=cast.alice, invitation=first, now=timezone.now())
    assert invited(cast, ADDRESS, Role.MANAGER).ended_at is None
    late = timezone.now() + settings.INVITATION_LASTS
    again = invite(
        actor=cast.alice, seller=cast.north, email=ADDRESS, role=Role.VIEWER, now=late
    )
    assert Invitation.objects.get(email=ADDRESS, ended_at=None) == again


def test_two_sellers_may_invite_the_same_person(cast: Cast) -> None:
    dora = person("dora")
    invited(cast, ADDRESS)
    invite(
        actor=cast.charlie,
        seller=cast.south,
        email=ADDRESS,
        role=Role.SHIPPING,
        now=timezone.now(),
    )
    page = signed_in(dora).get("/").content.decode()
    assert "North" in page
    assert "South" in page


def test_members_arent_invited_and_staff_cant_accept(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="belongs to the team"):
        invited(cast, "BOB@example.test", Role.OWNER)
    invitation = invited(cast, cast.olga.email)
    with pytest.raises(ValidationError, match="staff"):
        accept(cast.olga, invitation)
    answer = signed_in(cast.olga).post(
        f"/invitations/{invitation.pk}/accept", follow=True
    )
    assert "staff can" in answer.content.decode()
    assert not cast.olga.memberships.exists()


def test_what_a_member_offered_goes_with_the_member(cast: Cast) -> None:
    """Else a second address would be a way back in."""
    eve = member(cast.north, "eve", Role.OWNER)
    back_door = invite(
        actor=eve.user,
        seller=cast.north,
        email=ADDRESS,
        role=Role.OWNER,
        now=timezone.now(),
    )
    leave(actor=cast.alice, seller=cast.north, user=eve.user, now=timezone.now())
    with pytest.raises(ValidationError, match="is over"):
        accept(person("dora"), back_door)
    assert "taken back: 1" in letters_to(cast.alice.email)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST, Role.SHIPPING])
def test_only_owners_invite(cast: Cast, role: Role) -> None:
    mary = member(cast.north, "mary", role).user
    for actor, refusal in (
        (mary, PermissionDenied),
        (cast.bob, PermissionDenied),
        (cast.charlie, Http404),
        (cast.olga, Http404),
        (cast.carl, Http404),
    ):
        with pytest.raises(refusal):
            invite(
                actor=actor,
                seller=cast.north,
                email=ADDRESS,
                role=Role.OWNER,
                now=timezone.now(),
            )
    assert (
        signed_in(mary)
        .post("/s/north/team/invite", {"email": ADDRESS, "role": "owner"})
        .status_code
        == 403
    )
    assert not Invitation.objects.exists()
    assert mails() == []


def test_the_mails_of_a_day_are_few(cast: Cast, settings: Settings) -> None:
    settings.INVITATIONS_PER_DAY = 2
    for number in range(2):
        one = invited(cast, f"{number}@example.test")
        take_back_invitation(actor=cast.alice, invitation=one, now=timezone.now())
    with pytest.raises(ValidationError, match="tomorrow"):
        invited(cast, ADDRESS)
    later = timezone.now() + timedelta(days=1, minutes=1)
    assert invite(
        actor=cast.alice, seller=cast.north, email=ADDRESS, role=Role.VIEWER, now=later
    )


@pytest.mark.parametrize(
    "sent",
    [
        {"email": "no address", "role": "viewer"},
        {"email": ADDRESS, "role": "king"},
        {"email": ADDRESS},
        {"email": "bob@example.test", "role": "viewer"},
    ],
)
def test_a_wrong_form_says_so_and_sends_nothing(
    cast: Cast, sent: dict[str, str]
) -> None:
    answer = signed_in(cast.alice).post("/s/north/team/invite", sent)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert mails() == []


def test_who_is_gone_has_proven_nothing(cast: Cast) -> None:
    assert proven_by(cast.bob) == {"bob@example.test"}
    cast.bob.is_active = False
    assert proven_by(cast.bob) == frozenset()
