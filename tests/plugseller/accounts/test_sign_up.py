"""Signing up: only with one's own address, and nobody learns who is here already."""

import re
import statistics
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from plugseller.accounts.models import User
from tests.conftest import PASSWORD, Cast, enter, signed_in
from tests.plugseller.accounts.helpers import entries, mailed_code, mails, subjects

NEW = "nina@example.test"


def sign_up(client: Client, email: str = NEW, password: str = PASSWORD) -> Any:
    given = {"email": email, "password1": password}
    return client.post("/sign-up", given, follow=True)


def without_marks(page: Any, email: str) -> str:
    text = page.content.decode().replace(email, "")
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", text)


def test_nothing_opens_before_the_address_is_verified(db: None) -> None:
    client = Client()
    page = sign_up(client)
    assert page.request["PATH_INFO"] == "/sign-up/code"
    assert client.get("/")["Location"].startswith("/sign-in")
    again = Client()
    again.post("/sign-in", {"login": NEW, "password": PASSWORD})
    assert again.get("/")["Location"].startswith("/sign-in")
    assert "_auth_user_id" not in again.session
    assert not EmailAddress.objects.get(email=NEW).verified


@pytest.mark.parametrize(
    "bad", [f"{'x' * 250}@x.test", '"http://evil.example/pay\\ now"@x.test']
)
def test_an_address_is_short_and_no_sentence(cast: Cast, bad: str) -> None:
    assert sign_up(Client(), bad).request["PATH_INFO"] == "/sign-up"
    assert not User.objects.filter(email=bad).exists()
    signed_in(cast.alice).post("/account/e-mail", {"email": bad, "action_add": ""})
    assert not EmailAddress.objects.filter(email=bad).exists()
    assert mails(bad) == []


def test_a_wrong_code_verifies_nothing_and_three_end_it(db: None) -> None:
    client = Client()
    sign_up(client)
    right = mailed_code(NEW)
    for _ in range(3):
        client.post("/sign-up/code", {"code": "WRONG1"})
    client.post("/sign-up/code", {"code": right})
    assert not EmailAddress.objects.get(email=NEW).verified


def test_then_a_second_factor_comes_before_everything_else(db: None) -> None:
    client = Client()
    sign_up(client)
    page = client.post("/sign-up/code", {"code": mailed_code(NEW)}, follow=True)
    assert page.request["PATH_INFO"] == "/account/factors/app"
    assert page.status_code == 200
    for path in ("/", "/account/factors", "/account/password", "/admin/", "/s/north/"):
        assert client.get(path)["Location"] == "/account/factors/app", path
    assert [e.event for e in entries("person.signed_up")] == ["person.signed_up"]


def test_an_address_that_is_taken_looks_like_one_that_isnt(cast: Cast) -> None:
    seen = []
    for email in (NEW, cast.alice.email, "ALICE@Example.test"):
        cache.clear()  # one mail in ten seconds, to whomever
        client = Client()
        pages = (
            sign_up(client, email),
            client.post("/sign-up/code", {"code": "WRONG1"}),
            client.post("/sign-up/code", {"action": "resend"}, follow=True),
            client.post("/sign-up/code", {"action": "change", "email": "x@y.test"}),
            client.post("/sign-up/code", {"code": "WRONG1"}, follow=True),
        )
        seen.append(
            [
                (p.status_code, p.request["PATH_INFO"], without_marks(p, email.lower()))
                for p in pages
            ]
        )
    assert seen[0] == seen[1] == seen[2]
    assert subjects(cast.alice.email) == ["You have an account at Plug Seller"] * 2
    assert User.objects.filter(email__iexact=cast.alice.email).count() == 1


def test_a_weak_password_is_refused_before_anybody_is_looked_up(cast: Cast) -> None:
    pages = {
        without_marks(sign_up(Client(), email, "weak"), email)
        for email in (NEW, cast.alice.email)
    }
    assert len(pages) == 1
    assert not mails(cast.alice.email)


