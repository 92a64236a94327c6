"""A sealed value copied to where it doesn't belong is refused, noticed and told.

Whoever can write the database but holds no key tries it (ENC-3): with a seller's
credentials, with who asked for a deletion, with a second factor.
"""

import base64
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.deletion.models import DeletionRequest
from marketplaces.models import Connection
from marketplaces.simulator.server import Simulator
from marketplaces.sync.rounds import sync_round
from plugseller.audit.models import Entry
from plugseller.audit.services import Acting, acting
from plugseller.crypto import noticing
from plugseller.crypto.noticing import Noticed
from tests.compliance.deletion.asked import by_letter
from tests.conftest import PASSWORD, Cast, code_of, signed_in
from tests.marketplaces.conftest import (
    TestClock,
    clock,
    connect_account,
    simulator,
    simulators,
)

__all__ = ["clock", "simulator", "simulators"]

SENTENCE = "isn&#x27;t the one that belongs here"


@pytest.fixture(autouse=True)
def nothing_noticed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "_noticed", Noticed())


def copy(column: str, *, from_: models.Model, to: models.Model) -> None:
    """What an attacker with a database client does."""
    table = from_._meta.db_table
    there = from_._meta.pk.get_db_prep_value(from_.pk, connection)
    here = from_._meta.pk.get_db_prep_value(to.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = "  # noqa: S608  names of ours
            f"(SELECT {column} FROM {table} WHERE id = %s) WHERE id = %s",
            [there, here],
        )


def noticed() -> list[dict[str, Any]]:
    found = Entry.objects.filter(event="sealed_value.broken").order_by("id")
    return [entry.additional_data or {} for entry in found]


@pytest.mark.django_db(transaction=True)
def test_a_page_says_so_and_the_entry_outlives_what_was_undone(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    now = timezone.now()
    mine = by_letter(cast.carl, now=now, seller=cast.north, email="one@example.test")
    other = by_letter(cast.carl, now=now, seller=cast.south, email="two@example.test")
    copy("contact", from_=other, to=mine)
    step = reverse("admin:compliance_deletionrequest_requester", args=[mine.pk])
    browser = signed_in(cast.carl)
    for _ in range(3):
        answer = browser.post(step)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert SENTENCE in page
        assert "two@example.test" not in page
    [told] = noticed()  # once, however often it is met
    assert str(mine.pk) in told["place"]
    assert "compliance.deletionrequest / contact" in told["place"]
    [line] = [r for r in caplog.records if r.levelname == "CRITICAL"]
    assert "doesn't belong where it lies" in line.getMessage()
    assert "two@example.test" not in caplog.text
    entry = Entry.objects.get(event="sealed_value.broken")
    assert entry.actor_id == cast.carl.pk
    assert DeletionRequest.objects.get(pk=mine.pk).status == mine.status


@pytest.mark.django_db
def test_credentials_of_another_seller_open_nothing_and_the_owner_is_told(
    cast: Cast, simulator: Simulator, clock: TestClock
) -> None:
    mine = connect_account(cast.north, simulator, "north-amazon-na")
    theirs = connect_account(cast.south, simulator, "south-amazon-eu")
    copy("credentials", from_=theirs, to=mine)
    with acting(Acting(kind="job")):  # as the timetable does
        results = sync_round([mine, theirs], features=(), clock=clock)
    assert [one.failed for one in results] == [True, False]
    assert {call.account for call in simulator.calls if call.account} == {
        "south-amazon-eu"
    }
    [told] = noticed()
    assert told["owner"] == str(cast.north.pk)
    mine.refresh_from_db()
    assert mine.status == Connection.Status.ATTENTION
    page = signed_in(cast.alice).get(f"/s/north/connections/{mine.pk}")
    assert page.status_code == 200
    assert "can&#x27;t be opened" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["signing in", "confirming"])
def test_somebody_elses_second_factor_lets_nobody_in(cast: Cast, step: str) -> None:
    """Charlie knows Alice's password and can write the database."""
    app = Authenticator.Type.TOTP
    theirs = Authenticator.objects.get(user=cast.charlie, type=app)
    hers = Authenticator.objects.get(user=cast.alice, type=app)
    copy("data", from_=theirs, to=hers)
    if step == "signing in":
        browser = Client()
        browser.post("/sign-in", {"login": cast.alice.email, "password": PASSWORD})
        path = "/sign-in/code"
    else:
        browser, path = signed_in(cast.alice, confirmed=False), "/account/confirm/code"
    answer = browser.post(path, {"code": code_of(cast.charlie.email)})
    assert answer.status_code == 409
    assert SENTENCE in answer.content.decode()
    assert browser.get("/s/north/").status_code in (
        (302,) if step == "signing in" else (200, 301, 302)
    )
    assert [told["owner"] for told in noticed()] == [str(cast.alice.pk)]
    secret = base64.b64decode(theirs.data["secret"])
    assert secret.hex() not in answer.content.hex()


def test_it_is_told_again_after_an_hour() -> None:
    at = [0.0]
    seen = Noticed(seconds=10, most=2, clock=lambda: at[0])
    assert [seen.is_news(place) for place in ("a", "a", "b")] == [True, False, True]
    at[0] = 10
    assert seen.is_news("a")
    assert seen.is_news("c")  # more places than are remembered
