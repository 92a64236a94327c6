"""The cast, the keys, a frozen now.

Alice owns seller North, Bob works for North and may only look, Charlie owns seller
South, Olga is staff without a grant, Carl is compliance officer.
"""

import asyncio
import gc
import os
import shutil
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser
from whitenoise.middleware import WhiteNoiseMiddleware

from compliance.governance.policies import texts
from compliance.models import Acknowledgement
from marketplaces.demo import code_now
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.accounts.services import (
    create_person,
    create_seller,
    join,
    set_up_app,
)
from plugseller.custody import gate
from plugseller.keyprovider.file import make_keys
from tests.chromium import chromium, running
from tests.remembering import Remembered


def pytest_unconfigure() -> None:
    """Remove the data folder that tests/settings.py made for this run."""
    if home := getattr(settings, "HOME_OF_THIS_RUN", ""):
        shutil.rmtree(home, ignore_errors=True)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: nobody looks through it for garbage again."""
    gc.freeze()


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD = "Correct-Horse-9-Battery"


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    """Keys for this run, made the way `init` makes them."""
    settings.PLUGSELLER_HOME.mkdir(mode=0o700, exist_ok=True)
    make_keys(settings.PLUGSELLER_HOME / "keys")


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> Iterator[None]:
    """Looked for once in a process, as a server does; each `Client` is a server anew,
    and looking through the folders takes longer than most pages."""
    search = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def add(served: WhiteNoiseMiddleware) -> None:
        if not found:
            search(served)
            found.update(served.files)
        served.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(autouse=True)
def _fresh_limits(request: pytest.FixtureRequest) -> None:
    """What counts sign-ups and the like is no model's table: no flush empties it."""
    if {"live_server", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("transactional_db")
        cache.clear()


@pytest.fixture(autouse=True)
def _own_files_apart(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test erases isn't in the ledger of the next one, nor of other workers,
    and no witness speaks of an audit log that went with an earlier test."""
    ledger = settings.PLUGSELLER_HOME / "ledger" / f"{os.getpid()}.jsonl"
    witness = settings.PLUGSELLER_HOME / "witness" / f"{os.getpid()}.jsonl"
    settings.DELETION_LEDGER, settings.AUDIT_WITNESS_FILE = ledger, witness
    monkeypatch.setattr(gate, "_said", gate._said)
    monkeypatch.setattr(gate, "_open_at", gate._open_at)
    yield
    ledger.unlink(missing_ok=True)
    witness.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def _chromium() -> Iterator[tuple[Browser, AbstractEventLoop]]:
    """One browser for all tests of a process; each opens contexts of its own."""
    with chromium() as started:
        loop = asyncio.get_running_loop()
        with running(None):
            yield started, loop


@pytest.fixture
def browser(
    _chromium: tuple[Browser, AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """A browser; its event loop must not keep the test from the database."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    started, loop = _chromium
    with running(loop):
        yield started
        for context in started.contexts:
            context.close()


@pytest.fixture
def now() -> datetime:
    return NOW


STAFF = {"olga": StaffRole.SUPPORT, "carl": StaffRole.OFFICER}
SECRETS: dict[str, str] = {}  # e-mail address -> secret of the authenticator app


def person(name: str, *, staff_role: str = "", follows: bool = True) -> User:
    """Somebody who can sign in: with a password, and an authenticator app.

    One of our staff who `follows` has acknowledged every policy in force.
    """
    made = create_person(
        actor=None,
        email=f"{name}@example.test",
        password=PASSWORD,
        name=name.title(),
        staff_role=staff_role,
    )
    SECRETS[made.email] = set_up_app(made)
    if made.is_staff and follows:
        follow_policies(made)
    return made


def follow_policies(someone: User) -> None:
    """Our staff get in only when they have acknowledged what is in force (GOV-2)."""
    Acknowledgement.objects.bulk_create(
        Acknowledgement(
            person_id=someone.pk,
            role=someone.staff_role,
            name=text.name,
            number=text.number,
            sha256=text.sha256,
            at=NOW,
        )
        for text in texts.current()
    )


def code_of(email: str) -> str:
    """What that person's authenticator app shows now."""
    return code_now(SECRETS[email])


def enter(client: Client, email: str, **more: Any) -> Any:
    """Sign in through the pages, with password and code; the last answer."""
    first = client.post("/sign-in", {"login": email, "password": PASSWORD} | more)
    if first.headers.get("Location") != "/sign-in/code":
        return first
    return client.post("/sign-in/code", {"code": code_of(email)})


def signed_in(someone: User, *, confirmed: bool = True) -> Client:
    """A browser in which somebody signed in, with the second factor shown just now.

    With `confirmed=False` it was shown longer ago than dangerous steps allow.
    """
    client = Client()
    client.force_login(someone)
    ago = 0 if confirmed else settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "totp", "at": timezone.now().timestamp() - ago}
    ]
    session["account_authentication_methods_user"] = str(someone.pk)
    session.save()
    return client


@dataclass(frozen=True)
class Cast:
    """Everybody a test may speak of."""

    north: Seller
    south: Seller
    alice: User
    bob: User
    charlie: User
    olga: User
    carl: User


def _make_cast() -> tuple[Cast, dict[str, str]]:
    people = {
        name: person(name, staff_role=STAFF.get(name, ""))
        for name in ("alice", "bob", "charlie", "olga", "carl")
    }
    north = create_seller(actor=None, name="North", slug="north", time_zone="UTC")
    south = create_seller(actor=None, name="South", slug="south", time_zone="UTC")
    join(actor=None, seller=north, user=people["alice"], role=Role.OWNER)
    join(actor=None, seller=north, user=people["bob"], role=Role.VIEWER)
    join(actor=None, seller=south, user=people["charlie"], role=Role.OWNER)
    for one in people.values():
        one.refresh_from_db()
    secrets = {one.email: SECRETS[one.email] for one in people.values()}
    return Cast(north=north, south=south, **people), secrets


_cast: Remembered[tuple[Cast, dict[str, str]]] = Remembered()


@pytest.fixture
def cast(db: None) -> Cast:
    made, secrets = _cast.get(_make_cast)
    SECRETS.update(secrets)
    return made
