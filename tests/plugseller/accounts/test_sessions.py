"""Sessions: new at sign-in, over by two clocks, ended from afar, nothing in them."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from plugseller.accounts import sessions
from plugseller.accounts.models import User
from tests.conftest import PASSWORD, Cast, code_of, enter, signed_in
from tests.plugseller.accounts.helpers import entries, stamp

SECOND = timedelta(seconds=1)


def is_in(client: Client, path: str) -> bool:
    return client.get(path).status_code == 200


@pytest.mark.parametrize("who", ["alice", "carl"])
@pytest.mark.parametrize("late", [-5, 0, 5])
def test_a_session_that_is_left_alone_is_over(cast: Cast, who: str, late: int) -> None:
    idle = settings.SESSION_IDLE_STAFF if who == "carl" else settings.SESSION_IDLE
    path = "/admin/" if who == "carl" else "/s/north/"
    client = signed_in(getattr(cast, who))
    stamp(client, "seen_at", timezone.now() - idle - late * SECOND)
    assert is_in(client, path) == (late < 0)
    assert is_in(client, path) == (late < 0)  # it doesn't come back


@pytest.mark.parametrize("late", [-5, 0, 5])
def test_a_session_in_use_is_over_after_its_longest(cast: Cast, late: int) -> None:
    client = signed_in(cast.alice)
    began = timezone.now() - settings.SESSION_LONGEST - late * SECOND
    stamp(client, "signed_in_at", began)
    assert is_in(client, "/s/north/") == (late < 0)


def test_using_it_sets_the_idle_clock_back_and_not_the_other(cast: Cast) -> None:
    client = signed_in(cast.alice)
    began = client.session["signed_in_at"]
    stamp(client, "seen_at", timezone.now() - settings.SESSION_IDLE / 2)
    client.get("/s/north/")
    assert timezone.now().timestamp() - client.session["seen_at"] < 60
    assert client.session["signed_in_at"] == began


def test_each_step_of_signing_in_takes_another_key(cast: Cast) -> None:
    client = Client()
    client.get("/sign-in")
    keys = [client.session.session_key]
    client.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
    assert client.get("/s/north/").status_code == 302  # half-way is outside
    client.post("/sign-in/code", {"code": code_of(cast.alice.email)})
    keys.append(client.session.session_key)
    assert keys[0] != keys[1]
    old = Client()
    old.cookies[settings.SESSION_COOKIE_NAME] = str(keys[0])
    assert not is_in(old, "/s/north/")


def test_one_of_ones_own_sessions_is_ended_from_another(cast: Cast) -> None:
    here, there, charlies = Client(), signed_in(cast.bob), Client()
    enter(here, cast.alice.email)
    enter(charlies, cast.charlie.email)
    away = Client()
    away.force_login(cast.alice)
    other = UserSession.objects.create(
        user=cast.alice, session_key=str(away.session.session_key), ip="198.51.100.7"
    )
    foreign = UserSession.objects.get(user=cast.charlie)
    for number in (foreign.pk, 999_999, "x", "9" * 20, "9" * 5_000):
        assert here.post("/account/sessions", {"end": number}).status_code == 404
    assert is_in(charlies, "/s/south/")
    here.post("/account/sessions", {"end": other.pk})
    assert not is_in(away, "/s/north/")
    assert is_in(here, "/s/north/")
    assert is_in(there, "/s/north/")
    assert [e.rows for e in entries("sessions.ended")] == [1]


@pytest.mark.parametrize(("which", "stays"), [("others", True), ("all", False)])
def test_signing_out_everywhere(cast: Cast, which: str, stays: bool) -> None:
    here, away, bobs = Client(), Client(), Client()
    enter(here, cast.alice.email)
    away.force_login(cast.alice)
    UserSession.objects.create(
        user=cast.alice, session_key=str(away.session.session_key), ip="198.51.100.7"
    )
    enter(bobs, cast.bob.email)
    here.post("/account/sessions", {"end": which})
    assert is_in(here, "/s/north/") == stays
    assert not is_in(away, "/s/north/")
    assert is_in(bobs, "/s/north/")


def test_somebody_deactivated_is_out_at_once(cast: Cast) -> None:
    client = Client()
    enter(client, cast.alice.email)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    assert not is_in(client, "/s/north/")


def test_ending_them_all_ends_them_in_the_table(cast: Cast) -> None:
    client = Client()
    enter(client, cast.alice.email)
    key = client.session.session_key
    assert sessions.end_sessions(cast.alice) == 1
    assert not Session.objects.filter(pk=key).exists()


def test_what_a_session_holds_cant_be_read_from_the_table(cast: Cast) -> None:
    client = Client()
    enter(client, cast.alice.email)
    session = client.session
    session["mark"] = "CANARY-in-a-session"
    session.save()
    stored = str(Session.objects.get(pk=session.session_key).session_data)
    for word in ("CANARY", "_auth_user", str(cast.alice.pk), "account"):
        assert word not in stored
    assert client.session["mark"] == "CANARY-in-a-session"


def test_the_cookie_goes_with_the_browser_and_is_out_of_scripts_reach(
    cast: Cast,
) -> None:
    client = Client()
    enter(client, cast.alice.email)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["max-age"]
