"""An operator makes the first seller and its owner, without a demonstration."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from plugseller.accounts.models import Seller, User
from plugseller.accounts.services import set_up_app
from tests.conftest import PASSWORD, SECRETS, Cast, enter

GIVEN = {"slug": "west", "name": "West", "owner": "Wendy@Example.test"}


def make(monkeypatch: pytest.MonkeyPatch, typed: str, **changes: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    call_command("create_seller", **(GIVEN | changes), stdout=io.StringIO())


def test_the_owner_signs_in_and_sees_the_seller(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(monkeypatch, f"{PASSWORD}\n")
    given: dict[str, Any] = {"login": "wendy@example.test", "password": PASSWORD}
    page = Client().post("/sign-in", given, follow=True)
    assert page.request["PATH_INFO"] == "/account/factors/app"  # nothing before that
    owner = User.objects.get(email="wendy@example.test")
    SECRETS[owner.email] = set_up_app(owner)
    client = Client()
    enter(client, owner.email)
    assert client.get("/", follow=True).request["PATH_INFO"] == "/s/west/"
    assert owner.memberships.get().seller.slug == "west"
    assert not owner.is_staff


def test_the_owners_address_need_not_stand_in_an_argument(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = f"wendy@example.test\n{PASSWORD}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    given = {name: told for name, told in GIVEN.items() if name != "owner"}
    call_command("create_seller", **given, stdout=io.StringIO())
    assert User.objects.get(email="wendy@example.test").memberships.exists()


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("", {}),
        ("12345678\n", {}),
        (f"{PASSWORD}\n", {"owner": "no address"}),
        (f"{PASSWORD}\n", {"slug": "has space"}),
        (f"{PASSWORD}\n", {"slug": "north"}),
        (f"{PASSWORD}\n", {"time_zone": "Mars/Base"}),
    ],
)
def test_what_wont_do_makes_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, typed: str, changes: dict[str, str]
) -> None:
    before = (User.objects.count(), Seller.objects.count())
    with pytest.raises(CommandError, match="Nothing was made"):
        make(monkeypatch, typed, **changes)
    assert (User.objects.count(), Seller.objects.count()) == before


def test_a_person_who_is_known_keeps_the_password(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(monkeypatch, "Another-Password-1\n", owner="ALICE@example.test")
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)
    assert cast.alice.memberships.count() == 2
