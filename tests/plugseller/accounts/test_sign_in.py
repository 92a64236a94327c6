"""Signing in and out: one generic answer, no way off our host, nothing kept."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from plugseller.accounts.models import User
from tests.conftest import PASSWORD, Cast, code_of, enter

ALICE = {"login": "alice@example.test", "password": PASSWORD}


def test_a_person_signs_in_by_address_whatever_its_case(cast: Cast) -> None:
    client = Client()
    response = client.post("/sign-in", ALICE | {"login": "ALICE@Example.test"})
    assert response["Location"] == "/sign-in/code"
    response = client.post("/sign-in/code", {"code": code_of(cast.alice.email)})
    assert response["Location"] == "/"


def test_all_ways_of_failing_look_the_same(cast: Cast) -> None:
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    answers = set()
    for name, password in (
        ("alice@example.test", "wrong"),
        ("nobody@example.test", PASSWORD),
        ("bob@example.test", PASSWORD),  # the right one, of somebody deactivated
        ("nobody@example.test", "wrong"),
    ):
        page = Client().post("/sign-in", {"login": name, "password": password})
        text = page.content.decode().replace(name, "")
        answers.add(re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text))
        assert page.status_code == 200
        assert "fit together" in text
    assert len(answers) == 1


def test_the_password_is_never_sent_back(cast: Cast) -> None:
    page = Client().post("/sign-in", {"login": "x@example.test", "password": "P4ssX"})
    assert "P4ssX" not in page.content.decode()


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://evil.example",
        "http://testserver@evil.example/",
        "http://evil.example#testserver",
        "http://evil.example?testserver",
        "http://testserver.evil.example",
        "http://[::1]evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://evil.example",
        "http://xn--eil-0na.example",
        "\x00//evil.example",
        " //evil.example",
        "//evil.example/" + "a" * 3000,
    ],
)
def test_no_next_leads_off_our_host(cast: Cast, target: str) -> None:
    for data, query in ((ALICE | {"next": target}, {}), (ALICE, {"next": target})):
        cache.clear()  # a code is taken once
        client = Client()
        client.post("/sign-in", data, query_params=query)
        response = client.post("/sign-in/code", {"code": code_of(cast.alice.email)})
        assert response.status_code == 302
        assert host_of(response["Location"]) == "testserver"


def host_of(location: str) -> str:
    """Where a browser goes: it takes \\ for / and overlooks tabs and line ends."""
    read = location.replace("\\", "/").translate(dict.fromkeys(map(ord, "\t\r\n")))
    return urlsplit(urljoin("http://testserver/sign-in", read.strip())).netloc


def test_a_next_of_ours_is_followed(cast: Cast) -> None:
    response = enter(Client(), cast.alice.email, next="/s/north/orders?q=1")
    assert response["Location"] == "/s/north/orders?q=1"


def test_signing_in_changes_the_session_key(cast: Cast) -> None:
    client = Client()
    client.get("/sign-in")
    session = client.session
    session["mark"] = 1
    session.save()
    before = session.session_key
    enter(client, cast.alice.email)
    assert client.session.session_key != before


def test_signing_out_needs_a_form_and_ends_the_session(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 403
    page = client.get("/s/north/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', page)
    assert token
    key = client.session.session_key
    response = client.post("/sign-out", {"csrfmiddlewaretoken": token[1]})
    assert response["Location"] == "/sign-in"
    assert response["Clear-Site-Data"] == '"cache"'
    client.cookies["sessionid"] = key or ""
    assert client.get("/s/north/").status_code == 302


def test_a_session_ends_when_the_password_changes(cast: Cast) -> None:
    client = Client()
    enter(client, cast.alice.email)
    assert client.get("/s/north/").status_code == 200
    cast.alice.set_password("Another-Horse-10-Battery")
    cast.alice.save()
    assert client.get("/s/north/").status_code == 302


def test_the_sign_in_page_is_for_those_who_are_not_in(cast: Cast) -> None:
    client = Client()
    enter(client, cast.alice.email)
    assert client.get("/sign-in")["Location"] == "/"
