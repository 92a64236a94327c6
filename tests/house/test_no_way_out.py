"""Whatever an address is asked for, it leads to no other site."""

from allauth.mfa.models import Authenticator
from django.core.cache import cache

from tests.conftest import Cast, code_of, signed_in
from tests.house.matrix import ROUTES, Who
from tests.house.routes import Things, address_of
from tests.house.test_every_route import FOUND, Round
from tests.house.test_every_route import everybody as everybody_fixture
from tests.plugseller.accounts.test_sign_in import host_of

everybody = everybody_fixture
FORMS = (
    "https://evil.example/",
    "http:evil.example",
    "https:///evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2e%2e",
    r"\\evil.example",
    r"/\evil.example",
    r"\/evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "\n//evil.example",
    "\x00//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "https://evil.example#testserver",
    "https://evil.example?testserver",
    "ftp://testserver/",
    "//testserver:80@evil.example",
    "https://testserver\\@evil.example/",
    "https://evıl.example/",
    "//evil。example",
    "//" + "e" * 3000 + ".example",
)
ASKED_BY = ("next", "redirect_to", "url", "return_to", "amazon_callback_uri")


def _asked(form: str) -> dict[str, str]:
    return dict.fromkeys(ASKED_BY, form)


def test_no_address_leads_to_another_site(everybody: Round) -> None:
    """Each is asked once; those that lead anywhere are asked in every form."""
    out = []
    for who in (Who.ANONYMOUS, Who.OWNER, Who.OFFICER):
        client = everybody.clients[who]
        for name, address in _addresses(everybody.things):
            for form in FORMS:
                answer = client.get(address, _asked(form))
                if not (location := answer.headers.get("Location")):
                    break
                if host_of(location) != "testserver":
                    out.append((who, name, form, location))
    assert out == []


def _addresses(things: Things) -> list[tuple[str, str]]:
    found = [
        (name, address_of(name, FOUND[name], things))
        for name, rule in ROUTES.items()
        if "GET" in rule.methods
    ]
    # Made for the addresses of keys; no page could show them as real ones.
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).delete()
    return found


def test_nor_does_confirming_or_signing_out(cast: Cast) -> None:
    """What is asked on the way leads back to where one came from, here."""
    for form in FORMS:
        cache.clear()  # a code is taken once
        browser = signed_in(cast.alice, confirmed=False)
        code = {"code": code_of(cast.alice.email)}
        sure = browser.post("/account/confirm/code", code | _asked(form))
        assert sure.status_code == 302, form
        for answer in (sure, browser.post("/sign-out", _asked(form))):
            assert host_of(answer.headers.get("Location", "/")) == "testserver", form
