"""Amazon's rules for passwords, each at its limit (Data Protection Policy 1.4.1)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.passwords import is_too_old
from plugseller.accounts.services.passwords import change_password
from tests.conftest import NOW, PASSWORD, Cast, code_of, enter, signed_in
from tests.plugseller.accounts.helpers import (
    ANOTHER,
    entries,
    mailed_code,
    subjects,
)

LEAST = settings.PASSWORD_LEAST_LENGTH


def passes(password: str, user: User | None = None) -> bool:
    try:
        validate_password(password, user)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("length", [LEAST - 1, LEAST, LEAST + 1])
def test_the_least_length(length: int) -> None:
    password = ("Zq7-" + "vwkxjnpy" * 4)[:length]
    assert passes(password) == (length >= LEAST)


@pytest.mark.parametrize("missing", range(5))
def test_four_classes_of_characters(missing: int) -> None:
    kinds = ["VWKX", "vwkxjn", "7391", "-+!."]
    password = "".join(kind for n, kind in enumerate(kinds) if n != missing)
    password = password if missing == 4 else password * 2
    assert passes(password) == (missing == 4)


@pytest.mark.parametrize("bad", ["Alice-Example-1!", "ALICE@example.test1"])
def test_not_the_own_name_or_address(bad: str) -> None:
    person = User(email="alice@example.test", name="Alice Example")
    assert not passes(bad, person)


def test_a_common_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="too common"):
        validate_password("password1234")


def test_none_of_the_last_ones(cast: Cast) -> None:
    kept = settings.PASSWORD_HISTORY
    old = [PASSWORD, *(f"Vwk-{n:03}-Xjnpyq" for n in range(kept))]
    for password in old[1:]:
        change_password(person=cast.alice, password=password, now=NOW)
    alice = User.objects.get(pk=cast.alice.pk)
    assert [passes(password, alice) for password in old] == [True] + [False] * kept
    assert alice.used_passwords.count() == kept


def change(client: Client, new: str = ANOTHER) -> Any:
    given = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    return client.post("/account/password", given)


def aged(person: User, age: timedelta) -> User:
    User.objects.filter(pk=person.pk).update(password_set_at=timezone.now() - age)
    person.refresh_from_db()
    return person


@pytest.mark.parametrize("more", [-2, 1])
def test_it_isnt_changed_again_before_the_least_age(cast: Cast, more: int) -> None:
    age = settings.PASSWORD_LEAST_AGE + timedelta(seconds=more)
    answer = change(signed_in(aged(cast.alice, age)))
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(ANOTHER) == (more > 0)
    if more < 0:
        assert "can be changed again from" in answer.content.decode()


@pytest.mark.parametrize("less", [-1, 0, 1])
def test_the_greatest_age(cast: Cast, less: int) -> None:
    greatest = settings.PASSWORD_GREATEST_AGE
    cast.alice.password_set_at = NOW - greatest + timedelta(seconds=less)
    assert is_too_old(cast.alice, now=NOW) == (less <= 0)


def test_an_old_password_leads_to_its_change_and_nowhere_else(cast: Cast) -> None:
    aged(cast.alice, settings.PASSWORD_GREATEST_AGE)
    client = Client()
    enter(client, cast.alice.email)
    for page in ("/", "/s/north/", "/account/factors", "/account/e-mail"):
        assert client.get(page)["Location"] == "/account/password", page
    assert client.get("/account/password").status_code == 200
    assert change(client)["Location"] == "/sign-in"
    cast.alice.refresh_from_db()
    assert not is_too_old(cast.alice, now=timezone.now())


def test_changing_it_needs_the_second_factor_just_shown(cast: Cast) -> None:
    aged(cast.alice, timedelta(days=2))
    asked = change(signed_in(cast.alice, confirmed=False))
    assert asked["Location"].startswith("/account/confirm/code")
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)


def test_changing_it_ends_every_session_and_no_token(cast: Cast) -> None:
    aged(cast.alice, timedelta(days=2))
    here, there = signed_in(cast.alice), Client()
    enter(there, cast.alice.email)
    token, _ = ApiToken.objects.create(  # type: ignore[no-untyped-call]  # knox
        user=cast.alice, seller=cast.north, label="x", permissions=[]
    )
    assert there.get("/s/north/").status_code == 200
    assert change(here)["Location"] == "/sign-in"
    for client in (here, there):
        assert client.get("/s/north/")["Location"].startswith("/sign-in")
    assert not UserSession.objects.filter(user=cast.alice).exists()
    assert ApiToken.objects.filter(pk=token.pk).exists()
    [entry] = entries("password.changed")
    assert entry.actor_id == cast.alice.pk
    assert "Your password was changed" in subjects(cast.alice.email)


def test_the_wrong_old_password_changes_nothing(cast: Cast) -> None:
    aged(cast.alice, timedelta(days=2))
    given = {"oldpassword": "Wrong-1-wrong", "password1": ANOTHER, "password2": ANOTHER}
    signed_in(cast.alice).post("/account/password", given)
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(PASSWORD)


def forget(client: Client, email: str) -> Any:
    return client.post("/forgotten", {"email": email}, follow=True)


def test_a_forgotten_one_is_chosen_anew_at_once_and_signs_nobody_in(cast: Cast) -> None:
    elsewhere = Client()
    enter(elsewhere, cast.alice.email)
    client = Client()
    forget(client, cast.alice.email)
    code = mailed_code(cast.alice.email)
    answer = client.post("/forgotten/code", {"code": code}, follow=True)
    assert answer.request["PATH_INFO"] == "/forgotten/new"
    given = {"password1": ANOTHER, "password2": ANOTHER}
    done = client.post("/forgotten/new", given, follow=True)
    assert done.request["PATH_INFO"] == "/forgotten/done"
    assert client.get("/s/north/")["Location"].startswith("/sign-in")
    assert elsewhere.get("/s/north/")["Location"].startswith("/sign-in")
    cast.alice.refresh_from_db()
    assert cast.alice.check_password(ANOTHER)
    assert len(entries("password.reset")) == 1
    assert "Your password was chosen anew" in subjects(cast.alice.email)


def test_a_sign_in_under_way_ends_with_the_password_it_began_with(cast: Cast) -> None:
    thief, client = Client(), Client()
    thief.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
    forget(client, cast.alice.email)
    client.post("/forgotten/code", {"code": mailed_code(cast.alice.email)})
    client.post("/forgotten/new", {"password1": ANOTHER, "password2": ANOTHER})
    answer = thief.post("/sign-in/code", {"code": code_of(cast.alice.email)})
    assert answer["Location"] == "/sign-in"
    assert "_auth_user_id" not in thief.session
    assert not entries("person.signed_in")


def test_a_reset_keeps_to_the_rules(cast: Cast) -> None:
    client = Client()
    forget(client, cast.alice.email)
    client.post("/forgotten/code", {"code": mailed_code(cast.alice.email)})
    for bad in (PASSWORD, "short", "alllowercaseletters"):
        client.post("/forgotten/new", {"password1": bad, "password2": bad})
        cast.alice.refresh_from_db()
        assert cast.alice.check_password(PASSWORD)
    assert not entries("password.reset")


def test_a_reset_tells_nobody_who_is_registered(cast: Cast) -> None:
    told = set()
    for email in (cast.alice.email, "nobody@example.test"):
        client = Client()
        page = forget(client, email)
        told.add((page.status_code, page.content.decode().replace(email, "")))
        for _ in range(2):
            wrong = client.post("/forgotten/code", {"code": "WRONG1"})
            told.add((wrong.status_code, wrong.content.decode().replace(email, "")))
    stripped = {(s, _without_token(text)) for s, text in told}
    assert len(stripped) == 2  # the page, and the page with its refusal


def _without_token(text: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", text)
