"""Every answer carries every security header: pages, files, errors, redirects."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client
from django.urls import include, path

from plugseller.audit.append import AuditUnavailable
from plugseller.middleware import HEADERS
from tests.conftest import Cast, signed_in

ROOT = Path(__file__).resolve().parents[2]


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("CANARY of the inside")


def unlogged(request: HttpRequest) -> HttpResponse:
    raise AuditUnavailable


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("CANARY of the inside")


urlpatterns = [
    path("broken", broken),
    path("unlogged", unlogged),
    path("suspicious", suspicious),
    path("", include("plugseller.urls")),
]
handler500 = "plugseller.audit.failclosed.server_error"
ANSWERS = {  # address -> status
    "/": 200,
    "/s/north/": 200,
    "/s/north/orders.csv": 200,
    "/s/north/activity": 200,
    "/s/north/orders?since=x": 400,
    "/s/south/": 404,
    "/nowhere": 404,
    "/admin/": 403,
    "/admin/audit/entry/": 302,
    "/favicon.ico": 302,
    "/static/css/plug.css": 200,
    "/static/js/nothing.js": 404,
    "/.well-known/security.txt": 200,
    "/account/sessions": 200,
    "/s/north": 301,
    "/broken": 500,
    "/unlogged": 503,
    "/suspicious": 400,
}


@pytest.fixture
def client(cast: Cast, settings: Any) -> Client:
    from plugseller.accounts.roles import Role
    from plugseller.accounts.services import join

    join(actor=None, seller=cast.south, user=cast.bob, role=Role.VIEWER)
    settings.ROOT_URLCONF = __name__
    client = signed_in(cast.alice)
    client.raise_request_exception = False
    return client


def complete(answer: HttpResponseBase) -> None:
    for name in HEADERS:
        assert name in answer.headers, name
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert "camera=()" in answer["Permissions-Policy"]
    assert "Server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("address", ANSWERS)
def test_every_kind_of_answer_carries_them(client: Client, address: str) -> None:
    answer: Any = client.get(address)
    complete(answer)
    if not address.startswith("/static/"):
        assert "no-store" in answer["Cache-Control"] or answer.status_code == 301
    if not answer.streaming:
        assert b"CANARY" not in answer.content
    if address not in ("/", "/admin/"):
        assert answer.status_code == ANSWERS[address]


def test_a_wrong_host_a_missing_token_and_a_wrong_method_too(client: Client) -> None:
    for answer, status in (
        (client.get("/", headers={"Host": "evil.example"}), 400),
        (Client(enforce_csrf_checks=True).post("/sign-in", {}), 403),
        (client.post("/s/north/orders"), 405),
        (Client().get("/s/north/"), 302),
        (client.get("/sign-out"), 405),
    ):
        assert answer.status_code == status
        complete(answer)
    assert "This address only takes a form" in answer.content.decode()


@pytest.mark.parametrize("secure", [True, False])
def test_in_production_https_is_remembered_and_plain_http_is_led_there(
    client: Client, settings: Any, secure: bool
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    own = signed_in_again(client)
    for address, host in (
        ("/", "testserver"),
        ("/nowhere", "testserver"),
        ("/", "evil.test"),
    ):
        answer = own.get(address, secure=secure, headers={"Host": host})
        complete(answer)
        if secure:
            told = answer["Strict-Transport-Security"]
            assert told == "max-age=31536000; includeSubDomains; preload"
        elif host == "testserver":
            assert answer.status_code == 301
            assert answer["Location"].startswith("https://")


def signed_in_again(client: Client) -> Client:
    """A client whose middleware is built with the settings of now."""
    fresh = Client(raise_request_exception=False)
    fresh.cookies = client.cookies
    return fresh


def test_a_body_beyond_the_limit_and_a_file_are_refused(client: Client) -> None:
    for sent in (
        {"login": "x" * (2 * 1024 * 1024 + 1)},
        {f"field{n}": "x" for n in range(201)},
    ):
        answer = Client(raise_request_exception=False).post(
            "/sign-in",
            data="&".join(f"{k}={v}" for k, v in sent.items()),
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code in (400, 413)
        complete(answer)
    from django.core.files.uploadedfile import SimpleUploadedFile

    upload = {"login": SimpleUploadedFile("x.txt", b"content")}
    answer = Client(raise_request_exception=False).post("/sign-in", upload)
    assert answer.status_code == 400


def test_the_security_contact_is_as_the_rfc_wants_it(settings: Any, db: None) -> None:
    settings.PUBLIC_ADDRESS = "https://seller.example.org"
    answer = Client().get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"] == "mailto:support@plugakademi.org"
    assert fields["Canonical"] == "https://seller.example.org/.well-known/security.txt"
    assert fields["Preferred-Languages"] == "en"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=30) < left < timedelta(days=365)
    assert Client().post("/.well-known/security.txt").status_code == 405


def test_the_contact_is_open_to_who_is_still_setting_up(cast: Cast) -> None:
    from allauth.mfa.models import Authenticator

    Authenticator.objects.filter(user=cast.bob).delete()
    client = signed_in(cast.bob)
    assert client.get("/s/north/").status_code == 302
    assert client.get("/.well-known/security.txt").status_code == 200


def test_the_policy_of_every_page_names_nothing_foreign(client: Client) -> None:
    for address in ("/s/north/", "/admin/", "/s/north/activity"):
        policy = client.get(address)["Content-Security-Policy"]
        assert "http" not in policy
        assert "*" not in policy


def test_production_sends_cookies_over_https_only() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from plugseller import settings as s; print(s.SESSION_COOKIE_SECURE, "
            "s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_NAME, "
            "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS)",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PLUGSELLER_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [
        *["True"] * 3,
        "__Host-session",
        "True",
        "31536000",
    ]
