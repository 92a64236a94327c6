"""Nothing is served from a database that was put back before it forgot again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from plugseller.accounts.services import create_seller
from plugseller.audit.models import Entry
from plugseller.crypto.services import create_data_key
from plugseller.custody import gate, ledger
from plugseller.custody.models import Replay, Standing, Tombstone
from plugseller.custody.replay import pending, replay
from plugseller.custody.services import bury
from plugseller.jobs import timetable
from tests.conftest import Cast, signed_in

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KIND = Tombstone.Kind.SELLER

pytestmark = pytest.mark.django_db


def put_back() -> None:
    """As if the database had come from a backup."""
    Standing.objects.all().delete()
    gate._said = gate._open_at = None


def erased_elsewhere(*ids: Any) -> None:
    """The ledger names what this database knows nothing of."""
    ledger.write("seller", ids, request="DEL-1", now=NOW)


def ready() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_a_new_installation_is_ready() -> None:
    assert ready() == (200, {"ready": True})
    assert Client().head("/readyz").status_code == 200
    assert Client().post("/readyz").status_code == 405


def test_to_know_that_it_is_open_costs_no_query(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        assert not gate.why_shut()


def test_who_erases_here_stays_open() -> None:
    """Buried first, then the ledger line: the database knows of it at any moment."""
    for _ in range(3):
        gone = uuid4()
        bury(KIND, gone, request="DEL-1", now=NOW)
        erased_elsewhere(gone)
        assert ready()[0] == 200
    assert Standing.objects.get().line == 3


def test_after_a_restore_everything_is_shut_even_if_nothing_was_erased(
    cast: Cast,
) -> None:
    alice = signed_in(cast.alice)
    put_back()
    assert ready()[0] == 503
    assert "replay_deletions" in gate.why_shut()
    for address in ("/", "/sign-in", "/s/north/", "/admin/", "/.well-known/nowhere"):
        answer = alice.get(address)
        assert answer.status_code == 503, address
        assert "put back from a backup" in answer.content.decode()
    program = Client().get("/api/v1/sellers")
    assert program.status_code == 503
    assert program.json()["status"] == 503
    assert program.headers["Retry-After"] == "60"
    assert Client().get("/static/css/plug.css").status_code == 200
    replay(NOW)
    assert ready()[0] == 200
    assert alice.get("/s/north/").status_code == 200


def test_an_older_copy_of_the_database_is_noticed() -> None:
    erased_elsewhere(uuid4(), uuid4())
    assert ready()[0] == 503
    assert "names 2 erased" in gate.why_shut()
    assert pending() == 2


def test_jobs_and_the_queue_do_nothing() -> None:
    put_back()
    [told] = timetable.run_due(NOW)
    assert told.failed
    assert "replay_deletions" in told.outcome
    [told] = timetable.run_queued()
    assert told.failed
    with pytest.raises(CommandError, match="replay_deletions"):
        call_command("qcluster")


def test_a_worker_leaves_its_job_where_it_is() -> None:
    from django_q.signals import pre_execute

    put_back()
    with pytest.raises(gate.GateShut):
        pre_execute.send(sender="django_q", func=print, task={"name": "x"})


def test_commands_refuse() -> None:
    put_back()
    [found] = [m for m in run_checks() if m.id == "custody.E003"]
    assert found.is_serious()
    replay(NOW)
    assert not [m for m in run_checks() if m.id == "custody.E003"]


def test_readyz_tells_how_far_it_is() -> None:
    erased_elsewhere(*(uuid4() for _ in range(7)))
    put_back()
    Replay.objects.create(began_at=NOW, first=0, done=2, last=7)
    assert ready()[1]["doing"] == "replaying 3 of 7"


def test_a_changed_ledger_keeps_it_shut() -> None:
    erased_elsewhere(uuid4())
    path = ledger.ledger_file()
    path.write_text(path.read_text().replace("DEL-1", "DEL-2"))
    put_back()
    assert ready()[0] == 503
    assert "was changed or cut" in gate.why_shut()
    assert str(path) not in Client().get("/readyz").text  # strangers read it
    with pytest.raises(ledger.LedgerBroken):
        replay(NOW)
    assert ready()[0] == 503


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lost", ["all of it", "its last line"])
def test_a_ledger_that_lost_lines_keeps_it_shut(lost: str, tmp_path: Path) -> None:
    for gone in (uuid4(), uuid4()):
        bury(KIND, gone, request="DEL-1", now=NOW)
        erased_elsewhere(gone)
    assert ready()[0] == 200
    path = ledger.ledger_file()
    whole = path.read_text()
    if lost == "all of it":
        path.unlink()
    else:
        path.write_text(whole.splitlines(keepends=True)[0])
    assert "isn't the one of which" in gate.why_shut()
    path.write_text(whole)
    assert ready()[0] == 200


@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_is_lost_for_good_is_written_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = uuid4()
    bury(KIND, gone, request="DEL-1", now=NOW)
    erased_elsewhere(gone)
    assert ready()[0] == 200
    ledger.ledger_file().unlink()
    answers = iter(["yes", "there is no copy"])
    monkeypatch.setattr(
        "plugseller.jobs.management.replaying.asked",
        lambda prompt: next(answers),
    )
    with pytest.raises(CommandError, match="put back your copy"):
        call_command("replay_deletions", "--ledger-lost")
    assert ready()[0] == 503
    call_command("replay_deletions", "--ledger-lost")
    assert ready()[0] == 200
    [line] = ledger.read()
    assert line.names(gone)
    assert Entry.objects.filter(event="ledger.written_anew").count() == 1


def test_the_replay_erases_whom_the_ledger_names_and_nobody_else(cast: Cast) -> None:
    create_data_key(cast.north.pk)
    erased_elsewhere(cast.north.pk, uuid4())
    ledger.write("person", [cast.bob.pk], request="DEL-1", now=NOW)
    put_back()
    done = replay(NOW)
    assert (done.lines, done.matched) == (3, 2)
    assert done.rows > 0
    sellers = type(cast.north)._base_manager
    assert list(sellers.values_list("slug", flat=True)) == ["south"]
    assert Tombstone.objects.count() == 3
    entries = Entry.objects.filter(event="ledger.line_replayed").order_by("id")
    assert [e.additional_data["was here"] for e in entries] == [True, False, True]
    [end] = Entry.objects.filter(event="ledger.replayed")
    assert end.rows == done.rows
    assert Entry.objects.filter(event="audit.restored").count() == 1
    assert replay(NOW).lines == 0  # open: there is nothing to do


def test_erasing_an_installation_that_never_was_does_nothing(cast: Cast) -> None:
    erased_elsewhere(uuid4())
    create_seller(actor=None, name="New", slug="new", time_zone="UTC")
    put_back()
    before = Entry.objects.count()
    assert replay(NOW).rows == 0
    assert Entry.objects.count() == before + 3
