"""`/healthz` says whether all is well; our staff are told what isn't, also there."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from plugseller import shelves
from plugseller.audit import triggers
from plugseller.audit.services import record
from plugseller.crypto.models import DataKey, HeldKey
from plugseller.crypto.services import create_data_key
from plugseller.jobs.models import Beat, OutgoingMail
from plugseller.jobs.outbox import post
from tests.conftest import Cast, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def well(cast: Cast) -> None:
    """All jobs ran, and everything is as it should be."""
    OutgoingMail.objects.all().delete()
    now = timezone.now()
    for name in shelves.PERIODICALS:
        Beat.objects.update_or_create(name=name, defaults={"ran_at": now})


def troubles(client: Client) -> dict[str, str]:
    answer = client.get("/healthz")
    told = answer.json()
    found = {n: c["trouble"] for n, c in told["checks"].items() if c["trouble"]}
    assert answer.status_code == (503 if found else 200)
    assert told["status"] == ("trouble" if found else "ok")
    return found


def test_a_stranger_is_told_one_word(well: None, cast: Cast) -> None:
    for client in (Client(), signed_in(cast.alice)):
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    Beat.objects.update(ran_at=timezone.now() - timedelta(days=9))
    for client in (Client(), signed_in(cast.alice)):
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "trouble"})


def test_our_staff_are_told_what_it_is(well: None, cast: Cast) -> None:
    client = signed_in(cast.olga)
    assert troubles(client) == {}
    Beat.objects.filter(name="mail.send").update(
        ran_at=timezone.now() - timedelta(minutes=17)
    )
    assert troubles(client) == {"jobs": "Overdue: mail.send."}
    Beat.objects.filter(name="mail.send").update(ran_at=timezone.now(), failures=3)
    assert troubles(client) == {"jobs": "Failing again and again: mail.send."}


def test_what_never_ran_is_overdue_as_well(well: None, cast: Cast) -> None:
    Beat.objects.filter(name="audit.verify").update(
        ran_at=None, known_at=timezone.now() - timedelta(days=5)
    )
    assert troubles(signed_in(cast.carl)) == {"jobs": "Overdue: audit.verify."}


def test_mail_that_nobody_takes_is_told(well: None, cast: Cast) -> None:
    post(to="a@example.test", subject="s", text="t")
    client = signed_in(cast.carl)
    assert troubles(client) == {}
    OutgoingMail.objects.update(posted_at=timezone.now() - timedelta(hours=2))
    assert troubles(client) == {"mail": "Waiting for more than an hour: 1."}


def test_a_log_that_is_not_whole_or_not_guarded_is_told(well: None, cast: Cast) -> None:
    client = signed_in(cast.carl)
    record("audit.verified", rows=1, details={"whole": True})
    assert troubles(client) == {}
    record("audit.verified", rows=1, details={"whole": False})
    assert "isn't whole" in troubles(client)["audit"]
    triggers.lift("default")
    assert "let audit entries be changed" in troubles(client)["audit"]


def test_little_space_is_told(well: None, cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr("plugseller.jobs.health.LEAST_FREE", 2**62)
    assert "256 MiB" in troubles(signed_in(cast.carl))["disk"]


def test_a_key_that_is_too_old_is_told(
    well: None, cast: Cast, settings: Settings
) -> None:
    client = signed_in(cast.carl)
    ago = timezone.now() - settings.KEY_LIFE
    for number, since in enumerate((ago, ago + timedelta(days=1))):
        HeldKey.objects.create(kind="master", key_id=str(number), since=since)
    assert troubles(client) == {}  # a newer one is there
    HeldKey.objects.update(since=ago)
    assert troubles(client) == {"keys": "To be replaced: master."}
    HeldKey.objects.update(retired_at=ago)
    create_data_key(cast.north.pk)
    DataKey.objects.update(created_at=ago)
    assert troubles(client) == {"keys": "To be replaced: data."}


def test_backups_are_told_of_where_they_are_wanted(
    well: None, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    client = signed_in(cast.carl)
    assert troubles(client) == {}
    settings.BACKUP_FOLDER = str(tmp_path)
    assert troubles(client) == {"backups": "No backup was made yet."}
    settings.BACKUP_FOLDER, settings.PRODUCTION = "", True
    assert "Nothing is backed up" in troubles(client)["backups"]


def test_what_can_not_be_asked_is_not_well(
    well: None, cast: Cast, monkeypatch: Any
) -> None:
    broken = shelves.Vital("broken", "Broken", lambda now: str(1 / 0))
    monkeypatch.setitem(shelves._vitals, "broken", broken)
    assert "ZeroDivisionError" in troubles(signed_in(cast.carl))["broken"]


def test_a_database_that_is_away_is_told(well: None) -> None:
    def away(*args: Any) -> Any:
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "trouble"})


def test_looking_is_cheap_and_writes_nothing(well: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        Client().get("/healthz")
    told = [query["sql"] for query in asked]
    assert len(told) <= 15
    assert all(sql.startswith("SELECT") for sql in told)


def test_the_desk_tells_officers_and_operators(well: None, cast: Cast) -> None:
    operator = person("otto", staff_role="operator")
    Beat.objects.filter(name="mail.send").update(
        ran_at=timezone.now() - timedelta(hours=1)
    )
    OutgoingMail.objects.all().delete()
    for someone in (cast.carl, operator):
        assert "Overdue: mail.send." in signed_in(someone).get("/admin/").text
    assert "Overdue" not in signed_in(cast.olga).get("/admin/").text
    Beat.objects.update(ran_at=timezone.now())
    assert "What isn" not in signed_in(cast.carl).get("/admin/").text


def test_a_new_installation_is_well_after_its_first_tick(cast: Cast) -> None:
    OutgoingMail.objects.all().delete()
    call_command("tick")
    assert troubles(signed_in(cast.carl)) == {}
