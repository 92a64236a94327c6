"""What a person who belongs nowhere finds, and a seller of one's own."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import PERMISSIONS, Role
from plugseller.accounts.services import open_seller
from tests.conftest import Cast, person, signed_in
from tests.plugseller.accounts.team import entries, invited, of, rights

GIVEN = {"name": "Dora's Mugs", "slug": "doras-mugs", "time_zone": "Europe/Istanbul"}


@pytest.fixture
def dora(cast: Cast) -> User:
    return person("dora")


def test_a_person_makes_a_seller_and_owns_it(cast: Cast, dora: User) -> None:
    client = signed_in(dora)
    home = client.get("/").content.decode()
    assert "/sellers/new" in home
    assert "don't belong to a seller yet" in home.replace("&#x27;", "'")
    answer = client.post("/sellers/new", GIVEN, follow=True)
    assert answer.request["PATH_INFO"] == "/s/doras-mugs/"
    made = Seller.objects.get(slug="doras-mugs")
    assert (made.name, made.time_zone) == ("Dora's Mugs", "Europe/Istanbul")
    assert rights(dora, made) == {r.value for r in PERMISSIONS[Role.OWNER]}
    assert of(dora, made).role == Role.OWNER
    assert made.memberships.count() == 1
    assert rights(dora, cast.north) == set()
    assert signed_in(cast.alice).get("/s/doras-mugs/").status_code == 404
    assert entries("seller.created")[-1].actor_id == dora.pk


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slug": "north"}, "is taken"),
        ({"slug": "NORTH"}, "is taken"),
        ({"slug": "support"}, "kept for us"),
        ({"slug": "Amazon"}, "kept for us"),
        ({"slug": "has space"}, "errorlist"),
        ({"slug": "../admin"}, "errorlist"),
        ({"name": ""}, "errorlist"),
        ({"name": "two\nlines"}, "one line"),
        ({"name": "x" * 151}, "errorlist"),
        ({"time_zone": "Mars/Base"}, "errorlist"),
        ({"name": "日本", "slug": ""}, "Give a short name"),
    ],
)
def test_what_wont_do_is_said_in_words(
    dora: User, changes: dict[str, str], told: str
) -> None:
    answer = signed_in(dora).post("/sellers/new", GIVEN | changes)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not dora.memberships.exists()
    assert Seller.objects.count() == 2


def test_a_short_name_is_made_from_the_name(dora: User) -> None:
    client = signed_in(dora)
    client.post("/sellers/new", GIVEN | {"name": "North", "slug": ""})
    client.post("/sellers/new", GIVEN | {"name": "Support", "slug": ""})
    slugs = {one.seller.slug for one in dora.memberships.all()}
    assert slugs == {"north-2", "support-2"}


def test_a_person_makes_only_a_few_a_day(
    cast: Cast, dora: User, settings: Settings
) -> None:
    settings.SELLERS_PER_DAY = 2
    client = signed_in(dora)
    for number in range(2):
        client.post("/sellers/new", GIVEN | {"slug": f"mugs-{number}"})
        client.post(f"/s/mugs-{number}/leave")  # leaving doesn't win another one
    answer = client.post("/sellers/new", GIVEN)
    assert answer.status_code == 400
    assert "Try again tomorrow" in answer.content.decode()
    given = {"name": "More", "slug": "more", "time_zone": "UTC"}
    with pytest.raises(ValidationError):
        open_seller(actor=dora, now=timezone.now(), **given)
    later = timezone.now() + timedelta(days=1, minutes=1)
    assert open_seller(actor=dora, now=later, **given)
    assert signed_in(cast.bob).post("/sellers/new", GIVEN).status_code == 302


def test_our_staff_and_who_left_make_none(cast: Cast) -> None:
    client = signed_in(cast.olga)
    assert client.get("/sellers/new").status_code == 403
    assert client.post("/sellers/new", GIVEN).status_code == 403
    assert "/sellers/new" not in client.get("/").content.decode()
    given = {"name": "More", "slug": "more", "time_zone": "UTC"}
    with pytest.raises(ValidationError, match="staff"):
        open_seller(actor=cast.olga, now=timezone.now(), **given)
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        open_seller(actor=cast.bob, now=timezone.now(), **given)
    assert Client().get("/sellers/new")["Location"].startswith("/sign-in")
    assert Seller.objects.count() == 2


def test_home_goes_straight_on_unless_something_waits(cast: Cast) -> None:
    client = signed_in(cast.charlie)
    assert client.get("/")["Location"] == "/s/south/"
    invitation = invited(cast, cast.charlie.email, Role.ANALYST)
    page = client.get("/").content.decode()
    assert f"/invitations/{invitation.pk}/accept" in page
    assert "alice@example.test" in page
    client.post(f"/invitations/{invitation.pk}/decline")
    assert client.get("/")["Location"] == "/s/south/"
    assert rights(cast.charlie, cast.north) == set()


def test_an_invitation_is_shown_to_nobody_else(cast: Cast, dora: User) -> None:
    invitation = invited(cast, dora.email)
    for other in (cast.charlie, cast.bob, cast.olga):
        page = signed_in(other).get("/", follow=True).content.decode()
        assert str(invitation.pk) not in page
