"""The desk shows how backups and replays stand, to officers and operators alone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from plugseller.custody.models import Backup, Replay
from tests.conftest import Cast, person, signed_in

LIST = "/admin/custody/backup/"
DAY = timedelta(days=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("backup_places")]


@pytest.fixture
def carl(cast: Cast) -> Client:
    return signed_in(cast.carl)


def made(days_ago: float, **fields: Any) -> Backup:
    at = timezone.now() - days_ago * DAY
    told = {"made_at": at, "expires_at": at + 28 * DAY, "outcome": "made", **fields}
    return Backup.objects.create(
        id=uuid4(), file="plugseller-x.backup", counts={"a": 5, "b": 2}, **told
    )


def red(client: Client) -> str:
    """The sentence on top, if it is red."""
    text = client.get(LIST).text
    _, _, rest = text.partition('<p class="overdue"><strong>')
    return rest.partition("</strong>")[0]


def test_it_is_red_when_the_last_good_one_is_old_or_none_was_proved(
    carl: Client,
) -> None:
    assert red(carl) == "No backup was made yet."
    made(0.1)
    assert "No backup was proved yet" in red(carl)
    Backup.objects.update(verified=True, verified_at=timezone.now())
    assert red(carl) == ""
    assert "Backups are made and proved." in carl.get(LIST).text
    Backup.objects.update(made_at=timezone.now() - 2 * DAY)
    made(0.1, outcome="failed", trouble="pg_dump gave up.")
    assert "The last backup is of" in red(carl)
    # The same words on the first page of the desk, and for our staff in /healthz.
    sentence = red(carl)
    assert sentence in carl.get("/admin/").text
    assert carl.get("/healthz").json()["checks"]["backups"]["trouble"] == sentence


def test_each_one_tells_its_state_its_end_and_its_proof(carl: Client) -> None:
    whole = made(1, verified=True, verified_at=timezone.now())
    wrong = made(0.2, verified=False, verified_at=timezone.now(), trouble="7 rows.")
    listed = carl.get(LIST).text
    assert f"{whole.expires_at:%d}".lstrip("0") in listed
    assert "Right, " in listed
    assert "Not right, " in listed
    shown = carl.get(f"{LIST}{wrong.pk}/change/").text
    assert "7 rows." in shown
    assert "7 in 2 tables" in shown
    assert "plugseller-x.backup" in shown


def test_a_demonstration_without_backups_is_not_red(
    carl: Client, settings: Any
) -> None:
    settings.BACKUP_FOLDER = ""
    assert red(carl) == ""
    assert "a demonstration needs no backup" in carl.get(LIST).text


def test_replays_are_shown_and_whom_they_found_is_not(carl: Client) -> None:
    now = timezone.now()
    Replay.objects.create(began_at=now, first=2, done=5, last=9, matched=1, rows=77)
    listed = carl.get("/admin/custody/replay/").text
    assert "3 of 7" in listed
    assert "Broken off, or under way" in listed
    Replay.objects.update(ended_at=now, done=9)
    assert "Finished" in carl.get("/admin/custody/replay/").text


def test_nobody_else_sees_them_and_nobody_changes_them(
    cast: Cast, carl: Client
) -> None:
    row = made(1)
    assert signed_in(person("otto", staff_role="operator")).get(LIST).status_code == 200
    for someone in (cast.olga, cast.alice, cast.charlie):
        for address in (LIST, f"{LIST}{row.pk}/change/", "/admin/custody/replay/"):
            answer = signed_in(someone).get(address, follow=True)
            assert answer.status_code == 403, address
    for address in (f"{LIST}add/", f"{LIST}{row.pk}/delete/"):
        assert carl.post(address).status_code == 403
    assert carl.post(f"{LIST}{row.pk}/change/", {"trouble": "x"}).status_code == 403
