"""Second factors: everybody has one, sealed, used once, and never loses the last."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plugseller.accounts.enrolling import enrolling
from plugseller.accounts.guard import has_second_factor
from plugseller.accounts.models import User
from plugseller.accounts.services import create_person, reset_factors
from tests.conftest import PASSWORD, SECRETS, Cast, code_of, enter, signed_in
from tests.plugseller.accounts.helpers import code_for, entries, subjects

LASTS = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def newcomer() -> tuple[User, Client]:
    """Somebody who just typed the password and has no second factor."""
    person = create_person(actor=None, email="nina@example.test", password=PASSWORD)
    client = Client()
    client.post("/sign-in", {"login": person.email, "password": PASSWORD})
    return person, client


def secret_on(page: Any) -> str:
    found = re.search(r'id="authenticator_secret">([A-Z2-7]+)<', page.content.decode())
    assert found
    return found[1]


def test_the_password_alone_opens_only_the_pages_that_set_one_up(db: None) -> None:
    _, client = newcomer()
    for path in ("/", "/account/factors", "/account/sessions", "/admin/", "/nowhere"):
        assert client.get(path)["Location"] == "/account/factors/app", path
    for path in ("/account/factors/app", "/account/factors/keys/add"):
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("later", [-5, 5])
def test_the_password_is_asked_for_again_after_a_while(db: None, later: int) -> None:
    _, client = newcomer()
    session = client.session
    records = session["account_authentication_methods"]
    records[-1]["at"] = time.time() - LASTS - later
    session["account_authentication_methods"] = records
    session.save()
    answer = client.get("/account/factors/app")
    assert answer.status_code == (200 if later < 0 else 302)
    if later > 0:
        assert answer["Location"].startswith("/account/confirm?")
        confirmed = client.post(answer["Location"], {"password": PASSWORD}, follow=True)
        assert confirmed.request["PATH_INFO"] == "/account/factors/app"
        assert confirmed.status_code == 200


@pytest.mark.django_db(transaction=True)  # allauth tells of it after the commit
def test_setting_up_an_app_shows_the_codes_once() -> None:
    person, client = newcomer()
    secret = secret_on(client.get("/account/factors/app"))
    page = client.post("/account/factors/app", {"code": code_for(secret)}, follow=True)
    assert page.request["PATH_INFO"] == "/account/factors/codes"
    codes = re.findall(r"<li>(\d{8})</li>", page.content.decode())
    assert len(codes) == 10
    again = client.get("/account/factors/codes").content.decode()
    assert not any(code in again for code in codes)
    assert client.get("/account/factors/codes/download").status_code == 403
    assert has_second_factor(person)
    kinds = [e.additional_data["kind"] for e in entries("second_factor.added")]
    assert sorted(kinds) == ["recovery_codes", "totp"]
    assert subjects(person.email).count("A second factor was added to your account")


def test_a_wrong_code_sets_nothing_up(db: None) -> None:
    person, client = newcomer()
    client.get("/account/factors/app")
    client.post("/account/factors/app", {"code": "000000"})
    assert not has_second_factor(person)


def test_the_secret_is_sealed_in_its_table_and_in_the_session(db: None) -> None:
    person, client = newcomer()
    secret = secret_on(client.get("/account/factors/app"))
    row = Session.objects.get(pk=client.session.session_key).session_data
    assert secret not in str(row)
    assert str(person.pk) not in str(row)
    client.post("/account/factors/app", {"code": code_for(secret)})
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        stored = str(cursor.fetchall())
    assert secret not in stored
    assert '"secret": "' in stored


def test_a_code_is_taken_once_as_long_as_it_could_be_good(cast: Cast) -> None:
    code = code_of(cast.alice.email)
    given = {"login": cast.alice.email, "password": PASSWORD}
    first, second, third = Client(), Client(), Client()
    for client in (first, second, third):
        client.post("/sign-in", given)
    assert first.post("/sign-in/code", {"code": code})["Location"] == "/"
    assert second.post("/sign-in/code", {"code": code}).status_code == 200
    # allauth's own memory of it ends after 30 seconds, while the code is good for 90.
    cache.delete(f"allauth.mfa.totp.used?user={cast.alice.pk}&code={code}")
    assert (
        third.post("/sign-in/code", {"code": f" {code[:3]} {code[3:]}"}).status_code
        == 200
    )
    assert "_auth_user_id" not in third.session


def test_the_code_that_set_it_up_doesnt_sign_in(db: None) -> None:
    person, client = newcomer()
    secret = secret_on(client.get("/account/factors/app"))
    code = code_for(secret)
    client.post("/account/factors/app", {"code": code})
    other = Client()
    other.post("/sign-in", {"login": person.email, "password": PASSWORD})
    assert other.post("/sign-in/code", {"code": code}).status_code == 200


@pytest.mark.parametrize("steps", [-2, -1, 0, 1, 2])
def test_a_clock_may_differ_by_the_tolerance(cast: Cast, steps: int) -> None:
    client = Client()
    client.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
    code = code_for(SECRETS[cast.alice.email], steps)
    answer = client.post("/sign-in/code", {"code": code})
    good = abs(steps) <= settings.MFA_TOTP_TOLERANCE
    assert answer.status_code == (302 if good else 200)


def test_a_recovery_code_works_once_and_is_told(cast: Cast) -> None:
    with enrolling(cast.alice):
        codes = RecoveryCodes.activate(cast.alice).get_unused_codes()
    for expected in (302, 200):
        client = Client()
        client.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
        answer = client.post("/sign-in/code", {"code": codes[0]})
        assert answer.status_code == expected
    [entry] = entries("recovery_code.used")
    assert entry.additional_data == {"left": 9}
    assert "A recovery code of your account was used" in subjects(cast.alice.email)


DANGEROUS = [
    ("/account/factors/app/remove", {}),
    ("/account/factors/keys/add", {}),
    ("/account/factors/codes", None),
    ("/account/factors/codes/new", {}),
    ("/account/password", {}),
    ("/account/e-mail", {"email": "x@example.test", "action_add": "1"}),
]


@pytest.mark.parametrize(("path", "data"), DANGEROUS)
def test_changing_how_one_signs_in_asks_for_the_factor(
    cast: Cast, path: str, data: dict[str, str] | None
) -> None:
    client = signed_in(cast.alice, confirmed=False)
    answer = client.get(path) if data is None else client.post(path, data)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/confirm/code?next=")
    assert Client().get(path)["Location"].startswith("/sign-in?next=")


def test_the_password_alone_confirms_nothing_once_there_is_a_factor(cast: Cast) -> None:
    client = signed_in(cast.alice, confirmed=False)
    answer = client.post("/account/confirm", {"password": PASSWORD})
    assert answer["Location"].startswith("/account/confirm/code")
    answer = client.get("/account/factors/app/remove")
    assert answer["Location"].startswith("/account/confirm/code")
    done = client.post(answer["Location"], {"code": code_of(cast.alice.email)})
    assert done["Location"] == "/account/factors/app/remove"


def test_the_last_one_cant_be_removed(cast: Cast) -> None:
    with enrolling(cast.alice):
        RecoveryCodes.activate(cast.alice)  # doesn't count
    client = signed_in(cast.alice)
    page = client.post("/account/factors/app/remove")
    assert "your only second factor" in page.content.decode()
    assert has_second_factor(cast.alice)


def key_of(person: User) -> Authenticator:
    made: Authenticator = Authenticator.objects.create(
        user=person, type="webauthn", data={"name": "Key", "credential": {}}
    )
    return made


def test_with_two_one_may_go_and_then_the_other_stays(cast: Cast) -> None:
    key = key_of(cast.alice)
    client = signed_in(cast.alice)
    client.post("/account/factors/app/remove")
    assert not Authenticator.objects.filter(user=cast.alice, type="totp").exists()
    page = client.post(reverse("mfa_remove_webauthn", args=[key.pk]), follow=True)
    assert "your only second factor" in page.content.decode()
    assert has_second_factor(cast.alice)
    [entry] = entries("second_factor.removed")
    assert entry.additional_data == {"kind": "totp"}
    assert "A second factor was removed from your account" in subjects(cast.alice.email)


def test_the_key_of_somebody_else_isnt_there(cast: Cast) -> None:
    key = key_of(cast.bob)
    client = signed_in(cast.alice)
    for path in (f"/account/factors/keys/{key.pk}", "/account/factors/keys/999999"):
        for step in (path, f"{path}/remove"):
            assert client.post(step, {"name": "x"}).status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_an_officer_takes_them_from_who_lost_them(cast: Cast) -> None:
    client = Client()
    enter(client, cast.bob.email)
    now = timezone.now()
    for actor, person in ((cast.olga, cast.bob), (cast.carl, cast.carl)):
        with pytest.raises(PermissionDenied):
            reset_factors(actor=actor, person=person, now=now)
    page = f"/admin/accounts/user/{cast.bob.pk}/"
    assert "Take the second factors" in (
        signed_in(cast.carl).get(f"{page}change/").content.decode()
    )
    assert signed_in(cast.olga).post(f"{page}reset/").status_code == 403
    signed_in(cast.carl).post(f"{page}reset/")
    assert not has_second_factor(cast.bob)
    assert client.get("/s/north/")["Location"].startswith("/sign-in")
    [entry] = entries("second_factors.reset")
    assert entry.actor_id == cast.carl.pk
    assert "Your second factors were taken away" in subjects(cast.bob.email)


def test_confirming_lasts_five_minutes_and_no_longer(cast: Cast) -> None:
    for late, opens in ((-5, True), (5, False)):
        client = signed_in(cast.alice)
        session = client.session
        at = timezone.now() - timedelta(seconds=LASTS + late)
        session["account_authentication_methods"] = [
            {"method": "mfa", "type": "totp", "at": at.timestamp()}
        ]
        session.save()
        answer = client.get("/account/e-mail")
        assert (answer.status_code == 200) == opens