def test_both_take_the_time_of_one_hash(cast: Cast, settings: Any) -> None:
    """In the same class: far less than what hashing a password costs apart."""
    hasher = "django.contrib.auth.hashers.Argon2PasswordHasher"
    settings.PASSWORD_HASHERS = [hasher]
    took: dict[str, list[float]] = {"new": [], "taken": [], "known": [], "unknown": []}
    for n in range(5):
        for kind, path, given in (
            ("new", "/sign-up", {"email": f"n{n}@example.test"}),
            ("taken", "/sign-up", {"email": cast.bob.email}),
            ("known", "/sign-in", {"login": cast.charlie.email}),
            ("unknown", "/sign-in", {"login": f"u{n}@example.test"}),
        ):
            cast.charlie.set_password(PASSWORD)
            cast.charlie.save()
            client = Client(REMOTE_ADDR=f"198.51.100.{n + 1}")
            data = given | {"password1": PASSWORD, "password": "Wrong-1-wrong"}
            before = time.perf_counter()
            client.post(path, data)
            took[kind].append(time.perf_counter() - before)
    median = {kind: statistics.median(times) for kind, times in took.items()}
    for one, other in (("new", "taken"), ("known", "unknown")):
        assert 0.4 < median[one] / median[other] < 2.5, median


@pytest.mark.parametrize(
    "twin", ["ALICE@EXAMPLE.TEST", "alice@ExAmPlE.test", " alice@example.test "]
)
def test_a_twin_in_other_letters_is_the_same_account(cast: Cast, twin: str) -> None:
    sign_up(Client(), twin)
    assert User.objects.filter(email__icontains="alice").count() == 1


def test_a_dotless_twin_gets_neither_the_account_nor_its_mail(cast: Cast) -> None:
    sign_up(Client(), "al\u0131ce@example.test")
    client = Client()
    client.post("/forgotten", {"email": "al\u0131ce@example.test"})
    assert mails(cast.alice.email) == []


def test_an_account_made_with_a_foreign_address_goes_to_who_owns_it(db: None) -> None:
    """Somebody signs up with Nina's address first; she only has to say forgotten."""
    thief, nina = Client(), Client()
    sign_up(thief, NEW, "Thiefs-Password-1!")
    nina.post("/forgotten", {"email": NEW})
    nina.post("/forgotten/code", {"code": mailed_code(NEW)})
    nina.post("/forgotten/new", {"password1": PASSWORD, "password2": PASSWORD})
    given = {"login": NEW, "password": "Thiefs-Password-1!"}
    assert Client().post("/sign-in", given).status_code == 200
    assert Client().post("/sign-in", given | {"password": PASSWORD}).status_code == 302


def test_the_mails_name_our_own_address_whatever_the_host_header(
    cast: Cast, settings: Any
) -> None:
    settings.PUBLIC_ADDRESS = "https://seller.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    client = Client(headers=forged)
    sign_up(client, cast.alice.email)
    client.post("/forgotten", {"email": cast.alice.email})
    client.post("/forgotten", {"email": "nobody@example.test"})
    enter(Client(headers=forged), cast.alice.email)
    told = mails(cast.alice.email) + mails("nobody@example.test")
    assert len(told) >= 4
    for mail in told:
        assert "evil" not in mail["text"] + mail["subject"]
        assert "https://seller.example.org" in mail["text"]
        assert settings.CONTACT_ADDRESS in mail["text"]
        assert "<" not in mail["text"]


def test_a_new_address_takes_the_old_ones_place_once_verified(cast: Cast) -> None:
    client = signed_in(cast.alice)
    client.post("/account/e-mail", {"email": NEW, "action_add": "1"})
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.test"
    client.post("/sign-up/code", {"code": mailed_code(NEW)})
    cast.alice.refresh_from_db()
    assert cast.alice.email == NEW
    assert [a.email for a in EmailAddress.objects.filter(user=cast.alice)] == [NEW]
    told = "The e-mail address of your account was changed"
    assert told in subjects("alice@example.test")
    assert told in subjects(NEW)
    assert len(entries("email.changed")) == 1


def test_changing_the_address_needs_the_second_factor(cast: Cast) -> None:
    client = signed_in(cast.alice, confirmed=False)
    asked = client.post("/account/e-mail", {"email": NEW, "action_add": "1"})
    assert asked["Location"].startswith("/account/confirm/code")
    assert not mails(NEW)


def test_nobody_takes_the_address_of_somebody_else(cast: Cast) -> None:
    client = signed_in(cast.alice)
    page = client.post(
        "/account/e-mail", {"email": cast.bob.email, "action_add": "1"}, follow=True
    )
    assert page.request["PATH_INFO"] == "/sign-up/code"  # as for any other address
    client.post("/sign-up/code", {"code": mailed_code(cast.bob.email)})
    cast.alice.refresh_from_db()
    assert cast.alice.email == "alice@example.test"
